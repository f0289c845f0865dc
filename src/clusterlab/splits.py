"""Splits into train, val and test that no exact duplicate straddles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from clusterlab.shuffle import shuffled

TRAIN, VAL, TEST = SPLITS = ("train", "val", "test")
FEW = 5


def stratified(
    classes: Sequence[str | None],
    digests: Sequence[str],
    *,
    shares: Mapping[str, float],
    random_state: int = 0,
) -> np.ndarray:
    """Splits images by `shares`, each class as near to its shares as whole images allow.

    Images with equal digests stay together, and count for the first of their classes by name. The
    images that a class has left over go where the shares fall behind over all classes, so that the
    whole meets them too. A class has its first image in the first split that is asked for (train,
    where there is a train). Neither the order of the rows nor the ids matter.

    classes: (n,) str or None, which is a class of its own. digests: (n,). shares: split -> share.
    Returns (n,) str.

    >>> split = stratified(["a"] * 5, ["1", "2", "3", "4", "4"], shares={"train": 0.6, "test": 0.4})
    >>> bool(split[3] == split[4]), int((split == "train").sum())
    (True, 3)
    """
    names = [name for name in SPLITS if shares.get(name, 0) > 0]
    parts = np.array([shares[name] for name in names])
    together: dict[str, list[int]] = {}
    for row, digest in enumerate(digests):
        together.setdefault(digest, []).append(row)
    keys = sorted(together)
    members = [together[key] for key in keys]
    class_of = [min((classes[row] for row in rows), key=by_name) for rows in members]
    by_class = rows_by_class(class_of)

    split = np.empty(len(classes), dtype="<U5")
    placed = np.zeros(len(names))
    # Small classes first: what they cannot meet by themselves, the large ones make up for.
    for units in sorted(by_class.values(), key=lambda units: sum(len(members[u]) for u in units)):
        order = [units[i] for i in shuffled([keys[u] for u in units], random_state=random_state)]
        order.sort(key=lambda unit: -len(members[unit]))
        size = sum(len(members[unit]) for unit in units)
        left = _quota(size, parts, parts * (placed.sum() + size) - placed)
        for unit in order:
            target = int(np.argmax(left))
            split[members[unit]] = names[target]
            left[target] -= len(members[unit])
            placed[target] += len(members[unit])
    return split


def pooled(sets: Sequence[str | None]) -> list[str | None]:
    """Sets of values as classes to split by: those of fewer than FEW images are one class.

    Each of many rare sets would have its first image in train, and the other splits none of them.

    >>> pooled(["a|b"] * 5 + ["a", "c"])[-2:]
    ['rare sets', 'rare sets']
    """
    counts = Counter(sets)
    return [name if name is None or counts[name] >= FEW else "rare sets" for name in sets]


def without_straddling(split: Sequence[str], digests: Sequence[str]) -> list[int]:
    """Rows to keep so that no image lies in two of the splits that somebody else made.

    Of an image with copies in several, those in test stay before those in val before those in
    train, so that what is scored stays as it was given.

    >>> without_straddling(["train", "test", "train", "train"], ["x", "x", "y", "y"])
    [1, 2, 3]
    """
    best: dict[str, int] = {}
    for name, digest in zip(split, digests, strict=True):
        best[digest] = max(best.get(digest, 0), SPLITS.index(name))
    return [row for row, digest in enumerate(digests) if SPLITS.index(split[row]) == best[digest]]


def by_name(class_: str | None) -> tuple[bool, str]:
    """The key that sorts classes by name, with "no class" last."""
    return class_ is None, class_ or ""


def rows_by_class(classes: Sequence[str | None]) -> dict[str | None, list[int]]:
    """Class -> its rows, classes in alphabetical order, images without a class last.

    >>> rows_by_class(["b", None, "a", "b"])
    {'a': [2], 'b': [0, 3], None: [1]}
    """
    groups: dict[str | None, list[int]] = {}
    for row, class_ in enumerate(classes):
        groups.setdefault(class_, []).append(row)
    return {class_: groups[class_] for class_ in sorted(groups, key=by_name)}


def _quota(size: int, parts: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """How many of `size` images each split gets: whole shares, the rest where most are missing.

    behind: by how many images each split would fall short if it got none of these.
    """
    whole = np.floor(parts * size + 1e-9)
    exact = parts * size - whole < 1e-9
    quota = whole.copy()
    quota[0] = max(quota[0], 1)
    while quota.sum() < size:
        # At most one more than its whole shares for a split, and none where these are all it wants.
        quota[np.lexsort((quota - behind, quota - whole + exact))[0]] += 1
    return quota
