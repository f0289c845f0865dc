"""The axes of the parallel coordinates of a search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from clusterlab.reports.page.text import compact, score
from clusterlab.reports.plots.parallel import Axis
from clusterlab.reports.plots.window import window
from clusterlab.reports.search.places import is_number, place
from clusterlab.reports.search.trials import shown
from clusterlab.searching import Objective, Range, Trial

MOST_WORDS = 9


def parameter_axis(name: str, parameter: str, trials: Sequence[Trial], span: Range | None) -> Axis:
    """The whole range, from end to end, whether or not a trial went there; words, and numbers that
    were listed, at even distances."""
    values = [trial.parameters.get(parameter) for trial in trials]
    there = [
        value for one, value in zip(trials, values, strict=True) if parameter in one.parameters
    ]
    if span is not None and not span.choices and all(map(is_number, there)):
        span = _wide(span, there)
        places = np.array([place(value, span) for value in values])
        return Axis(name=name, places=places, ticks=_ticks(span))
    return _words(name, parameter, trials, span)


def value_axis(objective: Objective, trials: Sequence[Trial], scored: Sequence[Trial]) -> Axis:
    """Better is above. What is far worse than the rest lies at the lower end."""
    low, high = window([t.values[objective.name] for t in scored], maximize=objective.maximize)
    ends = (low, high) if objective.maximize else (high, low)
    known = {trial.number for trial in scored}
    places = [
        min(max((trial.values[objective.name] - ends[0]) / (ends[1] - ends[0]), 0.0), 1.0)
        if trial.number in known
        else math.nan
        for trial in trials
    ]
    ticks = [(at, score(ends[0] + at * (ends[1] - ends[0]))) for at in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return Axis(
        name=objective.name, places=np.array(places), ticks=ticks, below="no score", right=True
    )


def _wide(span: Range, values: Sequence[Any]) -> Range:
    """The range with every value inside; a search may have gone on with another range."""
    ends = [one for one in (span.low, span.high, *values) if one is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    return Range(low=low, high=high, log=span.log and low > 0, integer=span.integer)


def _ticks(span: Range) -> list[tuple[float, str]]:
    low, high = span.low or 0.0, span.high or 0.0
    if low == high:
        return [(0.0, shown(low))]
    parts = np.geomspace(low, high, 4) if span.log else np.linspace(low, high, 5)
    inner = [round(one) if span.integer else float(f"{one:.2g}") for one in parts[1:-1].tolist()]
    ticks = {one: place(one, span) for one in (low, *inner, high)}
    # A rounded number may have come too near to an end to be written beside it.
    clear = {one: at for one, at in ticks.items() if one in (low, high) or 0.08 < at < 0.92}
    return [(at, shown(one)) for one, at in clear.items()]


def _words(name: str, parameter: str, trials: Sequence[Trial], span: Range | None) -> Axis:
    choices = list(span.choices) if span is not None else []
    listed = list(dict.fromkeys(map(compact, choices)))
    for trial in trials:
        if parameter in trial.parameters and compact(trial.parameters[parameter]) not in listed:
            listed.append(compact(trial.parameters[parameter]))
    heights = {word: (at + 0.5) / len(listed) for at, word in enumerate(listed)}
    places = [
        heights[compact(trial.parameters[parameter])] if parameter in trial.parameters else math.nan
        for trial in trials
    ]
    every = math.ceil(len(listed) / MOST_WORDS)
    ticks = [(heights[word], word) for word in listed[::every]]
    return Axis(name=name, places=np.array(places), ticks=ticks, words=True)
