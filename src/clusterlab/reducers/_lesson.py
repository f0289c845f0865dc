"""What a supervised reducer is shown: training images and their labels, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clusterlab.components import Component, SupervisedReducer
from clusterlab.errors import ComponentError, DataError, closest
from clusterlab.store import digest_of, key_of
from clusterlab.types import Collection, Features

_SPLIT = "train"


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """column: what is learned. values: (n, d) float32 of the training images that have a label in
    it. labels: theirs."""

    column: str
    values: np.ndarray
    labels: tuple[str, ...]

    def describe(self) -> dict[str, str]:
        """For the store: another split or other labels are learned anew."""
        return {
            "column": self.column,
            "features": digest_of(self.values),
            "labels": key_of({"labels": self.labels}),
        }

    def marked(self, reduced: Features) -> Features:
        """The features that were made after it, saying whose labels they know."""
        splits = {*reduced.seen_splits, _SPLIT}
        return replace(
            reduced,
            seen_labels=tuple(dict.fromkeys([*reduced.seen_labels, self.column])),
            seen_splits=tuple(split for split in ("train", "val") if split in splits),
        )


class Pupil:
    """A supervised reducer with its lesson, to be called as one that needs no labels."""

    def __init__(self, reducer: SupervisedReducer, lesson: Lesson) -> None:
        self._reducer = reducer
        self._lesson = lesson
        # Where estimators.py looks for its name and its notes.
        self.steps = [("", reducer)]

    def fit_transform(self, X: np.ndarray) -> np.ndarray:
        """X: (m, d), the images to reduce. Returns (m, r)."""
        self._reducer.learn(self._lesson.values.copy(), self._lesson.labels)
        return self._reducer.transform(X)


def lesson_of(features: Features, component: Component, collection: Collection | None) -> Lesson:
    """What the supervised reducer of this component is to learn.

    Raises DataError where there is no such column, or no image to learn from.
    """
    name = component.name
    if collection is None:
        raise ComponentError(f"The reducer '{name}' learns from labels, and was given none.")
    shown = collection.take(features.ids)
    column = _column(shown, component.instance.column, name)
    training = shown.split == _SPLIT
    if not training.any():
        raise DataError(
            f"The reducer '{name}' learns from the images in train, and none of the "
            f"{len(shown):,} images of '{shown.name}' is in train. Make a split: "
            "dataset.split='{train: .8, test: .2}'."
        )
    rows = np.flatnonzero(training & shown.labels[column].notna().to_numpy())
    if not len(rows):
        raise DataError(
            f"None of the {int(training.sum()):,} images in train has a label in '{column}', "
            f"which the reducer '{name}' is to learn. Choose another column (reducer.column=...) "
            "or another split."
        )
    return Lesson(
        column=column,
        values=features.take([shown.ids[row] for row in rows]).values,
        labels=tuple(map(str, shown.labels[column].iloc[rows])),
    )


def _column(collection: Collection, wanted: Any, name: str) -> str:
    known = [str(column) for column in collection.labels.columns]
    fitting = [column for column in known if column not in collection.multi_valued]
    if not fitting:
        raise DataError(
            f"The reducer '{name}' learns a label column with one value an image, and "
            f"'{collection.name}' has none. Use another reducer, such as pca."
        )
    column = known[0] if wanted is None else str(wanted)
    if column not in fitting:
        what = "has several values an image" if column in known else "is no label column"
        raise DataError(
            f"The reducer '{name}' cannot learn '{column}': it {what} of '{collection.name}'."
            f"{closest(column, fitting)} It can learn (reducer.column=...): {', '.join(fitting)}."
        )
    return column
