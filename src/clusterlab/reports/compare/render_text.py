"""The leaderboard on a terminal, readable at 80 columns."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clusterlab.reports.compare.display import Column, columns_of, footnotes, titles
from clusterlab.reports.compare.leaderboard import Comparison
from clusterlab.reports.compare.moved_text import moved_lines
from clusterlab.reports.compare.names import longest_piece, plain, wrapped

_GAP = 2
_LEAST_NAME = 16
_MOST_NAME = 28


def render_text(
    comparison: Comparison, *, all_metrics: bool = False, width: int = 80, color: bool = False
) -> str:
    """Warnings, the table, how to read it, and for two runs what moved.

    Where the columns do not fit the width, each value takes a line of its own; where that is not
    enough the names share one column, and then the table goes on below itself.
    """
    keys = comparison.all_metrics if all_metrics else comparison.metrics
    written = io.StringIO()
    console = Console(file=written, width=width, force_terminal=color, no_color=not color)
    for warning in comparison.warnings:
        console.print(Text(f"Warning: {plain(warning)}", style="yellow"))
    for table in _tables(comparison, keys, width):
        console.print()
        console.print(table)
    console.print()
    console.print(Text(" ".join(footnotes(comparison, keys)), style="dim"))
    if comparison.moved is not None:
        console.print()
        for line in moved_lines(comparison.moved, keys):
            console.print(Text(line))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _tables(comparison: Comparison, keys: Sequence[str], width: int) -> list[Table]:
    columns = columns_of(comparison, keys)
    for separator in (" ", "\n"):
        widths = [_width(column, separator) for column in columns]
        if sum(widths) + _GAP * (len(widths) - 1) <= width:
            return [_table(comparison, columns, widths, separator)]
    name = titles(comparison, keys)
    metrics = [column for column in columns if column.key not in (None, "n_seeds")]
    tables = []
    # A table that goes on below itself is better than a name in pieces, up to half the line.
    least = max(_LEAST_NAME, *(longest_piece(cell.text) for cell in name.cells))
    for block in _blocks(metrics, width - min(_width(name), least, width // 2)):
        widths = [_width(column) for column in block]
        left = width - sum(widths) - _GAP * len(widths)
        names = max(min(left, _width(name)), 1)
        tables.append(_table(comparison, [name, *block], [names, *widths], "\n"))
    return tables


def _blocks(columns: Sequence[Column], room: int) -> list[list[Column]]:
    """Packs the columns into as few tables as fit the room."""
    blocks: list[list[Column]] = [[]]
    left = room
    for column in columns:
        needed = _width(column) + _GAP
        if needed > left and blocks[-1]:
            blocks.append([])
            left = room
        blocks[-1].append(column)
        left -= needed
    return blocks


def _width(column: Column, separator: str = "\n") -> int:
    """In terminal cells (a CJK letter takes two). A column of words is as wide as its longest word,
    or wider, as far as it is not too wide."""
    cells = (separator.join(cell.parts) for cell in column.cells)
    lines = [line for text in (*column.head, *cells) for line in text.split("\n")]
    natural = max(cell_len(line) for line in lines)
    return natural if column.key else min(natural, max(_MOST_NAME, *map(longest_piece, lines)))


def _table(
    comparison: Comparison, columns: Sequence[Column], widths: Sequence[int], separator: str
) -> Table:
    # The box's own divider is one space: with one more on the right, columns stand two apart.
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if column.key else "left"
        head = Text("\n".join(column.head))
        table.add_column(head, justify=justify, overflow="fold", width=width)
    for number in range(len(comparison.rows)):
        cells = [
            _cell(column, number, separator, width)
            for column, width in zip(columns, widths, strict=True)
        ]
        style = "bold" if comparison.ranked and number == 0 else None
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return table


def _cell(column: Column, number: int, separator: str, width: int) -> str:
    parts = column.cells[number].parts
    return separator.join(parts if column.key else (wrapped(part, width) for part in parts))
