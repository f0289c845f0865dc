"""Checks the config's `search` before the first trial: its settings, and every range."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from clusterlab.config.check import problems
from clusterlab.config.find import options_with
from clusterlab.config.ranges import read_space, with_values
from clusterlab.errors import ConfigError, closest
from clusterlab.searching import Range
from clusterlab.tuning.objectives import parse
from clusterlab.tuning.plan import SAMPLERS, SPACES, Settings
from clusterlab.tuning.propose import LARGEST_GRID, grid_size, n_values

_MOST_OPTIONS = 3
_CHOICES = {"sampler": SAMPLERS, "scored_in": SPACES}
# Setting -> whether it is a whole number, and the least that it may be.
_LEAST = {
    "noise_penalty": (False, 0),
    "cluster_penalty": (False, 0),
    "n_trials": (True, 1),
    "workers": (True, 1),
    "n_best": (True, 0),
}


def search_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Every problem of a resolved config's `search`; none where it has none."""
    search = config.get("search")
    if not search:
        return
    yield from _setting_problems(search)
    try:
        parse(search["objective"], search["scored_in"])
    except ConfigError as error:
        yield from error.problems
    ranges, found = read_space(search["space"])
    yield from found
    for name, span in ranges.items():
        yield from _argument_problems(config, name, span)
    if search["sampler"] == "grid" and not found:
        yield from _grid_problems(ranges)


def settings_of(search: Mapping[str, Any]) -> Settings:
    """The settings of a checked `search`."""
    given = {key: search[key] for key in Settings.__dataclass_fields__}
    if given["n_clusters"] is not None:
        given["n_clusters"] = tuple(given["n_clusters"])
    return Settings(**given)


def _setting_problems(search: Mapping[str, Any]) -> Iterator[str]:
    for key, known in _CHOICES.items():
        if search[key] not in known:
            hint = closest(str(search[key]), known)
            yield f"Unknown search.{key} '{search[key]}'.{hint} Use one of {', '.join(known)}."
    for key, (whole, bound) in _LEAST.items():
        value = search[key]
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            yield f"search.{key} is {value!r}; it must be a {'whole ' if whole else ''}number."
        elif not bound <= value < math.inf:
            yield f"search.{key} is {value}; it must be at least {bound}."
    timeout = search["timeout"]
    if timeout is not None and (not isinstance(timeout, (int, float)) or not timeout > 0):
        yield f"search.timeout is {timeout!r}; it must be a number of seconds above 0, or null."
    wanted = search["n_clusters"]
    if wanted is not None and (len(wanted) != 2 or not 1 <= wanted[0] <= wanted[1]):
        yield f"search.n_clusters is {wanted}; it must be [low, high], such as [5, 50], or null."


def _argument_problems(config: Mapping[str, Any], name: str, span: Range) -> Iterator[str]:
    """What is wrong with the ends of a range, or with each of its values, and was not before."""
    stage = name.partition(".")[0]
    before = {*problems(config, [stage])}
    found: dict[str, None] = {}
    for value in span.choices or (span.low, span.high):
        try:
            tried = with_values(config, {name: value})
        except (LookupError, ValueError, TypeError):
            yield f"search.space.{name}: the {stage} that was chosen has no such part."
            return
        found |= dict.fromkeys(one for one in problems(tried, [stage]) if one not in before)
    for problem in found:
        yield f"search.space.{name}: {_shortened(problem, name)}"


def _shortened(problem: str, name: str) -> str:
    """Of an argument that there is not, who has it, or how to leave it out of the search."""
    unknown = f"Unknown key '{name}': "
    if not problem.startswith(unknown):
        return problem
    stage, _, key = name.partition(".")
    takers = [f"{stage}={option}" for option in options_with(stage, key)]
    said = problem.removeprefix(unknown).partition(" Arguments:")[0]
    if takers:
        # Another option has just this argument, so it is no slip of the pen.
        said = said.partition(" Did you mean")[0]
        return f"{said} It needs {' or '.join(takers[:_MOST_OPTIONS])}."
    return f"{said} To leave it out: '~search.space.{name}'."


def _grid_problems(ranges: Mapping[str, Range]) -> Iterator[str]:
    for name, span in ranges.items():
        if n_values(span) == math.inf:
            yield (
                f"search.sampler=grid needs values, and search.space.{name} has no end of them: "
                "give a list or a step."
            )
    if LARGEST_GRID < grid_size(ranges) < float("inf"):
        yield (
            f"search.sampler=grid: {grid_size(ranges):,.0f} combinations are too many. Give "
            "shorter lists, or choose tpe or random."
        )
