"""Normalised mutual information."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics._contingency import Contingency, contingency


def nmi(labels: np.ndarray, truth: np.ndarray) -> float:
    """Mutual information over the arithmetic mean of the two entropies.

    labels, truth: (n,) int. Returns a value in [0, 1], higher is better. Not corrected for
    chance: it rises with the number of clusters. With this mean it equals the V-measure.
    Raises DataError if the lengths differ. Strehl & Ghosh 2002.

    >>> round(nmi(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])), 3)
    0.344
    """
    return float(of_table(contingency(labels, truth))[0])


def of_table(table: Contingency) -> np.ndarray:
    """(p,) the NMI of each table."""
    mean = (table.margins.labels_entropy + table.margins.truth_entropy) / 2
    return table.information / mean if mean > 0 else np.ones_like(table.joint)
