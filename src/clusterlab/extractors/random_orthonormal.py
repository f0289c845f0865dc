"""Categories as random unit vectors at right angles."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from clusterlab.extractors._membership import all_memberships, check_columns
from clusterlab.types import Collection


class RandomOrthonormal:
    """Every category of a column becomes a unit vector at right angles to the others.

    No two categories are closer than any others. Each column has its own random orthonormal
    matrix, uniform over all such matrices (QR of a Gaussian matrix, signs fixed). An image with
    several categories has the sum of their vectors, one with a missing value zeros. The columns'
    vectors follow each other: 10 and 4 categories make 14 values.

    columns: label columns. Scores against these are not unsupervised, and the run says so.
    categories: column -> its full list of categories, for a column where one may not occur in the
        data and should still count as a dimension.
    random_state: a column's matrix depends on it, the column's name and the number of categories,
        so adding a column leaves the others as they were.

    Mezzadri 2007, "How to generate random matrices from the classical compact groups".
    """

    version = 1

    def __init__(
        self,
        *,
        columns: Sequence[str],
        categories: Mapping[str, Sequence[str]] | None = None,
        random_state: int = 0,
    ) -> None:
        self.columns = check_columns("random_orthonormal", columns, categories)
        self.categories = categories
        self.random_state = random_state

    def transform(self, collection: Collection) -> np.ndarray:
        """Returns (n, categories of all columns) float32. Raises DataError for a column that is
        unknown or empty, or holds a value outside its list of categories."""
        tables = all_memberships(collection, self.columns, self.categories)
        blocks = [
            table @ _orthonormal(table.shape[1], self.random_state, column)
            for column, table in zip(self.columns, tables, strict=True)
        ]
        return np.hstack(blocks).astype(np.float32)


def _orthonormal(n: int, random_state: int, column: str) -> np.ndarray:
    """A random (n, n) float64 matrix whose rows are unit vectors at right angles."""
    rng = np.random.default_rng([random_state, zlib.crc32(column.encode())])
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    # Without this the signs are LAPACK's choice, and the matrix is not uniform.
    return np.asarray(q * np.sign(np.diag(r)))
