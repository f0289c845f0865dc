"""Silhouette, exact and without an n x n matrix."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from clusterlab.environment import n_cores
from clusterlab.metrics._contingency import codes
from clusterlab.metrics._geometry import check
from clusterlab.metrics._silhouette_blocks import Space

_ROWS = 256


def silhouette(
    X: np.ndarray, labels: np.ndarray, *, max_images: int = 30_000, random_state: int = 0
) -> float:
    """How much nearer an image is to its own cluster than to the next, on average.

    X: (n, d). labels: (n,) int; a negative label is a cluster like any other. Returns a value in
    [-1, 1], higher is better. Comparable within one space only. Raises DataError for one cluster,
    for a cluster an image, and where all vectors are equal. Rousseeuw 1987.
    Above `max_images` images it is a mean over about that many, drawn by cluster, each against all.

    >>> X = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> round(silhouette(X, np.array([0, 0, 1, 1])), 3)
    0.9
    """
    values = silhouette_samples(X, labels, max_images=max_images, random_state=random_state)
    return stratified_mean(values, labels)


def silhouette_samples(
    X: np.ndarray, labels: np.ndarray, *, max_images: int = 30_000, random_state: int = 0
) -> np.ndarray:
    """(n,) float64 silhouette of each image, NaN for those not drawn; 0 in a cluster of one."""
    check(X, labels, "silhouette")
    clusters = codes(labels)
    space = Space.build(X, clusters)
    drawn = np.flatnonzero(_draw(clusters, max_images, random_state)[space.order])
    blocks = [drawn[at : at + _ROWS] for at in range(0, len(drawn), _ROWS)]
    out = np.full(len(X), np.nan)
    # One BLAS thread a Python thread: the steps beside the product then run in parallel as well,
    # and the sums do not depend on the number of cores.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(n_cores()) as threads:
        for rows, values in zip(blocks, threads.map(space.score, blocks), strict=True):
            out[space.order[rows]] = values
    return out


def stratified_mean(values: np.ndarray, labels: np.ndarray) -> float:
    """The mean of the drawn values (those not NaN), each cluster weighted by its true size."""
    clusters = codes(labels)
    drawn = np.isfinite(values)
    sums = np.bincount(clusters[drawn], weights=values[drawn])
    means = sums / np.bincount(clusters[drawn])
    return float(means @ np.bincount(clusters) / len(clusters))


def _draw(clusters: np.ndarray, max_images: int, random_state: int) -> np.ndarray:
    """(n,) bool: everything, or about max_images, from each cluster in proportion, at least one."""
    n = len(clusters)
    if n <= max_images:
        return np.ones(n, dtype=bool)
    sizes = np.bincount(clusters)
    shuffled = np.random.default_rng(random_state).permutation(n)
    order = shuffled[np.argsort(clusters[shuffled], kind="stable")]
    rank = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    quota = np.maximum(sizes * max_images // n, 1)
    drawn = np.zeros(n, dtype=bool)
    drawn[order[rank < np.repeat(quota, sizes)]] = True
    return drawn
