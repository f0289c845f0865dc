"""Histogram of hue, saturation and value."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from clusterlab.errors import ComponentError
from clusterlab.extractors._picture import Picture, check_size

# OpenCV's 8-bit hue counts in steps of 2 degrees.
_LEVELS = (180, 256, 256)


class HsvHist:
    """How much of each colour there is, in the words a person would use: hue, purity, brightness.

    Values are shares of the pixels. Bins are equally wide: hue over the full circle from red,
    saturation and value over 0 to 255 of OpenCV's 8-bit HSV.

    size: side in pixels of the square that an image is resized to, bilinear.
    bins: how many bins of hue, saturation and value.
    joint: one histogram over all combinations (16 x 4 x 4 = 256 values that sum to 1; hue changes
        slowest), which keeps a dark red apart from a bright one; otherwise three histograms one
        after the other (16 + 4 + 4 = 24 values, each histogram sums to 1).

    >>> HsvHist().prepare(np.zeros((30, 40, 3), np.uint8)).shape
    (256,)
    """

    version = 1

    def __init__(
        self, *, size: int = 224, bins: Sequence[int] = (16, 4, 4), joint: bool = True
    ) -> None:
        if len(bins) != 3 or any(
            not 1 <= n <= levels for n, levels in zip(bins, _LEVELS, strict=True)
        ):
            raise ComponentError(
                "The hsv_hist extractor needs three numbers of bins, for hue (1 to 180), "
                f"saturation and value (1 to 256); got {list(bins)}."
            )
        self.size = check_size("hsv_hist", size, least=1)
        self.bins = list(bins)
        self.joint = joint

    def describe(self, picture: Picture) -> np.ndarray:
        hsv = cv2.cvtColor(picture.bgr(self.size), cv2.COLOR_BGR2HSV)
        if self.joint:
            limits = [limit for levels in _LEVELS for limit in (0, levels)]
            counts = cv2.calcHist([hsv], [0, 1, 2], None, self.bins, limits).ravel()
        else:
            counts = np.concatenate(
                [
                    cv2.calcHist([hsv], [channel], None, [n], [0, _LEVELS[channel]]).ravel()
                    for channel, n in enumerate(self.bins)
                ]
            )
        return np.asarray(counts / np.float32(self.size**2), np.float32)

    def prepare(self, image: np.ndarray) -> np.ndarray:
        return self.describe(Picture(image))

    def embed(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)
