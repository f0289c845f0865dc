"""Adjusted mutual information."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics._contingency import Contingency, contingency


def ami(labels: np.ndarray, truth: np.ndarray) -> float:
    """Mutual information, normalised by the mean entropy and corrected for chance.

    labels, truth: (n,) int. Returns a value of at most 1, higher is better, about 0 by chance.
    Raises DataError if the lengths differ. Vinh, Epps & Bailey 2010.

    >>> ami(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """
    return float(of_table(contingency(labels, truth))[0])


def of_table(table: Contingency) -> np.ndarray:
    """(p,) the AMI of each table."""
    margins = table.margins
    k, c = len(margins.sizes), len(margins.class_sizes)
    if k == 1 or c == 1:
        return np.full_like(table.joint, float(k == c))
    mean = (margins.labels_entropy + margins.truth_entropy) / 2
    expected = margins.expected_information
    # The sign is kept and the size is at least one rounding step, as in scikit-learn: both
    # differences are rounding errors around 0 where each image is its own cluster and class.
    return np.asarray(
        _away_from_zero(table.information - expected) / _away_from_zero(mean - expected)
    )


def _away_from_zero(value: np.ndarray | float) -> np.ndarray:
    return np.copysign(np.maximum(np.abs(value), np.finfo(np.float64).eps), value)
