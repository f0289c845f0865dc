"""Exact duplicates: images whose bytes are the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from clusterlab.types import ImageSource


def digest(image: ImageSource) -> str | Exception:
    """The SHA-256 of the image's bytes in hex, or the exception that reading them raised."""
    try:
        return hashlib.sha256(image.read()).hexdigest()
    except Exception as error:
        return error


def digests(images: Sequence[ImageSource]) -> list[str | Exception]:
    """`digest` of each image, in order. Reads in threads and keeps no image in memory.

    >>> from clusterlab.types import MemoryImage
    >>> [str(found)[:8] for found in digests([MemoryImage(b"cat"), MemoryImage(b"dog")])]
    ['77af778b', 'cd6357ef']
    """
    threads = ThreadPoolExecutor(min(16, 4 + (os.cpu_count() or 1)))
    try:
        # Handed over in pieces, so that an interruption does not wait for thousands of files.
        return [
            found
            for start in range(0, len(images), 512)
            for found in threads.map(digest, images[start : start + 512])
        ]
    finally:
        threads.shutdown(cancel_futures=True)


def groups(digests: Sequence[str]) -> list[list[int]]:
    """Rows that share a digest, a list for each digest that occurs more than once.

    >>> groups(["x", "y", "x", "z"])
    [[0, 2]]
    """
    rows: dict[str, list[int]] = {}
    for row, found in enumerate(digests):
        rows.setdefault(found, []).append(row)
    return [same for same in rows.values() if len(same) > 1]
