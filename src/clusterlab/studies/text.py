"""What a study says on a terminal, readable at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from clusterlab.studies import display
from clusterlab.studies.definition import Measure, Study
from clusterlab.studies.measure import NO_NUMBER
from clusterlab.studies.naming import named
from clusterlab.studies.results import Result, decimals, together
from clusterlab.studies.state import State

WIDTH = 80
_GAP = "  "


def rows_text(study: Study) -> str:
    """The rows of a study with the published figures."""
    groups: list[_Group] = []
    silent: list[str] = []
    known = decimals(study)
    for name, row in study.rows.items():
        told = [
            (one.called or named(key), [display.published(_published(one, known[key]))])
            for key, one in row.measures.items()
            if one.published is not None
        ]
        said = name + (" (GPU)" if row.gpu else "")
        if told:
            groups.append((said, told))
        else:
            silent.append(said)
    lines = [study.title, *textwrap.wrap(study.question, WIDTH), ""]
    lines += [*_table(["published"], groups), ""] if groups else []
    if silent:
        lines += _paragraph(f"No number is published for: {', '.join(silent)}.")
    lines += _paragraph(f"Its data: {study.data}.")
    lines += _paragraph(
        f"Its stand-in here: {study.stand_in.what}. Not on it: "
        f"{', '.join(study.stand_in.without) or 'nothing'}."
    )
    return "\n".join(lines)


def stand_in_text(study: Study) -> str:
    """That the numbers below are of other images, for the terminal."""
    said = (
        f"Other images and models than the study's: {study.stand_in.what.strip()}. These numbers "
        "say nothing about the published ones."
    )
    return "\n".join([*_paragraph(said), ""])


def results_text(rows: Sequence[Result], *, stands_in: bool) -> str:
    """The results beside the published figures; what was not run below, with its reason once."""
    groups: list[_Group] = []
    for label, lines_of in groupby(rows, key=lambda row: row.row):
        shown = [row for row in lines_of if row.ours is not None or not row.status]
        if shown:
            groups.append((f"{label} ({shown[0].seeds})", [_entry(row) for row in shown]))
    heads = ["published", "stand-in" if stands_in else "ours", "difference", "2 std"]
    lines = [*_table(heads, groups), ""] if groups else []
    reasons: dict[str, dict[str, None]] = {}
    for row in rows:
        for why in row.reasons:
            label = f"{row.row} ({row.called})" if why.startswith(NO_NUMBER) else row.row
            reasons.setdefault(why, {})[label] = None
    known = list(dict.fromkeys(row.row for row in rows))
    for why, names in reasons.items():
        several = len(known) > 1 and len(names) == len(known)
        listed = "all rows" if several else ", ".join(together(names, known))
        lines += _paragraph(f"{listed}: {why}")
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


_Group = tuple[str, Sequence[tuple[str, Sequence[str]]]]
"""A row's name, and its lines: the measure, and the cells beside it."""


def _published(one: Measure, digits: int) -> Result:
    return Result(
        row="",
        published=one.published,
        published_std=one.std,
        percent=one.percent,
        decimals=digits,
    )


def _entry(row: Result) -> tuple[str, list[str]]:
    known = display.tags(row)
    said = (row.called or "(no number)") + (f" [{', '.join(known)}]" if known else "")
    published = display.published(row)
    return said, [published, display.ours(row), display.difference(row), display.within(row)]


def _table(heads: Sequence[str], groups: Sequence[_Group]) -> list[str]:
    """Each row's name on a line of its own, its measures below it; columns without a word in them
    are left out."""
    entries = [cells for _, lines in groups for _, cells in lines]
    kept = [place for place in range(len(heads)) if any(cells[place] for cells in entries)]
    widths = [max(len(cells[place]) for cells in [heads, *entries]) for place in kept]
    room = WIDTH - sum(width + len(_GAP) for width in widths)
    title = _line("", [heads[place] for place in kept], widths, room)
    drawn = [title, "-" * WIDTH]
    for label, lines in groups:
        drawn += textwrap.wrap(" ".join(label.split()), WIDTH, subsequent_indent="    ")
        for said, cells in lines:
            first, *rest = textwrap.wrap(
                said, room, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
            drawn += [_line(first, [cells[place] for place in kept], widths, room), *rest]
    return drawn


def _line(said: str, cells: Sequence[str], widths: Sequence[int], room: int) -> str:
    shown = [f"{_GAP}{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]
    return f"{said:<{room}}{''.join(shown)}".rstrip()


def _paragraph(text: str) -> list[str]:
    said = " ".join(text.split())
    return [*textwrap.wrap(said, WIDTH, subsequent_indent="  ", break_on_hyphens=False), ""]
