"""What is to be learned of a label column, and from which images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterlab.metrics._ceiling_halves import Halves
from clusterlab.metrics._columns import MISSING, references
from clusterlab.splits import TRAIN
from clusterlab.types import Collection


@dataclass(frozen=True)
class Task:
    """names: (c,) the classes, or the values of a multi-valued column. labels: (n,) int index of
    each image's class, or (n, c) bool, the values that it has. train, test: (n,) bool, images with
    a label. n_train, n_test: (c,) the images of each class."""

    column: str
    names: tuple[str, ...]
    labels: np.ndarray
    train: np.ndarray
    test: np.ndarray
    n_train: np.ndarray
    n_test: np.ndarray

    @property
    def is_multi(self) -> bool:
        return self.labels.ndim == 2

    def of(self, half: str) -> np.ndarray:
        return self.train if half == TRAIN else self.test


def task_of(collection: Collection, column: str, parts: Halves) -> Task:
    """The labelled images of both halves."""
    whole, *members = references(collection, column)
    held = whole.codes != MISSING
    if column in collection.multi_valued:
        names = tuple(one.name.removeprefix(f"{column}=") for one in members)
        labels = np.stack([one.codes == 1 for one in members], axis=1) if members else None
        if labels is None:
            labels = np.zeros((len(collection), 0), dtype=bool)
    else:
        names, labels = whole.names, whole.codes
    train, test = held & parts.train, held & parts.test
    return Task(
        column=column,
        names=names,
        labels=labels,
        train=train,
        test=test,
        n_train=_counts(labels[train], len(names)),
        n_test=_counts(labels[test], len(names)),
    )


def _counts(labels: np.ndarray, n_classes: int) -> np.ndarray:
    if labels.ndim == 2:
        return np.asarray(labels.sum(axis=0), dtype=np.int64)
    return np.bincount(labels, minlength=n_classes)
