"""The images of a collection as pictures to be shown to a model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np

from clusterlab.reading.image_pass import ImagePass
from clusterlab.reading.settings import Settings
from clusterlab.types import Collection

GAP = 4
_BATCH = 64


def pictures(
    collection: Collection, rows: Sequence[int], side: int, settings: Settings
) -> dict[int, np.ndarray]:
    """row -> (h, w, 3) uint8 RGB, the longer side at most `side`; without unreadable images."""
    images = ImagePass(collection, partial(_fit, side=side), settings)
    different = list(dict.fromkeys(rows))
    batches = images.batches(different, batch_size=_BATCH, what="look")
    return {row: picture for batch in batches for row, picture in batch}


def sheet(tiles: Sequence[np.ndarray], side: int) -> np.ndarray:
    """The pictures in rows, from the top left, on white, each in a square of `side` pixels.

    tiles: at least one, (h, w, 3) uint8 RGB each, no side longer than `side`.

    >>> sheet([np.zeros((8, 4, 3), np.uint8)] * 3, side=8).shape
    (20, 20, 3)
    """
    columns = int(np.ceil(np.sqrt(len(tiles))))
    lines = -(-len(tiles) // columns)
    width, height = (n * side + (n - 1) * GAP for n in (columns, lines))
    canvas = np.full((height, width, 3), 255, dtype=np.uint8)
    for at, tile in enumerate(tiles):
        line, column = divmod(at, columns)
        h, w = tile.shape[:2]
        top = line * (side + GAP) + (side - h) // 2
        left = column * (side + GAP) + (side - w) // 2
        canvas[top : top + h, left : left + w] = tile
    return canvas


def _fit(image: np.ndarray, *, side: int) -> np.ndarray:
    """Scaled, up or down, so that its longer side is `side` pixels."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, shape, interpolation=how))
