"""Turns ranges into proposals: by a sampler, or the points of a grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial

from clusterlab.searching import Range

LARGEST_GRID = 100_000
# A generation of Optuna's 50 would leave a search of 100 trials with two.
_POPULATION = 20


def propose(trial: Trial, ranges: Mapping[str, Range]) -> dict[str, Any]:
    """A value for each argument that is to be set. ranges: those that a `when` names come before
    those that have it."""
    found: dict[str, Any] = {}
    for name, span in ranges.items():
        if is_set(span, found):
            found[name] = _suggest(trial, name, span)
    return found


def is_set(span: Range, values: Mapping[str, Any]) -> bool:
    """Whether an argument is set at all, beside these values of others.

    >>> span = Range(choices=("cosine",), when={"clusterer.linkage": ("average", "single")})
    >>> is_set(span, {"clusterer.linkage": "ward"}), is_set(span, {"clusterer.linkage": "single"})
    (False, True)
    """
    return all(name in values and values[name] in held for name, held in span.when.items())


def _suggest(trial: Trial, name: str, span: Range) -> Any:
    if span.choices:
        return trial.suggest_categorical(name, span.choices)
    assert span.low is not None
    assert span.high is not None
    if span.integer:
        low, high, step = int(span.low), int(span.high), int(span.step or 1)
        return trial.suggest_int(name, low, high, step=step, log=span.log)
    value = trial.suggest_float(name, span.low, span.high, step=span.step, log=span.log)
    return _plain(value) if span.step else value


def grid(ranges: Mapping[str, Range], seed: int) -> list[dict[str, Any]]:
    """Every combination of the values, once, in an order that the seed decides.

    >>> len(grid({"a": Range(low=1, high=3, integer=True), "b": Range(choices=("x", "y"))}, 0))
    6
    """
    points = list(_points(list(ranges.items()), {}))
    return [points[at] for at in np.random.default_rng(seed).permutation(len(points)).tolist()]


def grid_size(ranges: Mapping[str, Range]) -> float:
    """How many combinations there are at most; infinite where an argument has no steps."""
    return math.prod(n_values(span) for span in ranges.values())


def n_values(span: Range) -> float:
    """How many values a range has; infinite where there is no end of them.

    >>> n_values(Range(low=0, high=2_000_000_000, integer=True))
    2000000001
    """
    if span.choices:
        return len(span.choices)
    step = span.step or (1 if span.integer else None)
    assert span.low is not None
    assert span.high is not None
    return math.inf if step is None else round((span.high - span.low) / step) + 1


def values_of(span: Range) -> Sequence[Any] | None:
    """All values of a range in ascending order, or None where there is no end of them.

    >>> values_of(Range(low=0.1, high=0.7, step=0.2))
    [0.1, 0.3, 0.5, 0.7]
    """
    if span.choices:
        return span.choices
    assert span.low is not None
    assert span.high is not None
    step = span.step or (1 if span.integer else None)
    if step is None:
        return None
    n = int(n_values(span))
    if span.integer:
        return [int(span.low + step * index) for index in range(n)]
    return [_plain(span.low + step * index) for index in range(n)]


def _plain(value: float) -> float:
    """0.1 + 2 * 0.1 is 0.3, not 0.30000000000000004."""
    return float(f"{value:.12g}")


def _points(ranges: list[tuple[str, Range]], so_far: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not ranges:
        yield so_far
        return
    (name, span), *rest = ranges
    if not is_set(span, so_far):
        yield from _points(rest, so_far)
        return
    for value in values_of(span) or ():
        yield from _points(rest, {**so_far, name: value})


def sampler(kind: str, *, seed: int, index: int, point: Mapping[str, Any] | None) -> BaseSampler:
    """A sampler for the trial with this index alone.

    One that lived on from trial to trial would be at another place of its random numbers after the
    search was interrupted. point: of the grid.
    """
    if point is not None:
        return _Given(point)
    own = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
    if kind == "random":
        return RandomSampler(seed=own)
    if kind == "nsgaii":
        return _Evolution(population_size=_POPULATION, seed=own)
    return TPESampler(seed=own)


class _Evolution(NSGAIISampler):
    """NSGA-II whose parents stand in one order. Optuna gives those that it has chosen just now in
    another order than those that it has read from the study, so that a search that was interrupted
    in between would go on otherwise."""

    def select_parent(self, study: Any, generation: int) -> list[FrozenTrial]:
        chosen = super().select_parent(study, generation)
        return sorted(chosen, key=lambda trial: trial.number)


class _Given(BaseSampler):
    """The values that it was made with. Optuna's GridSampler counts a trial that was interrupted as
    done, so that its point would be left out."""

    def __init__(self, point: Mapping[str, Any]) -> None:
        self._point = point

    def infer_relative_search_space(self, *_: Any) -> dict[str, Any]:
        return {}

    def sample_relative(self, *_: Any) -> dict[str, Any]:
        return {}

    def sample_independent(self, *known: Any) -> Any:
        return self._point[known[2]]
