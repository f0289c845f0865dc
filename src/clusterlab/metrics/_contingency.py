"""The table of clusters against classes, and the few sums of it that external metrics need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.special import xlogy
from sklearn.metrics.cluster import expected_mutual_information

from clusterlab.errors import DataError

_DENSE_CELLS = 1_000_000


@dataclass(frozen=True)
class Margins:
    """What a permutation of the truth leaves as it is.

    labels, truth: (n,) codes 0..k-1 and 0..c-1, each of them used. sizes: (k,) images a cluster.
    class_sizes: (c,) images a class.
    """

    labels: np.ndarray
    truth: np.ndarray
    sizes: np.ndarray
    class_sizes: np.ndarray

    @property
    def n(self) -> int:
        return len(self.labels)

    @cached_property
    def labels_entropy(self) -> float:
        """In nats."""
        return _entropy(self.sizes)

    @cached_property
    def truth_entropy(self) -> float:
        """In nats."""
        return _entropy(self.class_sizes)

    @cached_property
    def expected_information(self) -> float:
        """The mean mutual information over all permutations, in nats. Vinh et al. 2010."""
        ones = np.ones(self.n, dtype=np.int64)
        table = sparse.csr_matrix((ones, (self.truth, self.labels)))
        return float(expected_mutual_information(table, self.n))


@dataclass(frozen=True)
class Contingency:
    """One table, or p tables with the same margins.

    joint: (p,) sum of x log x over the cells. majority: (p,) sum over the clusters of the largest
    cell. squares: (p,) sum of x² over the cells.
    """

    margins: Margins
    joint: np.ndarray
    majority: np.ndarray
    squares: np.ndarray

    @property
    def information(self) -> np.ndarray:
        """(p,) mutual information in nats."""
        n, margins = self.margins.n, self.margins
        joint_entropy = np.log(n) - self.joint / n
        # It lies between 0 and either entropy but for rounding.
        most = min(margins.labels_entropy, margins.truth_entropy)
        marginal = margins.labels_entropy + margins.truth_entropy
        return np.asarray(np.clip(marginal - joint_entropy, 0.0, most))


def contingency(labels: np.ndarray, truth: np.ndarray) -> Contingency:
    """Tabulate two labellings of the same images.

    labels, truth: (n,) int, any values. Raises DataError if the lengths differ or are zero.
    """
    labels, truth = np.asarray(labels), np.asarray(truth)
    if labels.ndim != 1 or labels.shape != truth.shape or not len(labels):
        raise DataError(
            f"A clustering of shape {labels.shape} cannot be scored against labels of shape "
            f"{truth.shape}: both must be (n,) with n >= 1."
        )
    clusters, classes = codes(labels), codes(truth)
    margins = Margins(clusters, classes, np.bincount(clusters), np.bincount(classes))
    return tabulate(margins, classes[np.newaxis])


def tabulate(margins: Margins, truths: np.ndarray) -> Contingency:
    """truths: (p, n) codes, each row a permutation of `margins.truth`."""
    k, c, p = len(margins.sizes), len(margins.class_sizes), len(truths)
    cells = margins.labels * c + truths
    if k * c > max(_DENSE_CELLS, 4 * margins.n):
        # A table of mostly empty cells (noise as singletons) would not be flat in memory.
        sums = [_sparse_sums(row, c) for row in cells]
        joint, majority, squares = np.array(sums).T
        return Contingency(margins, joint, majority, squares)
    if p > 1:
        cells += (np.arange(p) * (k * c))[:, np.newaxis]
    table = np.bincount(cells.ravel(), minlength=p * k * c).reshape(p, k, c)
    flat = table.reshape(p, k * c).astype(np.float64)
    return Contingency(
        margins,
        xlogy(flat, flat).sum(axis=1),
        table.max(axis=2).sum(axis=1).astype(np.float64),
        np.square(flat).sum(axis=1),
    )


def codes(values: np.ndarray) -> np.ndarray:
    """(n,) int of any values to (n,) codes 0..k-1 in the order of the values."""
    low, high = int(values.min()), int(values.max())
    if high - low > 4 * len(values):
        return np.unique(values, return_inverse=True)[1]
    shifted = values.astype(np.int64) - low
    used = np.bincount(shifted) > 0
    return shifted if used.all() else (np.cumsum(used) - 1)[shifted]


def _sparse_sums(cells: np.ndarray, n_classes: int) -> tuple[float, float, float]:
    found, counts = np.unique(cells, return_counts=True)
    clusters = found // n_classes
    starts = np.flatnonzero(np.diff(clusters, prepend=-1))
    majority = np.maximum.reduceat(counts, starts).sum()
    values = counts.astype(np.float64)
    return float(xlogy(values, values).sum()), float(majority), float(np.square(values).sum())


def _entropy(counts: np.ndarray) -> float:
    n = counts.sum()
    return float(np.log(n) - xlogy(counts, counts).sum() / n)
