"""The rows of a feature matrix as they come in."""

from __future__ import annotations

import numpy as np

from clusterlab.errors import ComponentError


class Vectors:
    """(n, d) float32, of which `has` (n,) says which rows are there; d is known with the first.

    >>> vectors = Vectors(2)
    >>> vectors.put(1, np.array([3, 4], dtype=np.float32))
    >>> vectors.values.shape, vectors.has.tolist()
    ((2, 2), [False, True])
    """

    def __init__(self, n: int) -> None:
        self.has = np.zeros(n, dtype=bool)
        self.values = np.empty((n, 0), dtype=np.float32)

    def put(self, row: int, vector: np.ndarray) -> None:
        """Raises ComponentError where the vector is longer or shorter than the first one."""
        if not self.has.any():
            self.values = np.empty((len(self.has), len(vector)), dtype=np.float32)
        if vector.shape != self.values.shape[1:]:
            raise ComponentError(
                f"The extractor returned {len(vector)} numbers for one image and "
                f"{self.values.shape[1]} for another."
            )
        self.values[row] = vector
        self.has[row] = True
