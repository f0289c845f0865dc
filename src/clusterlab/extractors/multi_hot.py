"""Categories as zeros and ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from clusterlab.extractors._membership import all_memberships, check_columns
from clusterlab.types import Collection


class MultiHot:
    """One value for each category of some label columns: 1 where the image has it, else 0.

    The columns follow in the order given, the categories of a column sorted. An image may have
    several categories of a multi-valued column; one with a missing value has none.

    columns: label columns. Scores against these are not unsupervised, and the run says so.
    categories: column -> its full list of categories, in the order wanted, for a column where one
        may not occur in the data and should keep its (constant) place.
    """

    version = 1

    def __init__(
        self,
        *,
        columns: Sequence[str],
        categories: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.columns = check_columns("multi_hot", columns, categories)
        self.categories = categories

    def transform(self, collection: Collection) -> np.ndarray:
        """Returns (n, categories of all columns) float32. Raises DataError for a column that is
        unknown or empty, or holds a value outside its list of categories."""
        return np.hstack(all_memberships(collection, self.columns, self.categories))
