"""Three categories as the corners of a triangle."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from clusterlab.errors import ComponentError, DataError, closest
from clusterlab.extractors._membership import memberships
from clusterlab.types import Collection

_CORNERS = np.array([[-8, -8], [8, -8], [0, -8 + 8 * np.sqrt(3)]])


class Triangle:
    """Places each image by which of three categories it has: a map of seven groups, 2 values.

    The categories are the corners (-8, -8), (8, -8) and (0, -8 + 8 sqrt 3) of an equilateral
    triangle. An image is at the mean of its categories' corners, plus Gaussian noise that makes a
    cloud of what would be one point. Categories beside the three do not move an image.

    column: a label column, single- or multi-valued. Scores against it are not unsupervised.
    categories: the three, in the order of the corners.
    missing_at: (x, y) for images with none of the three, an eighth group. None makes such an image
        an error, because every place inside the triangle already means something.
    sigma: standard deviation of the noise, in the unit of the corners.
    random_state: an image's noise depends on it and on the image's id, not on its neighbours in
        the table.
    """

    version = 1

    def __init__(
        self,
        *,
        column: str,
        categories: Sequence[str],
        missing_at: Sequence[float] | None = None,
        sigma: float = 0.6,
        random_state: int = 0,
    ) -> None:
        if isinstance(categories, str) or len(set(categories)) != 3 or len(categories) != 3:
            raise ComponentError(
                f"The triangle extractor needs three different categories, not {categories!r}."
            )
        if missing_at is not None and len(missing_at) != 2:
            raise ComponentError(
                f"The triangle extractor's missing_at is a place [x, y], not {missing_at!r}."
            )
        self.columns = (column,)
        self.categories = tuple(categories)
        self.missing_at = missing_at
        self.sigma = sigma
        self.random_state = random_state

    def transform(self, collection: Collection) -> np.ndarray:
        """Returns (n, 2) float32. Raises DataError for an unknown or empty column, a category that
        no image has, and, unless `missing_at` is set, an image with none of the three."""
        member = self._member(collection)
        count = member.sum(axis=1, keepdims=True)
        places = member @ _CORNERS / np.maximum(count, 1)
        outside = count[:, 0] == 0
        if outside.any():
            places[outside] = self._place_of_missing(collection, outside)
        noise = [_noise(id_, self.random_state) for id_ in collection.ids]
        return np.asarray(places + self.sigma * np.array(noise), np.float32)

    def _member(self, collection: Collection) -> np.ndarray:
        """(n, 3) of 0 and 1, in the order of the corners."""
        column = self.columns[0]
        names, table = memberships(collection, column)
        for category in self.categories:
            if category not in names:
                raise DataError(
                    f"No image of '{collection.name}' has '{category}' in column '{column}'."
                    f"{closest(category, names)} Its values: {', '.join(names)}."
                )
        corners = [names.index(category) for category in self.categories]
        return np.take(table, corners, axis=1)

    def _place_of_missing(self, collection: Collection, outside: np.ndarray) -> Sequence[float]:
        if self.missing_at is None:
            first = collection.ids[int(np.flatnonzero(outside)[0])]
            raise DataError(
                f"{int(outside.sum()):,} of {len(collection):,} images have none of "
                f"{', '.join(self.categories)} in column '{self.columns[0]}', the first '{first}'. "
                "Give them a place of their own, say extractor.missing_at=[0,-16], or leave them "
                "out of the dataset."
            )
        return self.missing_at


def _noise(id_: str, random_state: int) -> np.ndarray:
    """(2,) standard normal, the same for this id in any collection."""
    digest = hashlib.sha256(f"{random_state}/{id_}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little")).standard_normal(2)
