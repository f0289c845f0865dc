"""A picture as a model is shown it, and as a server takes it."""

from __future__ import annotations

import base64

import cv2
import numpy as np


def data_uri(image: np.ndarray, *, max_side: int | None, quality: int) -> str:
    """An image, (h, w, 3) uint8 RGB, as a JPEG inside a URI: it holds pixels and nothing else, no
    path, no place where a photo was taken.

    max_side: pixels of the longer side at most. quality: of the JPEG, in [1, 100].

    >>> data_uri(np.zeros((2, 2, 3), np.uint8), max_side=None, quality=90)[:23]
    'data:image/jpeg;base64,'
    """
    pixels = cv2.cvtColor(smaller(image, max_side), cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"an image of {image.shape[1]} x {image.shape[0]} pixels makes no JPEG")
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"


def smaller(image: np.ndarray, max_side: int | None) -> np.ndarray:
    """An image, (h, w, 3) uint8, whose longer side has at most `max_side` pixels.

    >>> smaller(np.zeros((40, 100, 3), np.uint8), 50).shape
    (20, 50, 3)
    """
    height, width = image.shape[:2]
    if max_side is None or max(height, width) <= max_side:
        return image
    scale = max_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
