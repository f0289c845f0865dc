"""V-measure."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics import completeness, homogeneity
from clusterlab.metrics._contingency import Contingency, contingency


def v_measure(labels: np.ndarray, truth: np.ndarray) -> float:
    """The harmonic mean of homogeneity and completeness.

    labels, truth: (n,) int. Returns a value in [0, 1], higher is better. Not corrected for chance.
    Raises DataError if the lengths differ. Rosenberg & Hirschberg 2007.

    >>> round(v_measure(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])), 3)
    0.344
    """
    return float(of_table(contingency(labels, truth))[0])


def of_table(table: Contingency) -> np.ndarray:
    """(p,) the V-measure of each table."""
    h, c = homogeneity.of_table(table), completeness.of_table(table)
    return np.asarray(2 * h * c / np.where(h + c > 0, h + c, 1.0))
