"""The silhouettes of a block of images at a time: exact, without the pairs that cannot matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterlab.metrics._geometry import centroids, squared_distances

# Columns of the distances that a thread holds at once, beside the rows that it is given.
_COLUMNS = 1024
# Up to here the matrix product is cheap and close pairs are common: double precision at once.
_FEW_DIMENSIONS = 16
# A squared distance below this share of the squared length, in single precision, is computed again.
_CLOSE = 0.05

_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


@dataclass(frozen=True)
class Space:
    """The images cluster by cluster, near clusters side by side; `order` leads to the rows of X.

    clusters: (n,) the cluster at each position. sizes, starts: (k,). centers: (k, d).
    spread: (k,) mean squared distance to the center.
    """

    X: np.ndarray
    order: np.ndarray
    clusters: np.ndarray
    sizes: np.ndarray
    starts: np.ndarray
    centers: np.ndarray
    spread: np.ndarray

    @staticmethod
    def build(X: np.ndarray, clusters: np.ndarray) -> Space:
        """clusters: (n,) codes 0..k-1."""
        sizes = np.bincount(clusters)
        centers = centroids(X, clusters, len(sizes))
        away = squared_distances(X, clusters, centers)
        spread = np.bincount(clusters, weights=away) / sizes
        tour = _side_by_side(centers, np.arange(len(sizes)))
        place = np.argsort(tour)[clusters]
        order, sizes = np.argsort(place, kind="stable"), sizes[tour]
        starts = np.cumsum(sizes) - sizes
        return Space(X, order, place[order], sizes, starts, centers[tour], spread[tour])

    def score(self, rows: np.ndarray) -> np.ndarray:
        """rows: (b,) ascending positions. Returns (b,) float64 silhouettes."""
        own, at = self.clusters[rows], np.arange(len(rows))
        inner = np.empty(len(rows))
        for cluster in np.unique(own):
            same = own == cluster
            # Seen from its own center: rounding would show in a tight cluster far from the others.
            center = self.centers[cluster]
            sums = self._sums(rows[same], np.array([cluster]), center, _DOUBLE)
            inner[same] = sums[:, 0] / max(self.sizes[cluster] - 1, 1)
        center = self.centers[own].mean(axis=0)
        near = self._may_be_next(rows, own, center)
        precision = _DOUBLE if self.X.shape[1] <= _FEW_DIMENSIONS else _SINGLE
        means = np.full((len(rows), len(self.sizes)), np.inf)
        means[:, near] = self._sums(rows, near, center, precision) / self.sizes[near]
        means[at, own] = np.inf
        outer = means.min(axis=1)
        larger = np.maximum(np.maximum(inner, outer), np.finfo(np.float64).tiny)
        return np.where(self.sizes[own] == 1, 0.0, (outer - inner) / larger)

    def _may_be_next(self, rows: np.ndarray, own: np.ndarray, center: np.ndarray) -> np.ndarray:
        """The clusters without those that are certainly not the next one of any row.

        The mean distance to a cluster lies between the distance to its center and the root of that
        distance squared plus the cluster's spread (Jensen's inequality, both ways).
        """
        low = _squared(self._lifted(rows, center, _DOUBLE), _lift(self.centers - center))
        high = low + self.spread
        high[np.arange(len(rows)), own] = np.inf
        low[np.arange(len(rows)), own] = np.inf
        bound = high.min(axis=1, keepdims=True)
        return np.flatnonzero((low * (1 - 1e-6) <= bound).any(axis=0))

    def _sums(
        self, rows: np.ndarray, wanted: np.ndarray, center: np.ndarray, precision: np.dtype
    ) -> np.ndarray:
        """(len(rows), len(wanted)) float64 sum of the distances to each wanted cluster."""
        sums = np.zeros((len(rows), len(wanted)))
        points = self._lifted(rows, center, precision)
        spans = [np.arange(self.sizes[cluster]) + self.starts[cluster] for cluster in wanted]
        others, column = (
            np.concatenate(spans),
            np.repeat(np.arange(len(wanted)), self.sizes[wanted]),
        )
        for start in range(0, len(others), _COLUMNS):
            tile = slice(start, start + _COLUMNS)
            squared = _squared(points, self._lifted(others[tile], center, precision))
            if precision == _SINGLE and _any_close(squared, points):
                squared = _squared(
                    self._lifted(rows, center, _DOUBLE), self._lifted(others[tile], center, _DOUBLE)
                )
            distances = np.sqrt(squared, out=squared)
            starts = np.flatnonzero(np.diff(column[tile], prepend=-1))
            sums[:, column[tile][starts]] += np.add.reduceat(distances, starts, axis=1)
        return sums

    def _lifted(self, rows: np.ndarray, center: np.ndarray, precision: np.dtype) -> np.ndarray:
        away = self.X.take(self.order[rows], axis=0) - center.astype(precision)
        return _lift(away.astype(precision, copy=False))


def _lift(vectors: np.ndarray) -> np.ndarray:
    """(n, d + 2): the vectors, their squared lengths, and ones."""
    n, d = vectors.shape
    lifted = np.ones((n, d + 2), dtype=vectors.dtype)
    lifted[:, :d] = vectors
    np.einsum("ij,ij->i", vectors, vectors, out=lifted[:, d])
    return lifted


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances of lifted vectors by one matrix product.

    In double precision what may be rounding alone is 0, so that equal points are; in single
    precision they may even be negative.
    """
    left = -2 * a
    left[:, -2], left[:, -1] = 1, a[:, -2]
    squared = left @ b.T
    if squared.dtype == _DOUBLE:
        squared *= squared > 64 * np.finfo(_DOUBLE).eps * a[:, -2:-1]
    return np.asarray(squared)


def _any_close(squared: np.ndarray, points: np.ndarray) -> bool:
    """Whether rounding could show: a small difference of long vectors' squared lengths."""
    return bool((squared.min(axis=1) < _CLOSE * points[:, -2]).any())


def _side_by_side(centers: np.ndarray, members: np.ndarray) -> np.ndarray:
    """The members so that near centers are mostly near in the order: halved again and again."""
    if len(members) < 3:
        return members
    axis = centers[members].var(axis=0).argmax()
    line = members[np.argsort(centers[members, axis], kind="stable")]
    half = len(line) // 2
    return np.concatenate(
        [_side_by_side(centers, line[:half]), _side_by_side(centers, line[half:])]
    )
