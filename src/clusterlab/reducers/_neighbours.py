"""Exact nearest neighbours by faiss."""

from __future__ import annotations

import faiss
import numpy as np

METRICS = ("euclidean", "cosine", "correlation")
_BLOCK = 512


def exact_neighbours(
    X: np.ndarray, *, n_neighbors: int, metric: str
) -> tuple[np.ndarray, np.ndarray]:
    """The n_neighbors nearest rows of every row, the row itself first.

    X: (n, d) float32. metric: one of METRICS. n_neighbors: in [1, n]. Returns indices
    (n, n_neighbors) int64 and distances (n, n_neighbors) float32, ascending. Memory grows with n,
    not n².

    >>> exact_neighbours(np.float32([[0], [1], [3]]), n_neighbors=2, metric="euclidean")
    (array([[0, 1],
           [1, 0],
           [2, 1]]), array([[0., 1.],
           [0., 1.],
           [0., 2.]], dtype=float32))
    """
    points = _euclidean_points(X, metric)
    _, found = faiss.knn(points, points, n_neighbors)
    others = _without_self(found)
    distances = _distances(points, others)
    if metric != "euclidean":
        # For unit vectors |a - b|² = 2 (1 - cos).
        distances = distances**2 / 2
    order = np.argsort(distances, axis=1, kind="stable")
    own = np.arange(len(X))[:, None]
    indices = np.hstack([own, np.take_along_axis(others, order, axis=1)])
    zeros = np.zeros((len(X), 1), dtype=np.float32)
    return indices, np.hstack([zeros, np.take_along_axis(distances, order, axis=1)])


def _euclidean_points(X: np.ndarray, metric: str) -> np.ndarray:
    """Points whose Euclidean neighbours are the neighbours under the metric."""
    if metric == "euclidean":
        # faiss expands |a - b|², which loses digits far from the origin.
        return np.ascontiguousarray(X - X.mean(axis=0), dtype=np.float32)
    if metric == "correlation":
        X = X - X.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(X, axis=1, keepdims=True)
    # A zero row has no direction. umap-learn puts it at distance 0 from another zero row and at 1
    # from the rest, just like a unit vector along an axis of its own.
    zero = norms == 0
    points: np.ndarray = np.hstack([X / np.where(zero, 1, norms), zero]).astype(np.float32)
    return points


def _without_self(found: np.ndarray) -> np.ndarray:
    n, k = found.shape
    own = found == np.arange(n)[:, None]
    # A row with k or more exact copies may miss itself: its last copy gives way.
    own[~own.any(axis=1), -1] = True
    others: np.ndarray = found[~own]
    return others.reshape(n, k - 1)


def _distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    distances = np.empty(others.shape, dtype=np.float32)
    for start in range(0, len(points), _BLOCK):
        block = slice(start, start + _BLOCK)
        difference = points[others[block]] - points[block, None]
        distances[block] = np.sqrt(np.einsum("ijk,ijk->ij", difference, difference))
    return distances
