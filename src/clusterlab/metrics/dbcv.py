"""Density-based clustering validation (DBCV)."""

from __future__ import annotations

import numpy as np

from clusterlab.errors import DataError
from clusterlab.metrics._geometry import check
from clusterlab.types import NOISE

MOST_MEMBERS = 12_000
"""Of one cluster. Its pairs then take 8 GB, seven numbers each, and a minute."""

# Of natural logarithms: e to this power is as far as float64 goes, less a margin for the sums.
_REACH = 680.0


def dbcv(X: np.ndarray, labels: np.ndarray) -> float:
    """How much denser the clusters are inside than the gaps between them, whatever their shape.

    X: (n, d); distances are Euclidean, in float64. labels: (n,) int, -1 = noise. Returns a value in
    [-1, 1], higher is better: the mean over the clusters weighted by size, in which noise has
    weight but no worth, so that throwing images away costs. A cluster of one image is noise, as in
    the authors' program. Comparable within one space only. Time and memory grow with the square of
    the largest cluster. The spanning trees that it is read from are not unique: here the rows are
    put in one order first, so that theirs does not matter; on overlapping clusters the library's
    value moves by some hundredths with the order, so smaller differences mean nothing.
    Raises DataError without two clusters, where a cluster has more than 12,000 images, and where
    the densities go beyond float64 (they are distances to the power of -d, so it is a matter of
    many dimensions). Moulavi et al. 2014.

    >>> X = np.array([[0.0], [1.0], [2.0], [20.0], [21.0], [22.0]])
    >>> round(dbcv(X, np.array([0, 0, 0, 1, 1, 1])), 2)
    0.93
    """
    # Few runs ask for this, and hdbscan is slow to import.
    from hdbscan.validity import validity_index

    check(X, labels, "dbcv")
    X, clusters = _in_order(X, _without_singles(np.asarray(labels)))
    held = clusters != NOISE
    if not held.any():
        raise DataError("dbcv is undefined where no cluster has two images.")
    check(X[held], clusters[held], "dbcv")
    sizes = np.bincount(clusters[held])
    if sizes.max() > MOST_MEMBERS:
        raise DataError(
            f"dbcv holds all pairs of a cluster at once: {MOST_MEMBERS:,} images a cluster are the "
            f"limit, and the largest has {sizes.max():,}. Ask for more or smaller clusters, or "
            "leave it out: evaluator.dbcv=false."
        )
    points = X.astype(np.float64)
    # Neither changes the index; both keep rounding out of it and powers of distances within reach.
    points -= points.mean(axis=0)
    points *= _scale(points, clusters)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(validity_index(points, clusters))
    if not np.isfinite(value):
        raise DataError(
            "dbcv is undefined where clusters of equal vectors lie in the same place. Check the "
            "extractor and the reducer."
        )
    return value


def _without_singles(labels: np.ndarray) -> np.ndarray:
    """(n,) int64 clusters 0..k-1 of two or more images, all else noise."""
    numbers, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    kept = (counts > 1) & (numbers >= 0)
    renumbered = np.where(kept, np.cumsum(kept) - 1, NOISE)
    return np.asarray(renumbered[inverse], dtype=np.int64)


def _in_order(X: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both by the rows of X, compared column by column."""
    order = np.argsort(np.unique(X, axis=0, return_inverse=True)[1].ravel(), kind="stable")
    return X[order], clusters[order]


def _scale(X: np.ndarray, clusters: np.ndarray) -> float:
    """What brings the distances to the nearest member of the own cluster around 1."""
    nearest = [_nearest(X[clusters == k]) for k in range(clusters.max() + 1)]
    away = np.concatenate(nearest)
    if not len(away):
        return 1.0
    low, high = np.log(away.min()), np.log(away.max())
    d = X.shape[1]
    if d * (high - low) / 2 + np.log(len(X)) > _REACH:
        raise DataError(
            f"dbcv is undefined in {d:,} dimensions here: densities are distances to the power of "
            f"-{d:,}, which go beyond float64 for distances from {away.min():.3g} to "
            f"{away.max():.3g}. Measure it in fewer dimensions, such as those of reducer=umap."
        )
    return float(np.exp(-(low + high) / 2))


def _nearest(members: np.ndarray) -> np.ndarray:
    """The distance of each member to the nearest that is not its equal; none where all are."""
    from sklearn.neighbors import NearestNeighbors

    unique = np.unique(members, axis=0)
    if len(unique) < 2:
        return np.empty(0)
    found = NearestNeighbors(n_neighbors=2).fit(unique).kneighbors(unique)[0][:, 1]
    return np.asarray(found[found > 0])
