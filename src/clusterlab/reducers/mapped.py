"""New images into the space that a run reduced its own to, by the arrays that it kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import get_tags

from clusterlab.estimators import steps

_HIDDEN = "hidden.weight"


def mapped(reducer: Any, fitted: Mapping[str, np.ndarray], values: np.ndarray) -> np.ndarray | None:
    """reducer: as it was built, unfitted. fitted: "<step>.<attribute>" -> array, as `fitted_arrays`
    has them, or an MLP's. values: (n, d). Returns (n, r) float32, or None where a step is no linear
    map (UMAP, t-SNE), so that nothing can be said about a new image.

    >>> from sklearn.preprocessing import StandardScaler
    >>> arrays = {"0.mean_": np.array([1.0]), "0.scale_": np.array([2.0])}
    >>> mapped(StandardScaler(), arrays, np.array([[5.0]])).tolist()
    [[2.0]]
    """
    if _HIDDEN in fitted:
        hidden = values.astype(np.float64) @ fitted[_HIDDEN] + fitted["hidden.bias"]
        return np.asarray(np.maximum(hidden, 0), dtype=np.float32)
    found = values
    for number, step in enumerate(steps(reducer)):
        own = {
            name.partition(".")[2]: array
            for name, array in fitted.items()
            if name.partition(".")[0] == str(number)
        }
        if own:
            found = _linear(step, own, found)
        elif hasattr(step, "transform") and not get_tags(step).requires_fit:
            found = step.transform(found)
        else:
            return None
    return np.asarray(found, dtype=np.float32)


def _linear(step: Any, own: Mapping[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    # In float64, so that an image's values do not depend on those it comes with.
    found: np.ndarray = values.astype(np.float64) - own.get("mean_", 0)
    found = found / own.get("scale_", 1)
    if "components_" in own:
        found = found @ own["components_"].T
        if getattr(step, "whiten", False):
            found = found / np.sqrt(own["explained_variance_"])
    return found
