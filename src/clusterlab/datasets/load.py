"""Loads a collection, and decides whether enough of its images could be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clusterlab.components import Component
from clusterlab.errors import DataError
from clusterlab.splits import pooled, stratified
from clusterlab.types import Collection, Failure

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
"""The split that is made where a stage learns from labels and nobody made one."""


def load(component: Component, *, learned: str | None = None, seed: int = 0) -> Collection:
    """The collection of a dataset component. Raises DataError where it has no image at all.

    learned: the label column that a later stage learns, "" for the first; then a collection without
    a split gets one, by that column.
    """
    collection: Collection = component.instance.load()
    if not len(collection):
        first = f" The first: {collection.failures[0].message}" if collection.failures else ""
        raise DataError(f"Collection '{collection.name}' has no usable image.{first}")
    if learned is not None and (collection.split == "all").all():
        return _with_split(collection, learned, seed)
    return collection


def only(collection: Collection, split: str) -> Collection:
    """The images of one split, or of "all". Raises DataError where there are none."""
    if split == "all":
        return collection
    rows = np.flatnonzero(collection.split == split).tolist()
    if not rows:
        has = ", ".join(sorted(set(collection.split.tolist())))
        raise DataError(
            f"clustered_split={split}, but no image is in that split (splits: {has}). Set "
            "dataset.split='{train: .8, test: .2}', or clustered_split=all."
        )
    return collection.take(collection.ids[row] for row in rows)


def usable(collection: Collection, ids: Sequence[str], failures: Sequence[Failure]) -> Collection:
    """The part of a collection that has features.

    Raises DataError where more than `dataset.max_failed_share` of all images failed.
    """
    n_all = len(collection) + len(collection.failures)
    share = len(failures) / n_all
    if share > collection.max_failed_share:
        examples = "; ".join(f"{failure.id}: {failure.message}" for failure in failures[:3])
        raise DataError(
            f"{len(failures)} of {n_all} images ({share:.0%}) could not be used, more than "
            f"dataset.max_failed_share={collection.max_failed_share:g} allows. {examples}. "
            "Mend the images, or raise the share."
        )
    return collection if len(ids) == len(collection) else collection.take(ids)


def _with_split(collection: Collection, column: str, seed: int) -> Collection:
    known = [str(name) for name in collection.labels.columns]
    by = column if column in known else next(iter(known), None)
    classes: list[str | None] = [None] * len(collection)
    if by is not None:
        cells = collection.labels[by].tolist()
        multi_valued = by in collection.multi_valued
        classes = pooled(["|".join(cell) or None for cell in cells]) if multi_valued else cells
    split = stratified(classes, collection.digests, shares=SHARES, random_state=seed)
    how = "at random" if by is None else f"class by class of '{by}'"
    note = (
        f"No split was given, so one was made, {how}: "
        f"{', '.join(f'{(split == s).sum():,} {s}' for s in SHARES)} images"
        f"{'' if by is None else '; a class of few images is not in all of them'}. dataset.split "
        "makes another."
    )
    return replace(collection, split=split, notes=(*collection.notes, note))
