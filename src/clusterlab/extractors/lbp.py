"""Histogram of local binary patterns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clusterlab.extractors._compiled import compiled
from clusterlab.extractors._picture import Picture, check_size

# Where a diagonal neighbour at distance 1 lies, rounded as scikit-image rounds it.
_DIAGONAL = 0.70711


class Lbp:
    """Texture: how often each kind of edge, corner, spot or flat patch occurs, 10 values.

    Each grey pixel is compared with its 8 neighbours at distance 1 (bilinear on the diagonals, 0
    outside the image). A pattern with at most two changes around the circle counts by its number
    of brighter neighbours, 0 to 8; all other patterns are the tenth value. The values are shares
    of the pixels and sum to 1. Agrees with `skimage.feature.local_binary_pattern` (P=8, R=1,
    "uniform") pixel by pixel, because it interpolates in the same order of operations: on flat
    areas the last bit decides whether a neighbour counts as brighter.

    size: side in pixels of the square that an image is resized to, bilinear.

    Ojala, Pietikainen & Maenpaa 2002, "Multiresolution gray-scale and rotation invariant texture
    classification with local binary patterns".

    >>> Lbp().prepare(np.zeros((30, 40, 3), np.uint8)).shape
    (10,)
    """

    version = 1

    def __init__(self, *, size: int = 224) -> None:
        self.size = check_size("lbp", size, least=1)

    def describe(self, picture: Picture) -> np.ndarray:
        padded = np.pad(picture.grey_float(self.size).astype(np.float64), 1)
        counts = np.bincount(_CLASS_OF_CODE, weights=_code_counts(padded), minlength=10)
        return np.asarray(counts / (counts.sum() + 1e-7), np.float32)

    def prepare(self, image: np.ndarray) -> np.ndarray:
        return self.describe(Picture(image))

    def embed(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)


def _class_of_code(code: int) -> int:
    """The number of ones in a uniform 8-bit pattern, 9 for any other."""
    bits = [code >> bit & 1 for bit in range(8)]
    changes = sum(bits[bit] != bits[bit - 1] for bit in range(8))
    return sum(bits) if changes <= 2 else 9


_CLASS_OF_CODE = np.array([_class_of_code(code) for code in range(256)])


@compiled
def _code_counts(padded: np.ndarray) -> np.ndarray:
    """padded: (height + 2, width + 2) float64, a zero border around the image.

    Returns (256,) int64: how many pixels have each pattern of brighter neighbours. Bit 0 is the
    right neighbour, the others follow anticlockwise.
    """
    height, width = padded.shape[0] - 2, padded.shape[1] - 2
    positions = np.arange(max(height, width)).astype(np.float64)
    # A sampled point's distance from the pixel before it. Not _DIAGONAL itself: the sum with the
    # position rounds differently at each one, and ties depend on it.
    back = (positions - _DIAGONAL) - (positions - 1)
    forth = (positions + _DIAGONAL) - positions
    codes = np.empty(width, np.uint8)
    counts = np.zeros(256, np.int64)
    for y in range(height):
        above, middle, below = padded[y], padded[y + 1], padded[y + 2]
        up, down = back[y], forth[y]
        for x in range(width):
            left, right = back[x], forth[x]
            a, b, c = above[x], above[x + 1], above[x + 2]
            d, centre, e = middle[x], middle[x + 1], middle[x + 2]
            f, g, h = below[x], below[x + 1], below[x + 2]
            codes[x] = (
                (e >= centre)
                | (_between(b, c, centre, e, up, right) >= centre) << 1
                | (b >= centre) << 2
                | (_between(a, b, d, centre, up, left) >= centre) << 3
                | (d >= centre) << 4
                | (_between(d, centre, f, g, down, left) >= centre) << 5
                | (g >= centre) << 6
                | (_between(centre, e, g, h, down, right) >= centre) << 7
            )
        for x in range(width):
            counts[codes[x]] += 1
    return counts


@compiled
def _between(a: float, b: float, c: float, d: float, down: float, right: float) -> float:
    """The bilinear value inside a square of four pixels: a b above, c d below."""
    return (1 - down) * ((1 - right) * a + right * b) + down * ((1 - right) * c + right * d)
