"""What passes between a search for good settings and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Range:
    """What one argument may be: low to high (both ends included), or one of `choices`.

    log: steps are ratios. step: between the values of a number, None for all. integer: whole
    numbers only. when: other argument -> the values of it with which this one is set at all.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    step: float | None = None
    integer: bool = False
    choices: tuple[Any, ...] = ()
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """name: as the user said it ("silhouette", "ari/label"). maximize: whether more is better.
    space: the space that it is measured in, "" for one that needs none. uses_labels: whether the
    labels of `column` decide, so that the search is not unsupervised."""

    name: str
    maximize: bool
    space: str = ""
    column: str = ""

    @property
    def uses_labels(self) -> bool:
        return bool(self.column)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One try.

    parameters: argument ("clusterer.n_clusters") -> value. raw: objective -> its value as measured,
    absent where it could not be. penalties: what ("noise", "n_clusters") -> how much worse it makes
    every objective, at least 0. values: objective -> raw with the penalties, or the worst value
    where the trial is bad; this is what the sampler is told. bad: why there is nothing to score,
    "" where there is. space: the scored space's digest; values of different spaces do not compare.
    hindsight: "ari/<column>" -> what the labels say afterwards; the sampler never sees it.
    """

    number: int
    parameters: Mapping[str, Any]
    raw: Mapping[str, float]
    penalties: Mapping[str, float]
    values: Mapping[str, float]
    bad: str = ""
    space: str = ""
    n_clusters: int = 0
    noise_share: float = 0.0
    seconds: float = 0.0
    hindsight: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Search:
    """A finished search, or one that was stopped: what its report is drawn from.

    ranges: argument -> what it may be. best: trial numbers, best first; with several objectives the
    Pareto front. runs: trial number -> the folder of its ordinary run. n_images: of the collection.
    settings: of the search, as in the config's `search`. config: the resolved config that trials
    change. seconds: spent on trials. stopped: why it ended, in words. marks: of the features.
    """

    name: str
    objectives: Sequence[Objective]
    ranges: Mapping[str, Range]
    trials: Sequence[Trial]
    best: Sequence[int]
    runs: Mapping[int, Path] = field(default_factory=dict)
    n_images: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    stopped: str = ""
    marks: Sequence[str] = ()
