"""Homogeneity."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics._contingency import Contingency, contingency


def homogeneity(labels: np.ndarray, truth: np.ndarray) -> float:
    """How much of the classes' entropy the clusters explain: 1 when each cluster is of one class.

    labels, truth: (n,) int. Returns a value in [0, 1], higher is better. It rises with the number
    of clusters: read it beside its chance level. Raises DataError if the lengths differ.
    Rosenberg & Hirschberg 2007.

    >>> round(homogeneity(np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1])), 3)
    1.0
    """
    return float(of_table(contingency(labels, truth))[0])


def of_table(table: Contingency) -> np.ndarray:
    """(p,) the homogeneity of each table."""
    total = table.margins.truth_entropy
    return table.information / total if total > 0 else np.ones_like(table.joint)
