"""The part of an axis that good values take, so that a few very bad ones do not squeeze them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

REACH = 6.0
PAD = 0.06


def window(values: Sequence[float], *, maximize: bool) -> tuple[float, float]:
    """Lower and upper limit. On the worse side the axis ends at most six times as far from the
    best value as the median is. values: at least one, all finite.

    >>> window([0.0, 0.5, 1.0], maximize=True)
    (-0.06, 1.06)
    >>> low, high = window([1.0, 2.0, 3.0, 500.0], maximize=False)
    >>> round(high, 1)
    10.5
    """
    found = np.asarray(values, dtype=float)
    low, high = float(found.min()), float(found.max())
    middle = float(np.median(found))
    if maximize and middle < high:
        low = max(low, high - REACH * (high - middle))
    elif not maximize and middle > low:
        high = min(high, low + REACH * (middle - low))
    pad = PAD * (high - low) or max(abs(high), 1.0) * PAD
    return low - pad, high + pad
