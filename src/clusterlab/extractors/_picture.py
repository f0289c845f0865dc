"""One image, and the resized forms of it that several features share."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from clusterlab.errors import ComponentError


class Picture:
    """Resizes and converts an image when first asked, and keeps the result for the next feature.

    Made for one image by one thread; not to be shared between threads. The arrays that it hands
    out are shared between features and must not be changed.

    OpenCV's own channel order (BGR) is kept inside, because its float conversion to grey sums the
    channels in the order they are stored: from RGB the last bits differ, and with them the ties
    that a local binary pattern turns on.

    image: (height, width, 3) uint8 RGB, any size from 1x1.
    """

    def __init__(self, image: np.ndarray) -> None:
        self.original = image
        self._made: dict[tuple[str, int], np.ndarray] = {}

    def bgr(self, size: int) -> np.ndarray:
        """(size, size, 3) uint8 BGR, bilinear."""
        key = ("bgr", size)
        if key not in self._made:
            resized = cv2.resize(self.original, (size, size))
            self._made[key] = cv2.cvtColor(resized, cv2.COLOR_RGB2BGR)
        return self._made[key]

    def grey(self, size: int) -> np.ndarray:
        """(size, size) uint8, ITU-R BT.601 weights."""
        key = ("grey", size)
        if key not in self._made:
            self._made[key] = cv2.cvtColor(self.bgr(size), cv2.COLOR_BGR2GRAY)
        return self._made[key]

    def grey_float(self, size: int) -> np.ndarray:
        """(size, size) float32 in [0, 1], the same weights on the unrounded channels."""
        key = ("grey_float", size)
        if key not in self._made:
            channels = self.bgr(size).astype(np.float32)
            channels /= 255
            self._made[key] = cv2.cvtColor(channels, cv2.COLOR_BGR2GRAY)
        return self._made[key]


class PictureFeature(Protocol):
    """A feature of one image by itself, that can share a picture with other features."""

    @property
    def version(self) -> int: ...

    def describe(self, picture: Picture) -> np.ndarray:
        """Returns (d,) float32."""
        ...


def check_size(component: str, size: int, least: int) -> int:
    """Returns size, or raises ComponentError where a square of that side holds no such feature."""
    if size < least:
        raise ComponentError(
            f"The {component} extractor cannot work with size {size}. "
            f"Set its size to {least} or more."
        )
    return size
