"""Entropy of the classes within the clusters."""

from __future__ import annotations

import numpy as np

from clusterlab.metrics._contingency import Contingency, contingency


def entropy(labels: np.ndarray, truth: np.ndarray, *, base: float = 2) -> float:
    """The mean over the images of the class entropy of their cluster: sum of n_k / N * H_k.

    labels, truth: (n,) int. Returns a value of at least 0, in units of log `base` (bits by
    default), lower is better. It falls with the number of clusters: read it beside its chance
    level. Raises DataError if the lengths differ. Zhao & Karypis 2001.

    >>> round(entropy(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])), 3)
    0.5
    """
    return float(of_table(contingency(labels, truth), base=base)[0])


def of_table(table: Contingency, *, base: float = 2) -> np.ndarray:
    """(p,) the entropy of each table."""
    nats = table.margins.truth_entropy - table.information
    return np.asarray(np.maximum(nats, 0.0) / np.log(base))
