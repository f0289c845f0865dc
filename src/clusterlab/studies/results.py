"""The results table of a study: each number beside the published one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal

import numpy as np

from clusterlab.studies.definition import Measure, Study
from clusterlab.studies.measure import renamed
from clusterlab.studies.naming import kind_of, named
from clusterlab.studies.origin import phrase
from clusterlab.studies.places import without_places
from clusterlab.studies.state import State

_STEP = 2
"""Standard deviations from the published number that count as the same."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of the table.

    measure: as the study names it; found_as: as our runs do; called: in words. ours: the mean over
    n_runs runs, None where there is no number; ours_std: with ddof=1, None for one run. difference:
    ours - published; None on a stand-in. within: of two standard deviations of the published
    number, or where none is published of ours. why: all that sets ours apart; why_row and
    why_measure: what of it the study's file says of the row and of this number. scored: the images
    that the number is of, in words; "" where it is of none. n_images: how many, in the first run.
    seconds: of all runs together. decimals: with which such numbers were published. reasons: the
    status, one by one.
    """

    row: str
    measure: str = ""
    called: str = ""
    found_as: str = ""
    published: float | None = None
    published_std: float | None = None
    ours: float | None = None
    ours_std: float | None = None
    n_runs: int = 0
    n_seeds: int = 0
    difference: float | None = None
    within: bool | None = None
    why: str = ""
    marks: str = ""
    status: str = ""
    scored: str = ""
    n_images: int | None = None
    seconds: float | None = None
    percent: bool = False
    decimals: int = 0
    why_row: str = ""
    why_measure: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def seeds(self) -> str:
        """How many runs our mean is of.

        >>> Result(row="a", n_runs=1).seeds, Result(row="a", n_runs=3, n_seeds=5).seeds
        ('one seed', '3 of 5 seeds')
        """
        if 0 < self.n_runs < self.n_seeds:
            return f"{self.n_runs} of {self.n_seeds} seeds"
        return "one seed" if self.n_runs == 1 else f"{self.n_runs} seeds"


_FOR_READERS = ("percent", "decimals", "why_row", "why_measure", "reasons")
COLUMNS = [one.name for one in fields(Result) if one.name not in _FOR_READERS]


def together(labels: Iterable[str], known: Iterable[str]) -> list[str]:
    """The labels, with the row's name alone where all combinations of a sweep are among them.

    >>> together(["a", "k: n=1", "k: n=2"], ["a", "k: n=1", "k: n=2", "m: n=1", "m: n=2"])
    ['a', 'k']
    """
    own = list(labels)
    apart = {label.partition(":")[0] for label in known if label not in own}
    names = [label.partition(":")[0] for label in own]
    shown = [label if name in apart else name for name, label in zip(names, own, strict=True)]
    return list(dict.fromkeys(shown))


def decimals(study: Study) -> dict[str, int]:
    """Measure -> the decimals with which numbers of its kind were published; those of 0.21 among
    0.398 and 0.417 are three."""
    known: dict[str, int] = {}
    for row in study.rows.values():
        for key, one in row.measures.items():
            given = [_written(value) for value in (one.published, one.std) if value is not None]
            kind = kind_of(key)
            known[kind] = max([known.get(kind, 0), *given])
    return {key: known[kind_of(key)] for row in study.rows.values() for key in row.measures}


def _written(value: float) -> int:
    """The decimals that a float was written with.

    >>> _written(0.0073), _written(262.0), _written(1e-05)
    (4, 0, 5)
    """
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def results(
    state: State, *, stands_in: bool, decimals: Mapping[str, int] | None = None
) -> list[Result]:
    """The lines of one row: one a measure, or one alone where it has none.

    decimals: measure -> those of the published numbers of its kind.
    """
    task, runs = state.task, list(state.runs.values())
    shared = Result(
        row=task.label,
        n_seeds=len(task.seeds),
        seconds=round(sum(run.metrics["seconds"] for run in runs), 1) if runs else None,
        why_row=task.row.why,
        reasons=state.reasons,
    )
    if not task.row.measures:
        return [replace(shared, n_runs=len(runs), status=state.status, why=task.row.why)]
    return [
        _result(
            state,
            name,
            measure,
            replace(shared, decimals=(decimals or {}).get(name, 0)),
            stands_in=stands_in,
        )
        for name, measure in task.row.measures.items()
    ]


def _result(
    state: State, name: str, measure: Measure, shared: Result, *, stands_in: bool
) -> Result:
    key = renamed(name, state.task.columns)
    found = [run.values[name] for run in state.runs.values()]
    absent = [without_places(value) for value in found if isinstance(value, str)]
    line = replace(
        shared,
        measure=name,
        called=measure.called or named(name),
        found_as=key,
        published=measure.published,
        published_std=measure.std,
        status=state.status or next(iter(absent), ""),
        reasons=state.reasons or tuple(absent[:1]),
        percent=measure.percent,
        why=_joined(measure.why, shared.why_row),
        why_measure=measure.why,
    )
    numbers = [value for value in found if isinstance(value, float)]
    return _with_numbers(line, state, numbers, stands_in=stands_in) if numbers else line


def _with_numbers(
    line: Result, state: State, numbers: Sequence[float], *, stands_in: bool
) -> Result:
    origins = [
        run.origins[line.measure]
        for run in state.runs.values()
        if isinstance(run.values[line.measure], float)
    ]
    ours = float(np.mean(numbers))
    std = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
    published = None if stands_in else line.published
    difference = None if published is None else ours - published
    line = replace(
        line,
        ours=ours,
        ours_std=std,
        n_runs=len(numbers),
        difference=difference,
        within=_within(difference, line.published_std, std),
        marks="|".join(dict.fromkeys(mark for one in origins for mark in one.marks)),
        scored=phrase(origins),
        n_images=origins[0].n,
    )
    few = line.seeds if len(numbers) == 1 or len(numbers) < line.n_seeds else ""
    other = "other images" if stands_in else ""
    return replace(line, why=_joined(line.why, other, few, _distance(line)))


def _joined(*parts: str) -> str:
    return "; ".join(dict.fromkeys(part for part in parts if part))


def _within(difference: float | None, published: float | None, ours: float | None) -> bool | None:
    std = published if published is not None else ours
    if difference is None or std is None:
        return None
    # A number that is the published one to its last digit is within a deviation of 0.
    return abs(difference) <= _STEP * std or math.isclose(difference, 0, abs_tol=1e-12)


def _distance(line: Result) -> str:
    if line.within is None:
        return ""
    published = line.published_std is not None
    whose = "published standard deviations" if published else "of our own deviations"
    return f"within {_STEP} {whose}" if line.within else f"more than {_STEP} {whose} away"
