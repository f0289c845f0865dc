"""Mean SIFT descriptor of each quarter of the image."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from clusterlab.extractors._picture import Picture, check_size

_DESCRIPTOR = 128


class Sift:
    """What the distinctive points look like, by quarter of the image: 4 x 128 = 512 values.

    SIFT keypoints are found on the grey image; the descriptors of those in the top left, top
    right, bottom left and bottom right quarter are averaged, in this order. A quarter without
    keypoints is zero. Values lie in [0, 255].

    size: side in pixels of the square that an image is resized to, bilinear.

    Lowe 2004, "Distinctive image features from scale-invariant keypoints".

    >>> Sift().prepare(np.zeros((30, 40, 3), np.uint8)).shape
    (512,)
    """

    version = 1

    def __init__(self, *, size: int = 224) -> None:
        self.size = check_size("sift", size, least=2)

    def describe(self, picture: Picture) -> np.ndarray:
        points, descriptors = keypoints(picture.grey(self.size))
        right, low = (points >= self.size // 2).T
        quarter = 2 * low + right
        out = np.zeros((4, _DESCRIPTOR), np.float32)
        for index in range(4):
            inside = descriptors[quarter == index]
            if len(inside):
                out[index] = inside.mean(axis=0)
        return out.ravel()

    def prepare(self, image: np.ndarray) -> np.ndarray:
        return self.describe(Picture(image))

    def embed(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(inputs)


def keypoints(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """grey: (h, w) uint8. Returns points (m, 2) as x, y, and descriptors (m, 128), both float32.

    A SIFT object is made for each call: it costs a microsecond, and OpenCV does not promise that
    one may be used by several threads.
    """
    found, descriptors = cv2.SIFT.create().detectAndCompute(grey, None)
    if descriptors is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, _DESCRIPTOR), np.float32)
    return np.asarray(cv2.KeyPoint.convert(found)), descriptors
