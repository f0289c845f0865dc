"""Runs any scikit-learn-compatible clusterer, and answers for what it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from clusterlab.clusterers.strength import strength
from clusterlab.errors import ComponentError
from clusterlab.estimators import all_rows_equal, call, name_of, steps
from clusterlab.types import NOISE, Clustering


def cluster(clusterer: Any, X: np.ndarray) -> tuple[Clustering, tuple[str, ...]]:
    """Fits the clusterer on the features and returns the clustering with its notes.

    clusterer: has `fit_predict`, or `fit` and then `labels_`; a scikit-learn Pipeline will do.
    X: (n, r) float32, finite; left unchanged. Returns the clustering, with strengths and a cost
    (`cost_`) where the clusterer has any, and sentences for the reader of the report: what it
    decided by itself (its `notes_`) and the warnings it gave.
    Raises ComponentError if all rows are equal, if more clusters are asked for than there are
    images, if the clusterer fails (its own error is chained), or if it returns anything but one
    integer >= -1 an image.

    >>> from sklearn.cluster import KMeans
    >>> X = np.array([[0], [1], [8], [9]], dtype=np.float32)
    >>> clustering, notes = cluster(KMeans(n_clusters=2, random_state=0), X)
    >>> clustering.labels
    array([1, 1, 0, 0])
    """
    _check_input(clusterer, X)
    labels, notes = call("Clusterer", clusterer, _labelling(clusterer), X)
    found = _checked(labels, clusterer, len(X))
    cost = getattr(steps(clusterer)[-1], "cost_", None)
    cost = None if cost is None else float(cost)
    return Clustering(found, strength(clusterer, X), cost), notes


def _check_input(clusterer: Any, X: np.ndarray) -> None:
    n = len(X)
    for key in ("n_clusters", "n_components"):
        k = getattr(steps(clusterer)[-1], key, None)
        if isinstance(k, int) and k > n:
            raise ComponentError(
                f"{key}={k}, but there are only {n} images: set clusterer.{key}={n} or less."
            )
    if all_rows_equal(X):
        raise ComponentError(
            f"All {n} rows that {name_of(clusterer)} was given are equal, so there is nothing to "
            "cluster. Check the extractor and the reducer."
        )


def _labelling(clusterer: Any) -> Callable[[np.ndarray], Any]:
    def fit_and_read(X: np.ndarray) -> Any:
        clusterer.fit(X)
        return clusterer.labels_

    return getattr(clusterer, "fit_predict", fit_and_read)


def _checked(labels: Any, clusterer: Any, n: int) -> np.ndarray:
    found = np.asarray(labels)
    if found.shape != (n,):
        raise ComponentError(
            f"Clusterer {name_of(clusterer)} returned labels of shape {found.shape}; "
            f"expected ({n},), one an image."
        )
    if not np.issubdtype(found.dtype, np.integer):
        raise ComponentError(
            f"Clusterer {name_of(clusterer)} returned {found.dtype} labels, such as {found[0]!r}; "
            "expected integers, -1 for noise."
        )
    found = found.astype(np.int64)
    if found.min() < NOISE:
        raise ComponentError(
            f"Clusterer {name_of(clusterer)} returned the label {found.min()}; "
            "expected -1 for noise, and 0 or more for a cluster."
        )
    return found
