"""What a study came to, in a few sentences that are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusterlab.studies import display
from clusterlab.studies.definition import Claim, Study
from clusterlab.studies.markdown import cell, line, named_rows
from clusterlab.studies.measure import NO_NUMBER
from clusterlab.studies.results import Result
from clusterlab.studies.state import State

_STEP = 2
_NEARLY = 0.9


def came_of_it(study: Study, states: Sequence[State], rows: Sequence[Result]) -> str:
    """How many rows ran, how near their numbers are, and what holds of what the study says."""
    done = sum(bool(state.runs) for state in states)
    failed = [state for state in states if state.status.startswith("failed")]
    said = f"{done} of {len(states)} rows ran" if done else "None of the rows was run"
    said += f"; {len(failed)} failed" if failed else ""
    lines = [f"- {said}.", *_another_collection(study, states, rows), *_nearness(rows)]
    lines += [f"- {_held(claim, rows)}" for claim in study.claims]
    return "\n".join(["## What came of it", "", *lines])


def left_out(states: Sequence[State], rows: Sequence[Result]) -> str:
    """What was not run, and the numbers that no run has, by reason."""
    reasons: dict[str, list[str]] = {}
    for state in states:
        for why in state.reasons:
            reasons.setdefault(why, []).append(state.task.label)
    lines = [f"- {_all_or_named(labels, states)}: {line(why)}" for why, labels in reasons.items()]
    absent: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.status.startswith(NO_NUMBER):
            why = row.why_measure or row.status.removeprefix(f"{NO_NUMBER}: ")
            absent.setdefault((row.called, why), []).append(row.row)
    lines += [
        f"- no {cell(called)} in {named_rows(labels, states)}: {line(why)}"
        for (called, why), labels in absent.items()
    ]
    return "\n".join(["## What is not there, and why", "", *lines]) if lines else ""


def _another_collection(study: Study, states: Sequence[State], rows: Sequence[Result]) -> list[str]:
    """A warning where the study's own data were asked for, and what is there is much smaller."""
    own = any(row.difference is not None for row in rows)
    facts = [one for state in states for one in state.runs.values()]
    sizes = [int(one.metrics["n_images"]) for one in facts]
    if not own or not study.images or not sizes or max(sizes) >= _NEARLY * study.images:
        return []
    return [
        f"- **The collection has {max(sizes):,} images, the study's at least {study.images:,}: it "
        "is another one, or a part of it, and no difference to the published numbers means much.**"
    ]


def _nearness(rows: Sequence[Result]) -> list[str]:
    known = [row for row in rows if row.published is not None]
    compared = [row for row in known if row.difference is not None]
    if not known:
        return ["- The study gives no numbers to compare with."]
    if not compared:
        if any(row.ours is not None for row in known):
            return [f"- {len(known)} published numbers are of other images: none is compared."]
        return [f"- None of {len(known)} published numbers was computed again."]
    judged = [row for row in compared if row.within is not None]
    near = sum(bool(row.within) for row in judged)
    said = f"- {len(compared)} of {len(known)} published numbers were computed again"
    if judged:
        said += f": {near} of {len(judged)} lie within {_STEP} standard deviations"
    silent = len(compared) - len(judged)
    said += f"; {silent} have no deviation to be judged by" if silent else ""
    return [f"{said}."]


def _held(claim: Claim, rows: Sequence[Result]) -> str:
    found: Mapping[str, Result] = {
        row.row: row for row in rows if row.measure == claim.measure and row.ours is not None
    }
    absent = [name for name in (claim.more, claim.less) if name not in found]
    said = cell(claim.says).rstrip(".")
    if absent:
        return f"{said}: cannot be said, without {cell(' and '.join(absent))}."
    more, less = found[claim.more], found[claim.less]
    numbers = " against ".join(f"{_number(row)} ({cell(row.row)})" for row in (more, less))
    return f"{said}: {_verdict(more, less)} ({cell(more.called)}: {numbers})."


def _number(row: Result) -> str:
    return ", ".join([display.ours(row), *(f"*{cell(tag)}*" for tag in display.tags(row))])


def _verdict(more: Result, less: Result) -> str:
    assert more.ours is not None
    assert less.ours is not None
    apart = more.ours - less.ours
    said = "holds here" if apart > 0 else "does not hold here"
    spread = [std for std in (more.ours_std, less.ours_std) if std is not None]
    if not spread:
        return f"{said}, by single runs"
    return f"{said}, by less than {_STEP} std" if abs(apart) <= _STEP * max(spread) else said


def _all_or_named(labels: Sequence[str], states: Sequence[State]) -> str:
    return "all rows" if len(labels) == len(states) else named_rows(labels, states)
