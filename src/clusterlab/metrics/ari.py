"""Adjusted Rand index."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics._contingency import Contingency, contingency


def ari(labels: np.ndarray, truth: np.ndarray) -> float:
    """The share of image pairs that both labellings treat alike, corrected for chance.

    labels, truth: (n,) int. Returns a value in [-0.5, 1], higher is better, about 0 by chance.
    Raises DataError if the lengths differ. Hubert & Arabie 1985.

    >>> ari(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """
    return float(of_table(contingency(labels, truth))[0])


def of_table(table: Contingency) -> np.ndarray:
    """(p,) the ARI of each table."""
    n = table.margins.n
    together = (table.squares - n) / 2
    in_clusters = float(np.square(table.margins.sizes.astype(np.float64)).sum() - n) / 2
    in_classes = float(np.square(table.margins.class_sizes.astype(np.float64)).sum() - n) / 2
    mean = (in_clusters + in_classes) / 2
    expected = in_clusters * in_classes / max(n * (n - 1) / 2, 1)
    if mean == expected:
        # All in one, or each alone, in both labellings: they agree.
        return np.ones_like(together)
    return (together - expected) / (mean - expected)
