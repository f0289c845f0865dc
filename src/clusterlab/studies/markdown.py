"""Texts as parts of a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clusterlab.studies.places import without_places
from clusterlab.studies.results import together
from clusterlab.studies.state import State


def line(text: str) -> str:
    """A text on one line, without the places of this machine."""
    return " ".join(without_places(text).split())


def cell(text: str) -> str:
    r"""A text as one cell of a table.

    >>> cell("a | b <c>")
    'a \\| b &lt;c>'
    """
    return line(text).replace("|", "\\|").replace("<", "&lt;")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table. rows: of cells that are Markdown already; a column whose head begins
    with ">" is of numbers, and stands on the right.

    >>> table(["a", ">n"], [["x", "1"]])
    ['| a | n |', '|-|-:|', '| x | 1 |']
    """
    rules = "".join("-:|" if head.startswith(">") else "-|" for head in heads)
    named = [head.removeprefix(">") for head in heads]
    return [_row(named), f"|{rules}", *map(_row, rows)]


def named_rows(labels: Iterable[str], states: Sequence[State]) -> str:
    """Rows in one line; those of a sweep that are all among them by its name."""
    return cell(", ".join(together(labels, [state.task.label for state in states])))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
