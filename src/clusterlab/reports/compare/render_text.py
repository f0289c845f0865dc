"""The leaderboard on a terminal, readable at 80 columns."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clusterlab.reports.compare.display import (
    EXPENDABLE,
    Column,
    beside_titles,
    columns_of,
    footnotes,
    in_short,
    metric_of,
    titles,
    tuned,
)
from clusterlab.reports.compare.leaderboard import Comparison
from clusterlab.reports.compare.moved_text import moved_lines
from clusterlab.reports.compare.names import longest_piece, plain, wrapped
from clusterlab.reports.compare.scores import split_key

_GAP = 2
_LEAST_NAME = 16
_MOST_NAME = 28


@dataclass(frozen=True)
class _Laid:
    """Tables that fit the width, the metrics in them, and what they leave out, in sentences."""

    tables: Sequence[Table]
    keys: Sequence[str]
    notes: Sequence[str] = ()


def render_text(
    comparison: Comparison, *, all_metrics: bool = False, width: int = 80, color: bool = False
) -> str:
    """Warnings, the table, how to read it, and for two runs what moved.

    Where the columns do not fit the width, each value takes a line of its own; where that is not
    enough the names share one column, and then the table goes on below itself. Of fine-tuned models
    the table then tells the scores that matter most, and all with all_metrics.
    """
    keys = comparison.all_metrics if all_metrics else comparison.metrics
    written = io.StringIO()
    console = Console(file=written, width=width, force_terminal=color, no_color=not color)
    for warning in comparison.warnings:
        console.print(Text(f"Warning: {plain(warning)}", style="yellow"))
    laid = _laid_out(comparison, keys, width, everything=all_metrics)
    for table in laid.tables:
        console.print()
        console.print(table)
    console.print()
    console.print(Text(" ".join([*footnotes(comparison, laid.keys), *laid.notes]), style="dim"))
    if comparison.moved is not None:
        console.print()
        for line in moved_lines(comparison.moved, keys):
            console.print(Text(line))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _laid_out(
    comparison: Comparison, keys: Sequence[str], width: int, *, everything: bool
) -> _Laid:
    """everything: take room for all that `titles` does not stand for."""
    columns = columns_of(comparison, keys)
    for separator in (" ", "\n"):
        widths = [_width(column, separator) for column in columns]
        if sum(widths) + _GAP * (len(widths) - 1) <= width:
            return _Laid([_table(comparison, columns, widths, separator)], keys)
    name = titles(comparison, keys)
    others = beside_titles(comparison, columns, everything=everything)
    metrics = dict.fromkeys(metric_of(column) for column in others)
    # A table that goes on below itself is better than a name in pieces, up to half the line.
    least = max(_LEAST_NAME, *(longest_piece(cell.text) for cell in name.cells))
    room = width - min(_width(name), least, width // 2)
    in_one = tuned(comparison) and not everything
    if in_one:
        others = _in_one(comparison, others, room)
    tables = []
    for block in _blocks(others, room):
        widths = [_width(column) for column in block]
        left = width - sum(widths) - _GAP * len(widths)
        names = max(min(left, _width(name)), 1)
        tables.append(_table(comparison, [name, *block], [names, *widths], "\n"))
    if not in_one:
        return _Laid(tables, keys)
    there = {metric_of(column) for column in others}
    shown = [key for key in keys if split_key(key)[0] in there]
    gone = [metric for metric in metrics if metric not in there]
    return _Laid(tables, shown, in_short(comparison, gone))


def _in_one(comparison: Comparison, columns: Sequence[Column], room: int) -> list[Column]:
    """As many of the columns as one table has room for, the metrics left out that matter least."""
    left = list(columns)
    for metric in EXPENDABLE:
        if len(_blocks(left, room)) == 1:
            break
        left = [
            column
            for column in left
            if metric_of(column) != metric or column.key == comparison.metric
        ]
    return left


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
