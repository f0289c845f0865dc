"""What the loss of an image counts, so that small classes count as much as large ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clusterlab.errors import DataError


def class_weights(counts: Sequence[int]) -> np.ndarray:
    """The weight of each class's loss: n / (c * its count), so that every class weighs the same in
    an epoch and the mean weight over the n items is one (King & Zeng 2001, "balanced" in
    scikit-learn).

    counts: (c,) items of an epoch a class, each at least 1. Returns (c,) float64. Raises DataError.

    >>> class_weights([6, 2]).tolist()
    [0.6666666666666666, 2.0]
    """
    sizes = np.asarray(counts, dtype=np.float64)
    if sizes.size == 0 or (sizes < 1).any():
        raise DataError(
            f"A class without images has no weight; the classes have {list(counts)} items an "
            "epoch. Drop such classes, or set no weights."
        )
    weights: np.ndarray = sizes.sum() / (len(sizes) * sizes)
    return weights
