"""Which images the classifier of the ceiling learns from, and which it is tested with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterlab.kin import lineage
from clusterlab.metrics._rows import CHOSE, SEEN, SUPERVISED
from clusterlab.splits import FEW, TEST, TRAIN, VAL, pooled, stratified
from clusterlab.types import Collection, Features

USUAL = {TRAIN: 0.8, TEST: 0.2}


@dataclass(frozen=True)
class Halves:
    """train, test: (n,) bool, no image in both. told: how they came to be, in words."""

    train: np.ndarray
    test: np.ndarray
    told: str


def check_shares(split: Mapping[str, float] | None) -> list[str]:
    """What is wrong with the shares that a user asks for.

    >>> check_shares({"train": 0.8, "test": 0.2}), len(check_shares({"train": 0.8, "val": 0.2}))
    ([], 1)
    """
    if split is None:
        return []
    if {*split} == {TRAIN, TEST} and all(
        isinstance(share, int | float) and 0 < share < 1 for share in split.values()
    ):
        total = sum(split.values())
        return [] if abs(total - 1) < 1e-6 else [f"has shares that sum to {total:g}, not 1"]
    return [
        f"is {dict(split)}; it must give the shares of train and test, both above 0 "
        "({train: .8, test: .2}), or be null for the collection's own split"
    ]


def halves(
    collection: Collection, column: str, *, split: Mapping[str, float] | None, random_state: int
) -> Halves:
    """The collection's train and test (val where there is no test); where it has none, or `split`
    gives shares, a split class by class with exact duplicates together.

    A column that was made of another is split by that one, so that both have the same test images;
    but macro-categories, where no shares are given, are tested with images that had no say in them.
    """
    there = {*collection.split.tolist()}
    against = next((name for name in (TEST, VAL) if name in there), None)
    if split is None and TRAIN in there and against is not None:
        who = "test" if against == TEST else "validation (there is no test image)"
        return Halves(
            collection.split == TRAIN,
            collection.split == against,
            f"It learns from the training images of the collection's split, and is tested with "
            f"its {who} images.",
        )
    why = "" if split else "The collection has no split to test by. "
    built = _built(collection, column)
    others = ~built & collection.labels[column].notna().to_numpy()
    if split is None and built.any() and others.any():
        return Halves(
            built,
            others,
            f"{why}It learns from the images that the macro-categories were built on, and is "
            "tested with the others.",
        )
    shares = split or USUAL
    drawn = stratified(
        _classes(collection, column),
        collection.digests,
        shares=shares,
        random_state=random_state,
    )
    return Halves(
        drawn == TRAIN,
        drawn == TEST,
        f"{why}It learns from {shares[TRAIN]:.0%} of the images, drawn class by class with exact "
        f"duplicates kept together, and is tested with the other {shares[TEST]:.0%}.",
    )


def marks_of(
    collection: Collection, features: Features, column: str, within: np.ndarray
) -> list[str]:
    """What stands beside a number on these images.

    Supervised: the column went into the features. Seen in training: so did labels of these images,
    as those that a model was fine-tuned on.
    """
    found = [SUPERVISED] if column in features.seen_labels else []
    met = {*collection.split[within].tolist()} & {*features.seen_splits}
    if met:
        found.append(CHOSE if met == {VAL} else SEEN)
    return found


def n_seen(collection: Collection, features: Features, within: np.ndarray) -> int:
    """How many of these images are in a split that the features were learned from."""
    return int(np.isin(collection.split[within], list(features.seen_splits)).sum())


def n_built_on(collection: Collection, column: str, within: np.ndarray) -> int:
    """How many of these images the macro-categories of this column were made of."""
    return int((_built(collection, column) & within).sum())


def _built(collection: Collection, column: str) -> np.ndarray:
    built_on = collection.built_on.get(column, frozenset())
    return np.array([id_ in built_on for id_ in collection.ids], dtype=bool)


def _classes(collection: Collection, column: str) -> list[str | None]:
    root = _root(collection, column)
    cells = _cells(collection, root)
    return pooled(cells) if root in collection.multi_valued else cells


def _cells(collection: Collection, column: str) -> list[str | None]:
    cells: list[Any] = collection.labels[column].tolist()
    if column in collection.multi_valued:
        return ["|".join(sorted(cell)) or None for cell in cells]
    return cells


def _root(collection: Collection, column: str) -> str:
    """The label column that this one was made of, and so on, as long as its classes are large
    enough for all of them to be in both halves."""
    root, *line = lineage(column, collection.derived)
    for above in line:
        if above not in collection.labels:
            break
        held = [cell for cell in _cells(collection, above) if cell is not None]
        if len(held) < FEW * len({*held}):
            break
        root = above
    return root
