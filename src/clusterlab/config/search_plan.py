"""Makes the plan of a search from a config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from clusterlab.components import Component
from clusterlab.config.build import build, component
from clusterlab.config.compose import compose
from clusterlab.config.find import groups
from clusterlab.config.own_sweep import refuse_sweep
from clusterlab.config.ranges import read_space, with_values
from clusterlab.config.resolved import of_a_run, resolve, stage_choices
from clusterlab.config.search import settings_of
from clusterlab.errors import ConfigError
from clusterlab.tuning.objectives import parse
from clusterlab.tuning.plan import SearchPlan


@dataclass(frozen=True)
class Job:
    """A search in its folder. config: resolved, with `search`. choices: options of its runs.
    granted: the packages that the user allowed by typing."""

    folder: Path
    config: dict[str, Any]
    choices: dict[str, str]
    granted: tuple[str, ...] = field(default=())


def compose_search(overrides: list[str], config_dir: Path | None = None) -> DictConfig:
    """The composed config of a search. Where neither the words nor their experiment give ranges,
    they are those of the search option that bears the clusterer's name. Raises ConfigError."""
    config = compose(overrides, config_dir)
    refuse_sweep(config, overrides, "a search")
    if config.search.space:
        return config
    clusterer = stage_choices(config.hydra.runtime.choices)["clusterer"]
    known = sorted({*groups(config_dir)["search"]} - {"none"})
    if clusterer not in known:
        raise ConfigError(
            f"There is nothing to search: no ranges are given, and there are none for the "
            f"clusterer '{clusterer}'. Choose an option (search={known[0]}; see: clusterlab list "
            "search), or give a range: 'search.space.clusterer.ARGUMENT={low: 5, high: 20}'."
        )
    return compose([*overrides, f"search={clusterer}"], config_dir)


def job_of(config: DictConfig, folder: Path, overrides: Sequence[str]) -> Job:
    """A new search in `folder`, as it was composed from these words."""
    whole = resolve(config)
    resolved, choices = of_a_run(whole, stage_choices(config.hydra.runtime.choices))
    typed = any(word.lstrip("+").startswith("allowed_targets=") for word in overrides)
    return Job(
        folder=folder,
        config={**resolved, "search": whole["search"]},
        choices=choices,
        granted=tuple(resolved["allowed_targets"]) if typed else (),
    )


def search_plan(resolved: Mapping[str, Any], choices: Mapping[str, str]) -> SearchPlan:
    """Raises ConfigError with every problem found, of the run and of what to search for."""
    plan = build(resolved, choices)
    search = resolved["search"]
    ranges, _ = read_space(search["space"])

    def built(values: Mapping[str, Any]) -> tuple[Component, Component]:
        tried = with_values(resolved, values)
        return component("reducer", tried, choices), component("clusterer", tried, choices)

    return SearchPlan(
        plan=plan,
        settings=settings_of(search),
        objectives=parse(search["objective"], search["scored_in"]),
        ranges=ranges,
        build=built,
        config=resolved,
    )
