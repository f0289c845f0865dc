"""A random order that depends on names alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def shuffled(keys: Sequence[str], *, random_state: int) -> list[int]:
    """Positions of `keys` in a random order that `random_state` picks.

    The order of two keys depends on nothing but these two, so a sample stays as it is where images
    are added or removed elsewhere, a smaller sample lies within a larger one, and neither the order
    of files nor the version of a library changes it.

    >>> keys = ["a", "b", "c", "d"]
    >>> [keys[i] for i in shuffled(keys, random_state=0)]
    ['d', 'c', 'a', 'b']
    >>> [keys[:3][i] for i in shuffled(keys[:3], random_state=0)]
    ['c', 'a', 'b']
    """

    def rank(position: int) -> tuple[bytes, str]:
        key = keys[position]
        return hashlib.sha256(f"{random_state}\0{key}".encode()).digest(), key

    return sorted(range(len(keys)), key=rank)
