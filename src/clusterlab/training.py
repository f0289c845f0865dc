"""What passes between the stages where a model is trained on labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.errors import DataError

LEAST = 0.5
"""The least probability at which an image is said to have a value of a multi-valued column."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a fine-tuned model says about one label column.

    ids: the images, sorted. classes: the values that the model knows, sorted. scores: (n, c)
    float32 in [0, 1]. A single-valued column's row holds probabilities that sum to one; a row of
    zeros names none of the classes. A multi-valued column's row holds one probability a value, and
    the image has those of .5 or more.
    kept: the classes that rebalancing keeps, or would keep if it were applied; all of `classes`
    where nothing rebalances. confident: False where the scores are no measure of confidence (a
    caption either names the class or not).
    """

    column: str
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    scores: np.ndarray
    kept: tuple[str, ...]
    multi_valued: bool = False
    confident: bool = True

    def __post_init__(self) -> None:
        expected = (len(self.ids), len(self.classes))
        if self.scores.shape != expected:
            raise DataError(
                f"The predictions of '{self.column}' have shape {self.scores.shape}; "
                f"expected {expected}."
            )

    def named(self) -> np.ndarray:
        """(n,) int: the index of the class that each image is put in, -1 for none; of a
        single-valued column."""
        best = self.scores.argmax(axis=1)
        return np.where(self.scores.max(axis=1) > 0, best, -1)

    def held(self) -> np.ndarray:
        """(n, c) bool: the values that each image is said to have; of a multi-valued column."""
        return np.asarray(self.scores >= LEAST)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a model was fine-tuned, for the reader of the report.

    columns: the label columns it learned. splits: those whose images it has seen: "train", and
        "val" where it chose the epoch.
    epochs: one row an epoch: epoch (from 1), loss, learning_rate, seconds, and, where there are
        validation images, val_loss and val_<metric> such as val_accuracy.
    selected_by: the column of `epochs` that chose the epoch, "" where the last was kept.
    best_epoch: the epoch whose weights were kept. stopped: why it ended, in words.
    distribution: one row a class of each column, most frequent first: column, class, train (its
        training images), items (what an epoch shows of it after rebalancing, copies included),
        val, test (its images there), status ("kept", "dropped: fewer than 5 images", ...).
    rebalanced: True where something rebalances, so that before and after differ.
    trainable: what is trained and what is frozen, in sentences.
    facts: how, JSON-able: settings, counts, device and precision.
    weights: the file of the fine-tuned weights, to be kept with the run. heads: arrays by name.
    notes: what a reader must know before trusting a number.
    """

    columns: tuple[str, ...]
    splits: tuple[str, ...]
    epochs: pd.DataFrame
    selected_by: str
    best_epoch: int
    stopped: str
    distribution: pd.DataFrame
    rebalanced: bool
    trainable: tuple[str, ...]
    facts: Mapping[str, Any]
    weights: Path
    heads: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Classification:
    """table: tidy, one row a (label, split, scope, class, metric), with value and n, as in
    classification.csv. headline: flat "<metric>/<label>" -> value, on the scored split.
    notes: what a reader must know before trusting a number."""

    table: pd.DataFrame
    headline: Mapping[str, float]
    notes: tuple[str, ...] = ()
