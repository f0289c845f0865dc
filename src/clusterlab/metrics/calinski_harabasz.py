"""Calinski-Harabasz index."""

from __future__ import annotations

import numpy as np

from clusterlab.errors import DataError
from clusterlab.metrics._contingency import codes
from clusterlab.metrics._geometry import centroids, check, squared_distances


def calinski_harabasz(X: np.ndarray, labels: np.ndarray) -> float:
    """The ratio of the dispersion between the clusters to that within, each per degree of freedom.

    X: (n, d). labels: (n,) int. Returns a value of at least 0, higher is better. Comparable within
    one space only. Raises DataError for one cluster, for a cluster an image, where all vectors are
    equal, and where the vectors of each cluster are equal (the ratio has no bound; scikit-learn
    gives 1 there). Calinski & Harabasz 1974.

    >>> calinski_harabasz(np.array([[0.0], [2.0], [10.0], [12.0]]), np.array([0, 0, 1, 1]))
    50.0
    """
    check(X, labels, "calinski_harabasz")
    clusters = codes(labels)
    sizes = np.bincount(clusters)
    k, n = len(sizes), len(clusters)
    centers = centroids(X, clusters, k)
    within = float(squared_distances(X, clusters, centers).sum())
    mean = sizes @ centers / n
    between = float(sizes @ np.square(centers - mean).sum(axis=1))
    # Rounding of the centroids alone gives a little dispersion.
    if within <= 1e-14 * between:
        raise DataError("calinski_harabasz has no bound where the vectors of a cluster are equal.")
    return between / within * (n - k) / (k - 1)
