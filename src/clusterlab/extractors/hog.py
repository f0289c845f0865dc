"""Histogram of oriented gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clusterlab.errors import ComponentError
from clusterlab.extractors._compiled import compiled
from clusterlab.extractors._picture import Picture

_EPSILON = 1e-5
_CLIP = 0.2


class Hog:
    """Which way the edges run, on a coarse grid: shape without colour.

    The grey image is cut into square cells; each cell sums its gradient magnitudes by unsigned
    direction; every 2x2 neighbourhood of cells is normalised on its own (L2, clipped at 0.2, L2
    again). The defaults give 3 x 3 blocks x 4 cells x 9 directions = 324 values in [0, 1].
    Agrees with `skimage.feature.hog` to 1e-5 and takes about a tenth of its time.

    size: side in pixels of the square that an image is resized to, bilinear.
    cell: side of a cell in pixels. block: cells along the side of a block.
    orientations: directions within half a turn.

    Dalal & Triggs 2005, "Histograms of oriented gradients for human detection".

    >>> Hog().prepare(np.zeros((30, 40, 3), np.uint8)).shape
    (324,)
    """

    version = 1

    def __init__(
        self, *, size: int = 224, cell: int = 56, block: int = 2, orientations: int = 9
    ) -> None:
        if min(cell, block, orientations) < 1 or size // cell < block:
            raise ComponentError(
                f"The hog extractor needs size >= cell * block, all at least 1; got size={size}, "
                f"cell={cell}, block={block}, orientations={orientations}."
            )
        self.size = size
        self.cell = cell
        self.block = block
        self.orientations = orientations
        angles = np.arange(1, orientations) * np.pi / orientations
        self._cosines = np.cos(angles)
        self._sines = np.sin(angles)

    def describe(self, picture: Picture) -> np.ndarray:
        cells = _cell_histograms(
            picture.grey_float(self.size), self.cell, self._cosines, self._sines
        )
        return _normalised_blocks(cells, self.block)

    def prepare(self, image: np.ndarray) -> np.ndarray:
        return self.describe(Picture(image))

    def embed(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)


@compiled
def _cell_histograms(
    grey: np.ndarray, cell: int, cosines: np.ndarray, sines: np.ndarray
) -> np.ndarray:
    """Returns (rows, columns, orientations) float64: the mean gradient magnitude by direction.

    Gradients are central differences, 0 across the image's border. A direction's bin is found by
    asking on which side of each bin border it lies, which needs no arctangent; a row is handled
    at a time so that the compiler can work on several pixels at once.
    """
    height, width = grey.shape
    rows, columns = height // cell, width // cell
    out = np.zeros((rows, columns, len(cosines) + 1))
    down, right = np.zeros(width), np.zeros(width)
    direction = np.empty(width, np.int64)
    for y in range(rows * cell):
        for x in range(1, width - 1):
            right[x] = grey[y, x + 1] - grey[y, x - 1]
        if 0 < y < height - 1:
            for x in range(width):
                down[x] = grey[y + 1, x] - grey[y - 1, x]
        else:
            down[:] = 0
        _fold(down, right)
        direction[:] = 0
        for border in range(len(cosines)):
            for x in range(width):
                direction[x] += down[x] * cosines[border] >= right[x] * sines[border]
        for x in range(columns * cell):
            length = np.sqrt(down[x] * down[x] + right[x] * right[x])
            out[y // cell, x // cell, direction[x]] += length
    return out / (cell * cell)


@compiled
def _fold(down: np.ndarray, right: np.ndarray) -> None:
    """Turns gradients that point up, or straight left, by half a turn, in place."""
    for x in range(len(down)):
        flip = down[x] < 0 or (down[x] == 0 and right[x] < 0)
        down[x] = -down[x] if flip else down[x]
        right[x] = -right[x] if flip else right[x]


def _normalised_blocks(cells: np.ndarray, block: int) -> np.ndarray:
    """cells: (rows, columns, orientations). Returns (d,) float32, block after block."""
    windows = np.lib.stride_tricks.sliding_window_view(cells, (block, block), axis=(0, 1))
    vectors = windows.transpose(0, 1, 3, 4, 2).reshape(-1, block * block * cells.shape[2])
    vectors = _unit(vectors)
    return _unit(np.minimum(vectors, _CLIP)).astype(np.float32).ravel()


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.sqrt((vectors**2).sum(axis=1, keepdims=True) + _EPSILON**2)
    return np.asarray(vectors / lengths)
