"""How firmly each image belongs to its cluster."""

from __future__ import annotations

from typing import Any

import numpy as np

from clusterlab.errors import ComponentError

_ROUNDING = 1e-6


def strength(clusterer: Any, X: np.ndarray) -> np.ndarray | None:
    """The membership strengths of a fitted clusterer: (n,) float64 in [0, 1], higher is firmer.

    Its `probabilities_` (HDBSCAN; 0 for noise), else the largest of each row of its
    `predict_proba(X)` (a Gaussian mixture: the posterior of the chosen component), else None.
    Raises ComponentError if they are not one number in [0, 1] an image.

    >>> from sklearn.cluster import KMeans
    >>> X = np.array([[0], [1], [8], [9]], dtype=np.float32)
    >>> strength(KMeans(n_clusters=2).fit(X), X) is None
    True
    """
    last = clusterer.steps[-1][1] if hasattr(clusterer, "steps") else clusterer
    if hasattr(last, "probabilities_"):
        values = np.asarray(last.probabilities_, dtype=np.float64)
    elif hasattr(clusterer, "predict_proba"):
        values = np.asarray(clusterer.predict_proba(X), dtype=np.float64).max(axis=1)
    else:
        return None
    inside = (values >= -_ROUNDING) & (values <= 1 + _ROUNDING)
    if values.shape != (len(X),) or not inside.all():
        raise ComponentError(
            f"The strengths of clusterer {type(last).__name__} have shape {values.shape} and lie "
            f"in [{values.min():.3g}, {values.max():.3g}]; expected ({len(X)},) in [0, 1]."
        )
    return values.clip(0, 1)
