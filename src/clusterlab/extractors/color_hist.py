"""Histogram of each colour channel."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from clusterlab.errors import ComponentError
from clusterlab.extractors._picture import Picture, check_size


class ColorHist:
    """How much of each intensity there is in blue, green and red: 3 x 32 = 96 values.

    Channel values are scaled to [0, 1] and counted in equal bins; the three histograms follow
    each other as blue, green, red. The defaults are the food study's vector to the digit, and
    that includes two things to know: values are counts of pixels, up to size x size, which
    outweigh every other feature in a concatenation; and OpenCV's upper bound is exclusive, so
    channel values of exactly 1 (white, saturated colours) are not counted at all.

    size: side in pixels of the square that an image is resized to, bilinear.
    bins: bins a channel.
    normalize: shares of the pixels, in [0, 1], instead of counts.
    include_one: count the value 1 in the last bin, so that each channel counts every pixel.

    >>> ColorHist().prepare(np.zeros((30, 40, 3), np.uint8)).shape
    (96,)
    """

    version = 1

    def __init__(
        self,
        *,
        size: int = 224,
        bins: int = 32,
        normalize: bool = False,
        include_one: bool = False,
    ) -> None:
        if not 1 <= bins <= 256:
            raise ComponentError(
                f"The color_hist extractor cannot make {bins} bins of 256 intensities. "
                "Set extractor.bins to 1 to 256."
            )
        self.size = check_size("color_hist", size, least=1)
        self.bins = bins
        self.normalize = normalize
        self._bin_of_value = _bin_of_value(bins, include_one)

    def describe(self, picture: Picture) -> np.ndarray:
        bgr = picture.bgr(self.size)
        counts = np.zeros((3, self.bins + 1), np.float32)
        for channel in range(3):
            by_value = cv2.calcHist([bgr], [channel], None, [256], [0, 256]).ravel()
            counts[channel] = np.bincount(self._bin_of_value, by_value, minlength=self.bins + 1)
        vector = counts[:, : self.bins].ravel()
        return vector / np.float32(self.size**2) if self.normalize else vector

    def prepare(self, image: np.ndarray) -> np.ndarray:
        return self.describe(Picture(image))

    def embed(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)


def _bin_of_value(bins: int, include_one: bool) -> np.ndarray:
    """(256,) int: the bin of each 8-bit value as a float32 share of 255; `bins` means left out."""
    shares = np.arange(256, dtype=np.float32) / np.float32(255)
    found = np.floor(shares.astype(np.float64) * bins).astype(np.int64)
    return np.minimum(found, bins - 1) if include_one else found
