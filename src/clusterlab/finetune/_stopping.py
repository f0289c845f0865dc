"""When training stops early: strikes in a row, as the recipe counts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def strikes(values: Sequence[float], *, tolerance: float, greater_is_better: bool) -> int:
    """How many epochs in a row, up to the last, were strikes. values: one an epoch.

    An epoch is a strike where it is worse than the best before it by more than `tolerance`; with a
    tolerance of 0, where it is no better.

    >>> strikes([.5, .7, .695, .68, .6], tolerance=.01, greater_is_better=True)
    2
    >>> strikes([.5, .7, .7], tolerance=0, greater_is_better=True)
    1
    """
    found = 0
    best = -np.inf
    for value in values:
        score = value if greater_is_better else -value
        # Rounded, so that .70 is no more than .01 above .69.
        worse = score <= best if tolerance == 0 else round(best - score, 9) > tolerance
        found = found + 1 if worse or np.isnan(score) else 0
        best = max(best, score)
    return found
