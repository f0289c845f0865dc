"""The arrays by which a fitted linear reducer maps new images."""

from __future__ import annotations

from typing import Any

import numpy as np

from clusterlab.estimators import steps

_ATTRIBUTES = ("mean_", "scale_", "components_", "explained_variance_")


def fitted_arrays(reducer: Any) -> dict[str, np.ndarray]:
    """ "<step>.<attribute>" -> array, for each step of a Pipeline (0 where there is one step).

    A reducer that is no linear map (UMAP, t-SNE) has none: what it learned is its embedding.

    >>> from sklearn.preprocessing import StandardScaler
    >>> sorted(fitted_arrays(StandardScaler().fit(np.eye(2))))
    ['0.mean_', '0.scale_']
    """
    found = {}
    for number, step in enumerate(steps(reducer)):
        for attribute in _ATTRIBUTES:
            array = getattr(step, attribute, None)
            if isinstance(array, np.ndarray):
                found[f"{number}.{attribute}"] = array
    return found
