"""Purity."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics._contingency import Contingency, contingency


def purity(labels: np.ndarray, truth: np.ndarray) -> float:
    """The share of images that belong to the most frequent class of their cluster.

    labels, truth: (n,) int. Returns a value in (0, 1], higher is better. It rises with the number
    of clusters up to 1 for one image a cluster: read it beside its chance level.
    Raises DataError if the lengths differ. Manning, Raghavan & Schütze 2008, section 16.3.

    >>> purity(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1]))
    0.75
    """
    return float(of_table(contingency(labels, truth))[0])


def of_table(table: Contingency) -> np.ndarray:
    """(p,) the purity of each table."""
    return table.majority / table.margins.n
