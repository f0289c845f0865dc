"""The results table of a study: each number beside the published one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from clusterlab.errors import DataError
from clusterlab.studies.definition import Measure
from clusterlab.studies.lacking import Lack
from clusterlab.studies.measure import label_of, marks_of, renamed, value_of
from clusterlab.studies.places import without_places
from clusterlab.studies.tasks import Task

_STEP = 2
"""Standard deviations from the published number that count as the same."""


@dataclass(frozen=True)
class Facts:
    """What the record tells of one finished run.

    values: measure -> its number, or why there is none. marks: measure -> the marks beside it.
    """

    folder: Path
    values: Mapping[str, float | str]
    marks: Mapping[str, tuple[str, ...]]
    metrics: Mapping[str, Any]
    environment: Mapping[str, Any]


@dataclass
class State:
    """How far a row is. runs: seed -> its finished run. failed: seed -> why it failed."""

    task: Task
    lacks: Sequence[Lack] = ()
    runs: dict[int, Facts] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """Why there is nothing to run, whatever the machine: no stand-in, or a wrong config."""
        wrong = [f"failed: {lack.what}" for lack in self.lacks if lack.kind == "config"]
        return next(iter(wrong), self.task.problem)

    @property
    def status(self) -> str:
        """What stands in the place of numbers that are not there; "" where all are."""
        if self.problem:
            return without_places(self.problem)
        if self.failed:
            seeds = [] if len(self.failed) == len(self.task.seeds) else sorted(self.failed)
            which = f" (seed {', '.join(map(str, seeds))})" if seeds else ""
            return without_places(f"failed{which}: {next(iter(self.failed.values()))}")
        if len(self.runs) == len(self.task.seeds):
            return ""
        if self.lacks:
            return without_places(f"needs {'; '.join(map(str, self.lacks))}")
        return "not run yet" if not self.runs else "not all seeds were run yet"


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of the table.

    measure: as the study names it; found_as: as our runs do. ours: the mean over n_runs runs, None
    where there is no number; ours_std: with ddof=1, None for one run. difference: ours - published;
    None on a stand-in. within: of two standard deviations of the published number, or where none is
    published of ours. n_images: those that were scored. seconds: of all runs together.
    """

    row: str
    measure: str = ""
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
    n_images: int | None = None
    seconds: float | None = None
    percent: bool = False


COLUMNS = [one.name for one in fields(Result) if one.name != "percent"]


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


def facts(folder: Path, task: Task) -> Facts:
    """Of a finished run of this row."""
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    values: dict[str, float | str] = {}
    marks: dict[str, tuple[str, ...]] = {}
    for measure in task.row.measures:
        key = renamed(measure, task.columns)
        try:
            values[measure] = value_of(folder, key)
        except DataError as error:
            values[measure] = str(error)
        supervised = label_of(key) in environment.get("seen_labels", ())
        own = [*metrics.get("marks", ()), *marks_of(folder, key)]
        marks[measure] = tuple(dict.fromkeys([*own, *(["supervised"] if supervised else [])]))
    return Facts(folder, values, marks, metrics, environment)


def results(state: State, *, stands_in: bool) -> list[Result]:
    """The lines of one row: one a measure, or one alone where it has none."""
    task, runs = state.task, list(state.runs.values())
    first = runs[0].metrics if runs else {}
    shared = Result(
        row=task.label,
        n_seeds=len(task.seeds),
        n_images=first.get("n_scored"),
        seconds=round(sum(run.metrics["seconds"] for run in runs), 1) if runs else None,
    )
    if not task.row.measures:
        why = "; ".join(part for part in (task.row.why, _seeds(state)) if part)
        return [replace(shared, n_runs=len(runs), status=state.status, why=why)]
    return [
        _result(state, name, measure, shared, stands_in=stands_in)
        for name, measure in task.row.measures.items()
    ]


def _result(
    state: State, name: str, measure: Measure, shared: Result, *, stands_in: bool
) -> Result:
    found = [run.values[name] for run in state.runs.values()]
    numbers = np.array([value for value in found if isinstance(value, float)])
    absent = [value for value in found if isinstance(value, str)]
    ours = float(numbers.mean()) if numbers.size else None
    std = float(numbers.std(ddof=1)) if numbers.size > 1 else None
    difference = None
    if ours is not None and measure.published is not None and not stands_in:
        difference = ours - measure.published
    marks = tuple(dict.fromkeys(mark for run in state.runs.values() for mark in run.marks[name]))
    within = _within(difference, measure.std, std)
    known = [measure.why, state.task.row.why]
    if ours is not None:
        known += ["other images" if stands_in else "", *marks, _scored(state), _seeds(state)]
        known += [_distance(within, measure)]
    return replace(
        shared,
        measure=name,
        found_as=renamed(name, state.task.columns),
        published=measure.published,
        published_std=measure.std,
        ours=ours,
        ours_std=std,
        n_runs=int(numbers.size),
        difference=difference,
        within=within,
        why="; ".join(dict.fromkeys(part for part in known if part)),
        marks="|".join(marks),
        status=state.status or (without_places(absent[0]) if absent else ""),
        percent=measure.percent,
    )


def _within(difference: float | None, published: float | None, ours: float | None) -> bool | None:
    std = published if published is not None else ours
    if difference is None or std is None:
        return None
    # A number that is the published one to its last digit is within a deviation of 0.
    return abs(difference) <= _STEP * std or math.isclose(difference, 0, abs_tol=1e-12)


def _distance(within: bool | None, measure: Measure) -> str:
    if within is None:
        return ""
    whose = "published standard deviations" if measure.std is not None else "of our own deviations"
    return f"within {_STEP} {whose}" if within else f"more than {_STEP} {whose} away"


def _scored(state: State) -> str:
    run = next(iter(state.runs.values()))
    split, n = run.metrics.get("scored_split", "all"), run.metrics.get("n_scored")
    if split == "all":
        return ""
    learned = run.environment.get("seen_splits", ())
    unseen = "unseen " if learned and split not in learned else ""
    return f"scored on {n:,} {unseen}{split} images"


def _seeds(state: State) -> str:
    n, wanted = len(state.runs), len(state.task.seeds)
    if 0 < n < wanted:
        return f"{n} of {wanted} seeds"
    return "one seed" if n == 1 else ""
