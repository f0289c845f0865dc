"""The rows of a leaderboard: runs that differ only in the seed are pooled into one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clusterlab.reports.compare.configs import flatten, seeds_follow, without_seeds
from clusterlab.reports.compare.read_runs import Run
from clusterlab.reports.compare.scores import label_of, learned_in, synthetic_in


@dataclass(frozen=True, kw_only=True)
class Row:
    """Runs of one configuration, one a seed.

    repeats: older runs of a seed that is in `runs` already; they do not count, because the same
    seed twice would make the spread look smaller than it is.
    config: the flat config of the first run. settings: what sets the row apart, column -> text.
    words: the same for people, short; where models were fine-tuned, how each was trained and what
        else sets rows of one name apart.
    title: the shortest words that name this row and no other.
    """

    runs: tuple[Run, ...]
    repeats: tuple[Run, ...] = ()
    config: Mapping[str, Any] = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    @property
    def name(self) -> str:
        return self.runs[0].name

    @property
    def n_seeds(self) -> int:
        return len(self.runs)

    def values(self, key: str) -> np.ndarray:
        """(n,) float: the metric of each run that has it."""
        found = [run.metrics.get(key, math.nan) for run in self.runs]
        return np.array([value for value in found if not math.isnan(value)], dtype=float)

    def mean(self, key: str) -> float:
        """The mean over seeds; NaN where no run has the metric."""
        values = self.values(key)
        return float(values.mean()) if values.size else math.nan

    def std(self, key: str) -> float:
        """The standard deviation over seeds (ddof=1); NaN for fewer than two values."""
        values = self.values(key)
        return float(values.std(ddof=1)) if values.size > 1 else math.nan

    def chance(self, key: str) -> float:
        """The mean chance level of a score; NaN where none was measured."""
        found = [run.chance[key] for run in self.runs if key in run.chance]
        return float(np.mean(found)) if found else math.nan

    @property
    def seen_labels(self) -> tuple[str, ...]:
        """The label columns that went into the features of any of the runs."""
        return tuple(sorted(set().union(*(run.seen_labels for run in self.runs))))

    @property
    def seen_splits(self) -> tuple[str, ...]:
        """The splits whose images' labels went into the features of any of the runs."""
        return tuple(dict.fromkeys(split for run in self.runs for split in run.seen_splits))

    @property
    def learned(self) -> tuple[str, ...]:
        """The label columns that a model was fine-tuned to name, in its order."""
        return tuple(dict.fromkeys(name for run in self.runs for name in learned_in(run.metrics)))

    @property
    def synthetic(self) -> tuple[str, ...]:
        """The label columns that a model made in any of the runs."""
        return tuple(dict.fromkeys(name for run in self.runs for name in synthetic_in(run.metrics)))

    @property
    def marks(self) -> tuple[str, ...]:
        """What any of the runs is marked with."""
        return tuple(dict.fromkeys(mark for run in self.runs for mark in run.marks))

    def supervised(self, key: str) -> bool:
        """True where the features have seen the label column that the score is measured on."""
        return label_of(key) in self.seen_labels


def pool(runs: Sequence[Run], *, by_seed: bool = False) -> list[Row]:
    """Groups runs into rows, in the order in which they first appear.

    by_seed: every run is its own row.
    """
    groups: dict[object, list[list[tuple[Run, dict[str, Any]]]]] = {}
    for position, run in enumerate(runs):
        flat = flatten(run.config)
        alike = groups.setdefault(position if by_seed else without_seeds(flat), [])
        for group in alike:
            if all(seeds_follow(flat, other) for _, other in group):
                group.append((run, flat))
                break
        else:
            alike.append([(run, flat)])
    return [_row(group) for alike in groups.values() for group in alike]


def _row(group: Sequence[tuple[Run, Mapping[str, Any]]]) -> Row:
    newest: dict[int | None, Run] = {}
    for run, _ in group:
        known = newest.get(run.seed)
        if known is None or run.finished >= known.finished:
            newest[run.seed] = run
    counted = tuple(sorted(newest.values(), key=lambda run: (run.seed is None, run.seed)))
    return Row(
        runs=counted,
        repeats=tuple(run for run, _ in group if all(run is not one for one in counted)),
        config=group[0][1],
    )
