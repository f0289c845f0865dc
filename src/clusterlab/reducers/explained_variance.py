"""Finds how much variance each component of a fitted PCA holds."""

from __future__ import annotations

from typing import Any

import numpy as np


def explained_variance(reducer: Any) -> np.ndarray | None:
    """The share of variance per component, (r,) float64 in [0, 1], descending.

    Looks at the fitted reducer itself, and in a scikit-learn Pipeline at its steps from the last
    to the first. None where none of them tells its `explained_variance_ratio_`.

    >>> from sklearn.preprocessing import StandardScaler
    >>> explained_variance(StandardScaler()) is None
    True
    """
    for _, step in reversed(getattr(reducer, "steps", [])):
        found = explained_variance(step)
        if found is not None:
            return found
    share = getattr(reducer, "explained_variance_ratio_", None)
    return None if share is None else np.asarray(share, dtype=np.float64)
