"""Which members of a cluster stand for it."""

from __future__ import annotations

import numpy as np


def central_first(values: np.ndarray, rows: np.ndarray, medoid: int | None = None) -> np.ndarray:
    """The rows of one cluster, the nearest to their mean first; the medoid comes before all.

    values: (n, d) float. rows: (m,) int of the cluster's members. medoid: one of them.
    """
    block = values[rows].astype(np.float64)
    distance = np.linalg.norm(block - block.mean(axis=0), axis=1)
    return rows[np.lexsort((distance, rows != medoid))]


def showcase(ordered: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Up to `count` rows: the most central half, then a fixed random draw from the others.

    A sheet of central members alone makes every cluster look pure. Returns the rows and how many
    of them are the central ones; a cluster that fits is shown whole, central first.
    """
    if len(ordered) <= count:
        return ordered, len(ordered)
    central = (count + 1) // 2
    rest = np.random.default_rng(0).permutation(len(ordered) - central)[: count - central]
    return np.concatenate([ordered[:central], ordered[central:][np.sort(rest)]]), central
