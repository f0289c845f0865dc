"""Density of Canny edges on a grid."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from clusterlab.errors import ComponentError
from clusterlab.extractors._picture import Picture, check_size


class Canny:
    """Where the edges are: the share of edge pixels in each cell of an 8 x 8 grid, 64 values.

    Cells follow row by row and lie in [0, 1]. Where `size` is no multiple of `grid`, the last
    rows and columns that fill no cell are left out, as in the food study.

    size: side in pixels of the square that an image is resized to, bilinear.
    low, high: hysteresis thresholds on the gradient of the 8-bit grey image.
    grid: cells along a side.

    Canny 1986, "A computational approach to edge detection".

    >>> Canny().prepare(np.zeros((30, 40, 3), np.uint8)).shape
    (64,)
    """

    version = 1

    def __init__(
        self, *, size: int = 224, low: float = 100, high: float = 200, grid: int = 8
    ) -> None:
        if grid < 1:
            raise ComponentError(
                f"The canny extractor needs a grid of at least 1 cell, not {grid}."
            )
        self.size = check_size("canny", size, least=grid)
        self.low = low
        self.high = high
        self.grid = grid

    def describe(self, picture: Picture) -> np.ndarray:
        edges = cv2.Canny(picture.grey(self.size), self.low, self.high)
        cell = self.size // self.grid
        used = cell * self.grid
        cells = edges[:used, :used].reshape(self.grid, cell, self.grid, cell)
        sums = cells.sum(axis=(1, 3), dtype=np.float64)
        return np.asarray(sums / (255.0 * cell * cell), np.float32).ravel()

    def prepare(self, image: np.ndarray) -> np.ndarray:
        return self.describe(Picture(image))

    def embed(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)
