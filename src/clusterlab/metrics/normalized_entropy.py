"""Entropy of the classes within the clusters, between 0 and 1."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics import entropy
from clusterlab.metrics._contingency import Contingency, contingency


def normalized_entropy(labels: np.ndarray, truth: np.ndarray) -> float:
    """The entropy (see entropy.py) divided by the log of the number of classes.

    labels, truth: (n,) int. Returns a value in [0, 1], lower is better, 0 where there is one
    class only. Raises DataError if the lengths differ.

    >>> round(normalized_entropy(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])), 3)
    0.5
    """
    return float(of_table(contingency(labels, truth))[0])


def of_table(table: Contingency) -> np.ndarray:
    """(p,) the normalised entropy of each table."""
    n_classes = len(table.margins.class_sizes)
    return entropy.of_table(table, base=max(n_classes, 2))
