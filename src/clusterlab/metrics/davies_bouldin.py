"""Davies-Bouldin index."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from clusterlab.errors import DataError
from clusterlab.metrics._contingency import codes
from clusterlab.metrics._geometry import centroids, check, squared_distances

_BLOCK = 256


def davies_bouldin(X: np.ndarray, labels: np.ndarray) -> float:
    """The mean over the clusters of the worst ratio of spread to separation.

    X: (n, d). labels: (n,) int. Returns a value of at least 0, lower is better. Comparable within
    one space only. Raises DataError for one cluster, for a cluster an image, where all vectors are
    equal, and where all centroids are (scikit-learn gives the best score, 0, there).
    Davies & Bouldin 1979.

    >>> davies_bouldin(np.array([[0.0], [2.0], [10.0], [12.0]]), np.array([0, 0, 1, 1]))
    0.2
    """
    check(X, labels, "davies_bouldin")
    clusters = codes(labels)
    sizes = np.bincount(clusters)
    centers = centroids(X, clusters, len(sizes))
    away = np.sqrt(squared_distances(X, clusters, centers))
    spread = np.bincount(clusters, weights=away) / sizes
    worst = np.empty(len(sizes))
    for start in range(0, len(sizes), _BLOCK):
        rows = slice(start, start + _BLOCK)
        apart = cdist(centers[rows], centers)
        # A cluster is not compared with itself, nor with one that has the same centroid.
        apart[apart == 0] = np.inf
        worst[rows] = ((spread[rows, np.newaxis] + spread) / apart).max(axis=1)
    if not np.isfinite(apart).any():
        raise DataError("davies_bouldin is undefined where all clusters have the same centroid.")
    return float(worst.mean())
