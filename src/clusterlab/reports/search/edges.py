"""Where the best settings lie on the edge of what was searched, so that better may lie beyond."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from clusterlab.reports.search.places import is_number, place
from clusterlab.reports.search.trials import shown
from clusterlab.searching import Range, Trial

NEAR = 0.01
"""A value within this share of the range from one of its ends counts as on it."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A value on, or within 1% of, an end of its range. widen: the override that moves this end
    outwards, with the whole of the range, so that it holds too where the range was a default one;
    "" where the end is 0 or 1 and there may be nothing beyond."""

    parameter: str
    value: float
    end: str
    low: float
    high: float
    widen: str

    @property
    def on(self) -> bool:
        """Whether the value is the end itself."""
        return self.value == (self.low if self.end == "lower" else self.high)


def edges(trials: Sequence[Trial], ranges: dict[str, Range]) -> list[Edge]:
    """The ends that more than half of the trials sit on; of one trial, those that it sits on."""
    found = []
    for name, span in ranges.items():
        here = [
            edge_of(name, one.parameters[name], span) for one in trials if name in one.parameters
        ]
        for end in ("lower", "upper"):
            there = [edge for edge in here if edge and edge.end == end]
            if len(there) > len(trials) / 2:
                found.append(there[0])
    return found


def edge_of(name: str, value: Any, span: Range) -> Edge | None:
    """The end of its range that a parameter's value sits on, or None.

    Of a list of values, only one with three numbers or more has ends that say something. On a log
    range the distance is that of the logarithms.
    """
    if not is_number(value):
        return None
    if span.choices:
        return _end_of_choices(name, value, span)
    if span.low is None or span.high is None:
        return None
    low, high = span.low, _reachable(span.low, span.high, span.step)
    if not low < high:
        return None
    share = place(value, replace(span, high=high))
    if NEAR < share < 1 - NEAR:
        return None
    end = "lower" if share <= NEAR else "upper"
    new = _beyond(end, low, high, span)
    wider = replace(span, low=new, high=high) if end == "lower" else replace(span, high=new)
    widen = "" if new is None else _override(name, wider)
    return Edge(parameter=name, value=value, end=end, low=low, high=high, widen=widen)


def _end_of_choices(name: str, value: float, span: Range) -> Edge | None:
    choices = span.choices
    if len(set(choices)) < 3 or not all(map(is_number, choices)):
        return None
    low, high = min(choices), max(choices)
    if value not in (low, high):
        return None
    end = "lower" if value == low else "upper"
    whole = all(float(one).is_integer() for one in choices)
    new = _beyond(end, low, high, Range(low=low, high=high, integer=whole))
    widen = ""
    if new is not None:
        more = int(new) if all(isinstance(one, int) for one in choices) else new
        widen = _override(name, replace(span, choices=tuple(sorted({*choices, more}))))
    return Edge(parameter=name, value=value, end=end, low=low, high=high, widen=widen)


def _override(name: str, span: Range) -> str:
    """What sets this range on the command line, quoted for a shell."""
    parts = []
    if span.choices:
        values = f"[{','.join(map(_typed, span.choices))}]"
        if not span.when:
            return shlex.quote(f"search.space.{name}={values}")
        parts.append(f"values: {values}")
    else:
        # Whole ends would mean whole numbers.
        kind = int if span.integer else float
        ends = {"low": span.low, "high": span.high, "step": span.step}
        parts += [f"{key}: {_typed(kind(end))}" for key, end in ends.items() if end is not None]
        parts += ["log: true"] if span.log else []
    if span.when:
        stage = name.partition(".")[0]
        held = [
            f"{other.removeprefix(f'{stage}.')}: [{','.join(map(_typed, values))}]"
            for other, values in span.when.items()
        ]
        parts.append(f"when: {{{', '.join(held)}}}")
    return shlex.quote(f"search.space.{name}={{{', '.join(parts)}}}")


def _typed(value: Any) -> str:
    """As one types it, floats in full and always as floats."""
    return repr(value) if isinstance(value, float) else shown(value)


def _reachable(low: float, high: float, step: float | None) -> float:
    """The last value that the steps from `low` reach."""
    return low + step * math.floor((high - low) / step + 1e-9) if step else high


def _beyond(end: str, low: float, high: float, span: Range) -> float | None:
    """A new end that about doubles the room on this side, or None where 0 (of whole numbers 1) may
    be the last that there is."""
    factor = max(2.0, math.sqrt(high / low)) if span.log and low > 0 else 2.0
    if end == "upper":
        new = high * factor if high > 0 and low >= 0 else high + (high - low)
    else:
        new = low / factor if low > 0 else low - (high - low)
        if low == 0:
            return None
    if span.step:
        steps = math.ceil(abs(new - (high if end == "upper" else low)) / span.step - 1e-9)
        new = high + steps * span.step if end == "upper" else low - steps * span.step
        if low >= 0 > new:
            return None
    if span.integer:
        new = math.ceil(new) if end == "upper" else math.floor(new)
        if low > 0 and new < 1:
            return None
    # Rounded further, an end would not be on a step.
    return None if new in (low, high) else float(f"{new:.12g}" if span.step else f"{new:.4g}")
