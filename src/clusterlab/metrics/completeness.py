"""Completeness."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics._contingency import Contingency, contingency


def completeness(labels: np.ndarray, truth: np.ndarray) -> float:
    """How much of the clusters' entropy the classes explain: 1 when no class is torn apart.

    labels, truth: (n,) int. Returns a value in [0, 1], higher is better. Raises DataError if the
    lengths differ. Rosenberg & Hirschberg 2007.

    >>> completeness(np.array([0, 0, 0, 0]), np.array([0, 0, 1, 1]))
    1.0
    """
    return float(of_table(contingency(labels, truth))[0])


def of_table(table: Contingency) -> np.ndarray:
    """(p,) the completeness of each table."""
    total = table.margins.labels_entropy
    return table.information / total if total > 0 else np.ones_like(table.joint)
