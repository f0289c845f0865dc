"""Exact nearest neighbours, the same whatever the number of threads."""

from __future__ import annotations

import faiss
import numpy as np

_BLOCK = 256
# More than are asked for are sought: faiss rounds, and the order near the last one is settled here.
_SPARE = 8
_ROUNDING = 1e-5


def nearest(X: np.ndarray, *, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other rows of every row, by Euclidean distance; equally far ones by row.

    X: (n, d) float32. Returns indices (n, k) int64 and distances (n, k) float32, ascending, with
    k = min(n_neighbors, n - 1). Equal rows are neighbours at distance 0. Memory grows with n, time
    with n².

    >>> nearest(np.float32([[0], [1], [3], [1]]), n_neighbors=2)
    (array([[1, 3],
           [3, 0],
           [1, 3],
           [1, 0]]), array([[1., 1.],
           [0., 1.],
           [2., 2.],
           [0., 1.]], dtype=float32))
    """
    n = len(X)
    k = min(n_neighbors, n - 1)
    if k < 1:
        return np.empty((n, 0), np.int64), np.empty((n, 0), np.float32)
    # Thousands of equal rows would tie with each other, so that each kind of row is sought once.
    first, kind = _kinds(X)
    found, distances = _of_kinds(X[first], min(k, len(first) - 1))
    if len(first) == n:
        return found, distances
    return _of_rows(kind, found, distances, k)


def _kinds(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first row of each kind of equal rows, ascending, and the kind of each row."""
    same = np.ascontiguousarray(X + np.float32(0))
    raw = same.view(np.dtype((np.void, same.dtype.itemsize * same.shape[1]))).ravel()
    _, first, kind = np.unique(raw, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[kind.ravel()]


def _of_kinds(X: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest`, of rows that all differ. k: in [0, n - 1]."""
    n = len(X)
    if k < 1:
        return np.empty((n, 0), np.int64), np.empty((n, 0), np.float32)
    # faiss expands |a - b|², which loses digits far from the origin.
    points = np.ascontiguousarray(X - X.mean(axis=0, dtype=np.float64), dtype=np.float32)
    sought = min(k + 1 + _SPARE, n)
    reach, found = faiss.knn(points, points, sought)
    own = found == np.arange(n)[:, None]
    own[~own.any(axis=1), -1] = True
    others = found[~own].reshape(n, sought - 1)
    distances = _distances(X, others)
    order = np.lexsort((others, distances), axis=1)[:, :k]
    indices = np.take_along_axis(others, order, axis=1).astype(np.int64)
    distances = np.take_along_axis(distances, order, axis=1)
    if sought < n:
        norms = np.einsum("ij,ij->i", points, points)
        error = _ROUNDING * (norms + norms.max())
        last = distances[:, -1].astype(np.float64) ** 2
        open_ = np.flatnonzero(last >= reach[:, -1] - error)
        if len(open_):
            indices[open_], distances[open_] = _by_force(X, open_, k)
    return indices, distances


def _by_force(X: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest`, of these rows: where more are equally far than faiss was asked for."""
    points = X - X.mean(axis=0, dtype=np.float64)
    norms = (points**2).sum(axis=1)
    indices = np.empty((len(rows), k), np.int64)
    distances = np.empty((len(rows), k), np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        squared = norms[block, None] + norms - 2 * points[block] @ points.T
        squared[np.arange(len(block)), block] = np.inf
        kth = np.partition(squared, k - 1, axis=1)[:, k - 1]
        limit = kth + 1e-6 * kth + 1e-12 * (norms[block] + norms.max())
        for at, row in enumerate(block):
            near = np.flatnonzero(squared[at] <= limit[at])
            exact = _distances(X, near[None], rows=np.array([row]))[0]
            order = np.lexsort((near, exact))[:k]
            indices[start + at], distances[start + at] = near[order], exact[order]
    return indices, distances


def _distances(X: np.ndarray, others: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """(m, k) float32: by differences in double precision, so that equal distances are equal."""
    rows = np.arange(len(X)) if rows is None else rows
    distances = np.empty(others.shape, np.float32)
    wide = X.shape[1] * max(others.shape[1], 1)
    block = max(1, min(_BLOCK, 4_000_000 // wide))
    for start in range(0, len(rows), block):
        part = slice(start, start + block)
        difference = X[others[part]].astype(np.float64) - X[rows[part], None]
        distances[part] = np.sqrt(np.einsum("ijk,ijk->ij", difference, difference))
    return distances


def _of_rows(
    kind: np.ndarray, found: np.ndarray, distances: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours of rows from those of their kinds. kind: (n,) int."""
    by_kind = np.argsort(kind, kind="stable")
    all_members = np.split(by_kind, np.cumsum(np.bincount(kind))[:-1])
    # Of one kind no more than k + 1 rows can be wanted: they are equally far.
    members = [rows[: k + 1] for rows in all_members]
    indices = np.empty((len(kind), k), np.int64)
    values = np.empty((len(kind), k), np.float32)
    for one, own in enumerate(all_members):
        parts = [members[one], *(members[other] for other in found[one])]
        away = np.repeat(np.r_[np.float32(0), distances[one]], [len(part) for part in parts])
        rows = np.concatenate(parts)
        order = np.lexsort((rows, away))[: k + 1]
        rows, away = rows[order], away[order]
        for row in own:
            keep = rows != row
            if keep.all():
                keep[-1] = False
            indices[row], values[row] = rows[keep][:k], away[keep][:k]
    return indices, values
