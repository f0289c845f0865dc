"""Small copies of the images, made once and used by the contact sheets and the page."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from clusterlab.images import decode
from clusterlab.outcome import Outcome
from clusterlab.types import ImageSource

SIZE = 112
MIME = "image/webp"
QUALITY = 66
LOSSLESS = 101


def thumbnail(source: ImageSource, size: int = SIZE, *, background: str = "white") -> bytes | None:
    """A WebP copy that fits into size by size pixels, or None where the image cannot be read.

    An image smaller than that is enlarged by a whole number without smoothing and kept exactly,
    so that an 8 by 8 scan shows its pixels.
    """
    try:
        rgb = decode(source.read(), background=background, reduce_to=size)
    except Exception:
        # Any decoder error only costs this one picture; the run has already recorded the failure.
        return None
    height, width = rgb.shape[:2]
    longest = max(height, width)
    quality = QUALITY
    if longest <= size // 2:
        factor = size // longest
        rgb = np.repeat(np.repeat(rgb, factor, axis=0), factor, axis=1)
        quality = LOSSLESS
    elif longest > size:
        shape = (max(1, round(width * size / longest)), max(1, round(height * size / longest)))
        rgb = cv2.resize(rgb, shape, interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_WEBP_QUALITY, quality]
    done, encoded = cv2.imencode(".webp", rgb[:, :, ::-1], options)
    return encoded.tobytes() if done else None


def fill(cache: dict[int, bytes | None], outcome: Outcome, rows: Iterable[int]) -> None:
    """Put the thumbnails of these rows into the cache (row -> WebP), those that it lacks."""
    wanted = [row for row in dict.fromkeys(map(int, rows)) if row not in cache]
    images, background = outcome.collection.images, outcome.decoding.background
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(lambda row: thumbnail(images[row], background=background), wanted)
        cache.update(zip(wanted, made, strict=True))


def pixels(content: bytes) -> np.ndarray:
    """The (height, width, 3) uint8 RGB of a thumbnail."""
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB))
