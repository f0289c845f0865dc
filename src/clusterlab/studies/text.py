"""What a study says on a terminal, readable at 80 columns."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clusterlab.studies import display
from clusterlab.studies.definition import Study
from clusterlab.studies.measure import NO_NUMBER, spoken
from clusterlab.studies.results import Result, State, together

WIDTH = 80


def rows_text(study: Study) -> str:
    """The rows of a study with the published figures."""
    table = _table("row", "measure", "published")
    for name, row in study.rows.items():
        said = name + (" (GPU)" if row.gpu else "")
        told = {key: one for key, one in row.measures.items() if one.published is not None}
        if not told:
            table.add_row(Text(said), Text("no number is published"), Text(""))
        for measure, about in told.items():
            value = display.with_spread(about.published, about.std, percent=about.percent)
            table.add_row(Text(said), Text(spoken(measure)), Text(value))
            said = ""
    lines = [study.title, *textwrap.wrap(study.question, WIDTH), "", _drawn(table)]
    lines += _paragraph(f"Its data: {study.data}.")
    lines += _paragraph(
        f"Its stand-in here: {study.stand_in.what}. Not on it: "
        f"{', '.join(study.stand_in.without) or 'nothing'}."
    )
    return "\n".join(lines)


def results_text(rows: Sequence[Result], *, stands_in: bool) -> str:
    """The results beside the published figures; what was not run below, with its reason once."""
    others = [] if stands_in else ["difference"]
    table = _table("row", "measure", "published", "ours", "n", *others)
    before = ""
    for row in rows:
        if row.ours is None and row.status:
            continue
        shown = ["" if row.row == before else row.row, spoken(row.found_as) or "(no number)"]
        shown += [display.published(row), display.ours(row), str(row.n_runs)]
        shown += [] if stands_in else [display.difference(row)]
        table.add_row(*map(Text, shown))
        before = row.row
    lines = [_drawn(table)] if table.row_count else []
    reasons: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.status:
            alone = row.status.startswith(NO_NUMBER)
            label = f"{row.row} ({spoken(row.found_as)})" if alone else row.row
            reasons.setdefault(row.status, {})[label] = None
    for status, names in reasons.items():
        named = together(names, [row.row for row in rows])
        lines += _paragraph(f"{', '.join(named)}: {status}")
    return "\n".join(lines)


def lacks_text(study: Study, states: Sequence[State]) -> str:
    """What each row lacks; rows that lack the same together."""
    reasons: dict[str, list[str]] = {}
    for state in states:
        for why in _why(state):
            reasons.setdefault(why, []).append(state.task.label)
    known = [state.task.label for state in states]
    n_ready = sum(not _why(state) for state in states)
    lines = [f"{study.name}: {n_ready} of {len(states)} rows can be run here"]
    for why, names in reasons.items():
        lines += textwrap.wrap(f"- {' '.join(why.split())}", WIDTH, subsequent_indent="  ")
        many = "all rows" if len(names) == len(states) else ", ".join(together(names, known))
        lines += textwrap.wrap(many, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)


def lacks_json(states: Sequence[State]) -> list[dict[str, Any]]:
    """Row, and what it lacks, for a program."""
    return [
        {
            "row": state.task.label,
            "problem": state.problem,
            "lacks": [vars(lack) for lack in state.lacks],
        }
        for state in states
    ]


def lacking(state: State) -> bool:
    """Whether the row cannot be run here, or not at all; that it has no stand-in is no lack."""
    return bool(state.lacks) or state.problem.startswith("failed")


def _why(state: State) -> list[str]:
    if state.problem:
        return [state.problem]
    return [f"needs {lack}" for lack in state.lacks]


def _table(*names: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(names):
        is_number = place > 1
        table.add_column(
            name,
            overflow="fold",
            justify="right" if is_number else "left",
            no_wrap=is_number,
        )
    return table


def _drawn(table: Table) -> str:
    written = io.StringIO()
    Console(file=written, width=WIDTH, no_color=True).print(table)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _paragraph(text: str) -> list[str]:
    return [*textwrap.wrap(" ".join(text.split()), WIDTH, subsequent_indent="  "), ""]
