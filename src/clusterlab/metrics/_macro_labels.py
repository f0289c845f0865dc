"""What macro-categories make of a collection and its features: label columns, and what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from clusterlab.macro import MacroCategories
from clusterlab.splits import TRAIN
from clusterlab.types import Collection, Features


def has_training(collection: Collection) -> bool:
    """Whether the collection has a split with training images."""
    return bool((collection.split == TRAIN).any())


def with_all_labels(
    collection: Collection, features: Features, macro: MacroCategories | None
) -> tuple[Collection, Features]:
    """The collection with the macro-category of every image in columns of their own, and its
    features, which have seen these where they have seen the classes.

    `built_on` says which images made them, so that who learns them can be asked about others.
    """
    if macro is None or not macro.columns:
        return collection, features
    found = _with_columns(collection, macro, np.zeros(len(collection), dtype=bool))
    built_on = {**collection.built_on, **dict.fromkeys(macro.columns, macro.built_on)}
    return replace(found, built_on=built_on), _knowing(features, macro)


def with_macro(
    collection: Collection, spaces: Sequence[Features], macro: MacroCategories | None
) -> tuple[Collection, tuple[Features, ...]]:
    """The clustered images and their spaces, with macro-categories to be scored against: missing
    for the images that they were built on, unless the macro-categories are circular."""
    if macro is None:
        return collection, tuple(spaces)
    noted = replace(collection, notes=(*collection.notes, *macro.notes))
    if not macro.columns:
        return noted, tuple(spaces)
    built = np.array([id_ in macro.built_on for id_ in collection.ids], dtype=bool)
    hidden = np.zeros(len(collection), dtype=bool) if macro.circular else built
    return _with_columns(noted, macro, hidden), tuple(_knowing(space, macro) for space in spaces)


def _knowing(space: Features, macro: MacroCategories) -> Features:
    """What has learned the classes knows of their macro-categories."""
    if macro.column not in space.seen_labels:
        return space
    return replace(space, seen_labels=tuple(dict.fromkeys((*space.seen_labels, *macro.columns))))


def _with_columns(collection: Collection, macro: MacroCategories, hidden: np.ndarray) -> Collection:
    """hidden: (n,) bool, the images that get no macro-category."""
    labels = collection.labels.copy()
    classes = collection.labels[macro.column].tolist()
    for name, group_of in macro.columns.items():
        cells = [
            None if out else group_of.get(class_)
            for class_, out in zip(classes, hidden.tolist(), strict=True)
        ]
        labels[name] = pd.Series(cells, index=labels.index, dtype=object)
    new = frozenset(macro.columns)
    return replace(
        collection,
        labels=labels,
        derived={**collection.derived, **dict.fromkeys(macro.columns, macro.column)},
        synthetic=collection.synthetic | (new if macro.column in collection.synthetic else set()),
        circular=collection.circular | (new if macro.circular else set()),
    )
