"""How well the labels can be learned from the features, by those who may see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from clusterlab.ceiling import SCALED, Ceiling
from clusterlab.errors import ConfigError, DataError, closest
from clusterlab.metrics import _ceiling_notes as notes
from clusterlab.metrics._ceiling_fit import Learned, learn_classes, learn_values, prepared
from clusterlab.metrics._ceiling_halves import check_shares, halves, marks_of, n_built_on
from clusterlab.metrics._ceiling_scores import HalfScores, class_scores, value_scores
from clusterlab.metrics._ceiling_task import Task, task_of
from clusterlab.metrics._rows import CIRCULAR, MARKS, Row
from clusterlab.splits import TEST, TRAIN
from clusterlab.types import Collection, Features

COLUMNS = ["label", "split", "metric", "value", "n", MARKS]
CLASSES = ["label", "class", "n_train", "n_test", "accuracy", MARKS]
HALVES = (TRAIN, TEST)
HEADLINE = {
    "ceiling_accuracy": (TEST, "accuracy"),
    "ceiling_train_accuracy": (TRAIN, "accuracy"),
    "ceiling_macro_f1": (TEST, "macro_f1"),
    "ceiling_weighted_f1": (TEST, "weighted_f1"),
    "ceiling_mean_class_accuracy": (TEST, "mean_class_accuracy"),
    "ceiling_majority": (TEST, "majority"),
}
# Above it a column is measured only where it is named: its probabilities alone take a gigabyte.
MOST_CELLS = 125_000_000


class NoCeiling:
    """Measures nothing."""

    def check(self, _: Iterable[str]) -> None:
        return None

    def measure(self, _: Collection, __: Features) -> Ceiling | None:
        return None


class LogisticRegressionCeiling:
    """Logistic regression on the standardised features, by scikit-learn (lbfgs).

    Images without a label are left out. A class that no training image has counts as an error for
    each of its test images. A multi-valued column is learned value by value, one against the rest.

    C: inverse of the L2 penalty. class_weight: "balanced" or None. n_components: of a PCA between
    scaler and classifier. columns: label columns, by default each that has two classes.
    fitted_on: "train", or "all", which is marked: the images that scaler and PCA are fitted on.
    split: shares of train and test for a split of its own; by default the collection's.
    split_seed: of a split that is made here; random_state where it is None. Raises ConfigError,
    with every problem found.
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        class_weight: str | None = None,
        max_iter: int = 1000,
        n_components: int | None = None,
        columns: Sequence[str] | None = None,
        fitted_on: str = "train",
        split: Mapping[str, float] | None = None,
        split_seed: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.n_components = n_components
        self.columns = columns
        self.fitted_on = fitted_on
        self.split = split
        self.split_seed = random_state if split_seed is None else split_seed
        self.random_state = random_state
        if problems := [*_problems(self), *(f"split {one}" for one in check_shares(split))]:
            raise ConfigError([f"evaluator.ceiling.{problem}." for problem in problems])

    def check(self, columns: Iterable[str]) -> None:
        """Raises DataError where a label column that was named is not among these."""
        known = [str(column) for column in columns]
        strange = [name for name in self.columns or () if name not in known]
        if strange:
            raise DataError(
                f"evaluator.ceiling.columns names '{strange[0]}', which is no label column."
                f"{closest(strange[0], known)} Label columns: {', '.join(known) or 'none'}."
            )

    def measure(self, collection: Collection, features: Features) -> Ceiling | None:
        """collection, features: the same images. Raises DataError where they are not, or a label
        column that was named is not there."""
        if collection.ids != features.ids:
            raise DataError(
                f"The {features.space} values are not of the images of '{collection.name}'."
            )
        self.check(collection.labels.columns)
        book = notes.Notes()
        rows: list[Row] = []
        classes: list[Row] = []
        told: dict[str, str] = {}
        for column in self.columns or [str(name) for name in collection.labels.columns]:
            parts = halves(collection, column, split=self.split, random_state=self.split_seed)
            task = task_of(collection, column, parts)
            if book.can_be_learned(task, most=None if self.columns else MOST_CELLS):
                learned = self._learn(task, features, book)
                book.about_classes(task)
                book.about_supervision(task, collection, features, own=self.split is not None)
                book.about_macro(task, collection, own=self.split is not None)
                marks = self._marks(task, collection, features)
                scores = {half: _scores(task, learned, half) for half in HALVES}
                rows += _rows(task, scores, marks)
                classes += _classes(task, scores, marks[TEST])
                told[column] = parts.told
        table = pd.DataFrame(rows, columns=COLUMNS).astype({"value": float, "n": int})
        return Ceiling(
            table=table,
            classes=pd.DataFrame(classes, columns=CLASSES).astype({"accuracy": float}),
            headline=_headline(table),
            told=f"{self._told()} {notes.joined(told)}".rstrip(),
            notes=book.sentences(),
        )

    def _learn(self, task: Task, features: Features, book: notes.Notes) -> Learned:
        everyone = np.ones(len(features.ids), dtype=bool)
        X, kept = prepared(
            features.values,
            task.train if self.fitted_on == "train" else everyone,
            n_components=self.n_components,
            random_state=self.random_state,
        )
        model = LogisticRegression(C=self.C, class_weight=self.class_weight, max_iter=self.max_iter)
        learn = learn_values if task.is_multi else learn_classes
        learned = learn(model, X, task.labels, task.train)
        book.about_fit(
            task,
            n_stopped=learned.n_stopped,
            max_iter=self.max_iter,
            kept=kept,
            n_components=self.n_components,
            fitted_on=self.fitted_on,
        )
        return learned

    def _marks(self, task: Task, collection: Collection, features: Features) -> dict[str, str]:
        """What stands beside the numbers of each half, joined by "; "."""
        found = {h: marks_of(collection, features, task.column, task.of(h)) for h in HALVES}
        if n_built_on(collection, task.column, task.test):
            found[TEST].append(CIRCULAR)
        if self.fitted_on == "all":
            found[TEST].append(SCALED)
        return {half: "; ".join(own) for half, own in found.items()}

    def _told(self) -> str:
        weighted = ", every class counting alike" if self.class_weight else ""
        pca = f", reduced to {self.n_components} principal components" if self.n_components else ""
        return f"Logistic regression (C={self.C:g}{weighted}) on the standardised features{pca}."


def _problems(given: LogisticRegressionCeiling) -> list[str]:
    """What is wrong with its arguments, but for the split."""
    columns, components = given.columns, given.n_components
    problems = {
        f"C is {given.C}; it must be above 0 (smaller = simpler)": not given.C > 0,
        f"class_weight is {given.class_weight!r}; it must be balanced or null": (
            given.class_weight not in (None, "balanced")
        ),
        f"max_iter is {given.max_iter}; it must be at least 1": given.max_iter < 1,
        f"n_components is {components}; it must be a whole number of components, at least 1, or "
        "null": components is not None and not (isinstance(components, int) and components >= 1),
        f"columns is {columns!r}; it must be a list of label columns ([{columns}]), or null": (
            isinstance(columns, str)
        ),
        "columns is an empty list; it must name a label column, or be null for all of them": (
            columns is not None and len(columns) == 0
        ),
        f"fitted_on is {given.fitted_on!r}; it must be train or all": (
            given.fitted_on not in ("train", "all")
        ),
    }
    return [problem for problem, holds in problems.items() if holds]


def _scores(task: Task, learned: Learned, half: str) -> HalfScores:
    within = task.of(half)
    score = value_scores if task.is_multi else class_scores
    taught = task.n_train / task.train.sum() if task.is_multi else task.n_train
    return score(task.labels[within], learned.predicted[within], taught)


def _rows(task: Task, scores: Mapping[str, HalfScores], marks: Mapping[str, str]) -> list[Row]:
    return [
        {
            "label": task.column,
            "split": half,
            "metric": metric,
            "value": value,
            "n": int(task.of(half).sum()),
            MARKS: marks[half],
        }
        for half, found in scores.items()
        for metric, value in found.values.items()
    ]


def _classes(task: Task, scores: Mapping[str, HalfScores], marks: str) -> list[Row]:
    tested = scores[TEST]
    return [
        {
            "label": task.column,
            "class": name,
            "n_train": int(task.n_train[at]),
            "n_test": int(tested.n[at]),
            "accuracy": float(tested.accuracy[at]),
            MARKS: marks,
        }
        for at, name in enumerate(task.names)
    ]


def _headline(table: pd.DataFrame) -> dict[str, float]:
    values = {
        (label, split, metric): float(value)
        for label, split, metric, value in table[["label", "split", "metric", "value"]].to_numpy()
    }
    return {
        f"{key}/{label}": values[label, split, metric]
        for label in dict.fromkeys(table["label"])
        for key, (split, metric) in HEADLINE.items()
    }
