"""New images into the space that a run reduced its own to, by the arrays that it kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import decomposition
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from clusterlab.estimators import steps
from clusterlab.reducers.pca import PCA

_HIDDEN = "hidden.weight"
# Of others, arrays of the same names mean something else: MinMaxScaler multiplies by its scale_.
_PCAS = (PCA, decomposition.PCA, decomposition.IncrementalPCA)


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
        # In float64, so that an image's values do not depend on those it comes with.
        if own and isinstance(step, StandardScaler):
            found = _standardized(step, own, found.astype(np.float64))
        elif own and isinstance(step, _PCAS):
            found = _projected(step, own, found.astype(np.float64))
        elif isinstance(step, BaseEstimator) and not get_tags(step).requires_fit:
            found = step.transform(found)
        else:
            return None
    return np.asarray(found, dtype=np.float32)


def _standardized(
    step: StandardScaler, own: Mapping[str, np.ndarray], values: np.ndarray
) -> np.ndarray:
    centred = values - own["mean_"] if step.with_mean else values
    return np.asarray(centred / own["scale_"] if step.with_std else centred)


def _projected(step: Any, own: Mapping[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    found = (values - own["mean_"]) @ own["components_"].T
    return np.asarray(found / np.sqrt(own["explained_variance_"]) if step.whiten else found)
