"""Classes joined into macro-categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterlab.errors import ConfigError, DataError, closest
from clusterlab.macro import MacroCategories
from clusterlab.metrics import _macro_space, _macro_tree
from clusterlab.metrics._macro_labels import has_training
from clusterlab.splits import TEST, TRAIN, stratified
from clusterlab.types import Collection, Features

ALL = "all"
FEWEST_CLASSES = 3
_BUILT_ON = (TRAIN, ALL)
_USUAL = (5, 10, 15, 20, 30)


class NoMacroCategories:
    """Joins nothing."""

    def check(self, _: Collection) -> tuple[str, ...]:
        return ()

    def build(self, _: Collection, __: Features) -> MacroCategories | None:
        return None


_USUAL = (5, 10, 15, 20, 30)


class WardMacroCategories:
    """Joins the classes of a label column by Ward linkage of their mean features.

    Macro-categories that are made of the features of the very images that are then scored against
    them are circular: a clustering of these features agrees with them for free. So they are made
    of one part of the images, and the others are scored.

    column: the label column; null is the first that has one value an image. n_categories: how many
    macro-categories to cut the tree into, each a label column of its own; null is those of 5, 10,
    15, 20 and 30 that join three classes or more in the mean, or else half of the classes.
    built_on: "train", the training images, or, where the collection has none, a half of the images
    that is drawn class by class with exact duplicates together; "all" is the circular variant,
    whose scores are marked, as they are where no other image is left over. n_components: of a PCA
    of the standardised features, fitted on the images that it is built on; null takes the features
    as they are. cut: the share of the greatest height where the dendrogram has a line. cuts: shares
    at which the groups are counted. random_state: of the half.

    Ward, J. H. (1963): Hierarchical grouping to optimize an objective function.
    """

    def __init__(
        self,
        *,
        column: str | None = None,
        n_categories: Sequence[int] | None = None,
        built_on: str = TRAIN,
        n_components: int | None = 50,
        cut: float = 0.5,
        cuts: Sequence[float] = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        random_state: int = 0,
    ) -> None:
        problems = []
        if built_on not in _BUILT_ON:
            problems.append(
                f"evaluator.macro.built_on is '{built_on}'.{closest(built_on, _BUILT_ON)} Use one "
                f"of {', '.join(_BUILT_ON)}."
            )
        if few := [n for n in n_categories or () if n < 2]:
            problems.append(f"evaluator.macro.n_categories holds {few[0]}; the least is 2.")
        if n_categories is not None and not n_categories:
            problems.append("evaluator.macro.n_categories is empty. Name one: '[5]'.")
        if n_components is not None and n_components < 1:
            problems.append(
                f"evaluator.macro.n_components is {n_components}; it must be at least 1, or null "
                "for the features as they are."
            )
        if wrong := [share for share in (cut, *cuts) if not 0 < share < 1]:
            problems.append(
                f"evaluator.macro cuts at {wrong[0]}; it must be a share of the greatest height, "
                "above 0 and below 1."
            )
        if problems:
            raise ConfigError(problems)
        self.column = column
        self.n_categories = None if n_categories is None else tuple(dict.fromkeys(n_categories))
        self.built_on = built_on
        self.n_components = n_components
        self.cut = cut
        self.cuts = tuple(cuts)
        self.random_state = random_state

    def check(self, collection: Collection) -> tuple[str, ...]:
        """The names of the label columns that it will make, fewer where there are few classes.

        Raises ConfigError or DataError, before hours of work, where the column, or a name for the
        new ones, is not to be had.
        """
        column = self._column(collection)
        there = {str(name) for name in collection.labels.columns}
        names = tuple(named(column, n) for n in self._wanted(collection, column))
        taken = [name for name in names if name in there]
        if taken:
            raise DataError(
                f"The collection has a label column '{taken[0]}' already, which is what the "
                f"macro-categories of '{column}' would be called. Rename it, or leave its number "
                "out of evaluator.macro.n_categories."
            )
        return names

    def _wanted(self, collection: Collection, column: str) -> tuple[int, ...]:
        if self.n_categories is not None:
            return self.n_categories
        n = int(collection.labels[column].nunique())
        return tuple(few for few in _USUAL if 3 * few <= n) or (max(2, n // 2),)

    def build(self, collection: Collection, features: Features) -> MacroCategories | None:
        """collection: all images with features, of the same ids.

        Raises as `check` does. With fewer than three classes nothing is joined, and a note says so.
        """
        self.check(collection)
        column = self._column(collection)
        labels = np.array(collection.labels[column].tolist(), dtype=object)
        known = np.array([label is not None for label in labels], dtype=bool)
        whose, rows = self._rows(collection, labels.tolist(), known)
        classes = sorted(set(labels[rows].tolist()))
        if len(classes) < FEWEST_CLASSES:
            return _nothing(column, len(classes), whose)
        space = _macro_space.space_of(
            features.values[rows], self.n_components, random_state=self.random_state
        )
        codes = np.searchsorted(np.array(classes, dtype=object), labels[rows])
        centroids = np.stack([space.values[codes == c].mean(axis=0) for c in range(len(classes))])
        wanted = self._wanted(collection, column)
        tree = _macro_tree.joined(centroids, n_categories=wanted, shares=self.cuts)
        out = sorted(set(labels[known].tolist()) - set(classes))
        return MacroCategories(
            column=column,
            classes=tuple(classes),
            centroids=centroids,
            linkage=tree.linkage,
            cuts=tree.cuts,
            columns={
                named(column, n): {
                    name: str(group) for name, group in zip(classes, groups.tolist(), strict=True)
                }
                for n, groups in tree.groups.items()
            },
            built_on=frozenset(np.array(collection.ids, dtype=object)[rows].tolist()),
            circular=bool(rows[known].all()),
            cut=self.cut,
            told=(
                f"The {len(classes):,} classes of “{column}” were joined by Ward linkage of their "
                f"mean features, from {whose} with a label ({int(rows.sum()):,}). Space: "
                f"{space.told}."
            ),
            notes=(
                *space.notes,
                *(f"Macro-categories of {column}: {note}" for note in tree.notes),
                *([_without_class(column, out, whose)] if out else []),
                *([_without_others(column)] if rows[known].all() and self.built_on != ALL else []),
            ),
        )

    def _column(self, collection: Collection) -> str:
        columns = [str(name) for name in collection.labels.columns]
        single = [name for name in columns if name not in collection.multi_valued]
        if self.column is None and single:
            return single[0]
        if self.column is None:
            raise DataError(
                "evaluator.macro joins the classes of a label column with one value an image, and "
                "the collection has none. Leave it out: evaluator/macro=none."
            )
        if self.column not in columns:
            raise ConfigError(
                f"evaluator.macro.column is '{self.column}', but there is no such label column."
                f"{closest(self.column, single)} Label columns: {', '.join(columns) or 'none'}."
            )
        if self.column not in single:
            raise ConfigError(
                f"evaluator.macro.column is '{self.column}', where an image has several values: "
                "only classes that an image has one of can be joined. Use a column with one "
                f"value: {', '.join(single) or 'there is none'}."
            )
        return self.column

    def _rows(
        self, collection: Collection, labels: Sequence[str | None], known: np.ndarray
    ) -> tuple[str, np.ndarray]:
        """Which images with a label (known) the tree is built on: in words, and (n,) bool."""
        whose, rows = self._part(collection, labels)
        # Of one image a class the half is all of them.
        if self.built_on == ALL or rows[known].all():
            return "all images", known
        return whose, rows & known

    def _part(self, collection: Collection, labels: Sequence[str | None]) -> tuple[str, np.ndarray]:
        if has_training(collection):
            return "the training images", np.asarray(collection.split == TRAIN)
        half = stratified(
            labels,
            collection.digests,
            shares={TRAIN: 0.5, TEST: 0.5},
            random_state=self.random_state,
        )
        return "a half of the images", half == TRAIN


def named(column: str, n: int) -> str:
    """The label column of n macro-categories.

    >>> named("label", 5)
    'label_macro5'
    """
    return f"{column}_macro{n}"


def _nothing(column: str, n_classes: int, whose: str) -> MacroCategories:
    return MacroCategories(
        column=column,
        classes=(),
        centroids=np.empty((0, 0)),
        linkage=np.empty((0, 4)),
        cuts=pd.DataFrame(columns=["share", "height", "n_macro"]),
        columns={},
        built_on=frozenset(),
        circular=False,
        told="",
        notes=(
            f"No macro-categories were built: {whose} have {n_classes:,} "
            f"{'class' if n_classes == 1 else 'classes'} of {column}, and it takes at least "
            f"{FEWEST_CLASSES} to join some.",
        ),
    )


def _without_others(column: str) -> str:
    return (
        f"Macro-categories of {column}: they were built on every image that has a label, so that "
        "no other is left to be scored, and the scores are circular."
    )


def _without_class(column: str, out: Sequence[str], whose: str) -> str:
    shown = ", ".join(f"“{name}”" for name in out[:5])
    rest = f" and {len(out) - 5:,} more" if len(out) > 5 else ""
    return (
        f"Macro-categories of {column}: {shown}{rest} {'has' if len(out) == 1 else 'have'} no "
        f"image among {whose}, and so no macro-category."
    )
