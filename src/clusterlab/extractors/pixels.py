"""The pixels themselves."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from clusterlab.extractors._picture import Picture, check_size


class Pixels:
    """The image made small and written out as one vector: the plainest baseline there is.

    Returns size x size x 3 values in [0, 1], row by row, each pixel as red, green, blue.

    size: side in pixels of the square that an image is resized to. Shrinking averages over the
        area that a small pixel covers; enlarging is bilinear.

    >>> Pixels().prepare(np.zeros((30, 40, 3), np.uint8)).shape
    (3072,)
    """

    version = 1

    def __init__(self, *, size: int = 32) -> None:
        self.size = check_size("pixels", size, least=1)

    def describe(self, picture: Picture) -> np.ndarray:
        image = picture.original
        shrinks = min(image.shape[:2]) >= self.size
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        small = cv2.resize(image, (self.size, self.size), interpolation=how)
        return np.asarray(small.ravel() / np.float32(255), np.float32)

    def prepare(self, image: np.ndarray) -> np.ndarray:
        return self.describe(Picture(image))

    def embed(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)
