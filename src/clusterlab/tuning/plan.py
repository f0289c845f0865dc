"""What a search is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clusterlab.components import Component
from clusterlab.plan import Plan
from clusterlab.searching import Objective, Range

SAMPLERS = ("tpe", "random", "grid", "nsgaii")
SPACES = ("reduced", "features")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The config's `search` without its ranges and objectives; conf/search/none.yaml says what each
    means. timeout: seconds."""

    scored_in: str = "reduced"
    noise_penalty: float = 0.3
    n_clusters: tuple[int, int] | None = None
    cluster_penalty: float = 1.0
    sampler: str = "tpe"
    n_trials: int = 100
    timeout: float | None = None
    workers: int = 1
    n_best: int = 3


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """plan: the run that trials change. ranges: argument ("clusterer.n_clusters") -> what it may
    be, those that a `when` names before those that have it. build: the reducer and the clusterer
    with these arguments set; it may raise whatever their constructors do. config: the resolved
    config with its `search`."""

    plan: Plan
    settings: Settings
    objectives: tuple[Objective, ...]
    ranges: Mapping[str, Range]
    build: Callable[[Mapping[str, Any]], tuple[Component, Component]]
    config: Mapping[str, Any] = field(default_factory=dict)
