"""How far a row of a study is: its finished runs, what it lacks, and what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clusterlab.errors import DataError
from clusterlab.studies.lacking import Lack
from clusterlab.studies.measure import renamed, value_of
from clusterlab.studies.origin import Origin, origin
from clusterlab.studies.places import without_places
from clusterlab.studies.tasks import Task


@dataclass(frozen=True)
class Facts:
    """What the record tells of one finished run.

    values: measure -> its number, or why there is none. origins: measure -> what it is of.
    """

    folder: Path
    values: Mapping[str, float | str]
    origins: Mapping[str, Origin]
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

    @property
    def reasons(self) -> tuple[str, ...]:
        """The status, with each thing that is lacking by itself."""
        lacking = bool(self.lacks) and not self.problem and not self.failed
        if lacking and len(self.runs) < len(self.task.seeds):
            return tuple(without_places(f"needs {lack}") for lack in self.lacks)
        return (self.status,) if self.status else ()


def facts(folder: Path, task: Task) -> Facts:
    """Of a finished run of this row."""
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    values: dict[str, float | str] = {}
    origins: dict[str, Origin] = {}
    for measure in task.row.measures:
        key = renamed(measure, task.columns)
        try:
            values[measure] = value_of(folder, key)
        except DataError as error:
            values[measure] = str(error)
        origins[measure] = origin(folder, key, metrics, environment)
    return Facts(folder, values, origins, metrics, environment)
