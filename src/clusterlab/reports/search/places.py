"""Where a value lies along its range."""

from __future__ import annotations

import math
from typing import Any

from clusterlab.searching import Range


def place(value: Any, span: Range | None) -> float:
    """0 at the lower end, 1 at the upper, in ratios where the range is log; NaN for what is no
    number or has no range.

    >>> place(10, Range(low=1, high=100, log=True)), place("eom", Range(choices=("eom", "leaf")))
    (0.5, nan)
    """
    if span is None or span.low is None or span.high is None or not is_number(value):
        return math.nan
    if span.high == span.low:
        return 0.0
    if span.log and min(span.low, value) > 0:
        return math.log(value / span.low) / math.log(span.high / span.low)
    return float((value - span.low) / (span.high - span.low))


def is_number(value: Any) -> bool:
    """True for whole and other numbers, not for true and false.

    >>> is_number(2), is_number(True), is_number("2")
    (True, False, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)
