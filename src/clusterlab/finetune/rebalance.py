"""What an epoch shows of a training part whose classes differ much in size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.finetune._balance_check import (
    balanced_column,
    check_classes,
    check_columns,
    check_settings,
    named_classes,
)
from clusterlab.finetune._balance_classes import class_sizes, dropped_classes
from clusterlab.finetune._balance_rows import labelled_rows, times_shown

_EMPTIED = "all its images are in dropped classes of another column"
_NOT_PICKED = "undersampling another column picked none of its images"


@dataclass(frozen=True)
class Item:
    """One image of an epoch. row: of the collection. copy: 0 is the image as it is; 1, 2, ... are
    augmented, anew each epoch."""

    row: int
    copy: int


@dataclass(frozen=True)
class Balance:
    """What an epoch shows, and what became of each class.

    items: in an order that follows from the images and the seed, not from the order of the rows.
    kept: single-valued column -> its classes that stay, sorted. dropped: single-valued column ->
        class -> why, in words. With apply=False both say what would be.
    threshold_count: more images than this make a class a majority; None where nothing asks.
    counts: column -> class or value -> (images in the training part, items of an epoch), largest
        first.
    """

    items: tuple[Item, ...]
    kept: Mapping[str, tuple[str, ...]]
    dropped: Mapping[str, Mapping[str, str]]
    threshold_count: float | None
    counts: Mapping[str, Mapping[str, tuple[int, int]]]


class Rebalance:
    """Drops rare classes, shows less of large ones and augmented copies of small ones.

    Each step works alone. Only images of the training part are looked at, counted or changed.

    column: the label column that is balanced; None is the first that the model is trained on.
    drop_below: drop its classes with fewer images. drop_quantile: drop its classes that have no
        more images than this quantile of its class sizes. drop_classes: drop these of its classes,
        or, as a mapping, these classes of any trained column. Each of the three looks at all
        classes, and one is enough; an image leaves if one of its labels is dropped.
    threshold: classes of `column` with more images than `threshold` times the median are the
        majority, the others the minority. Sizes and median are of the images that are left.
    undersample: of a majority class show `undersample` times that many images (rounded down) where
        it has as many, the same ones in each epoch.
    majority_copies, minority_copies: augmented copies of each image, beside the image as it is;
        "auto" is the threshold, rounded up. Images without a label in `column` have none.
    apply: False shows all labelled images once, and still says which classes would stay.
    random_state: which images undersampling picks.

    Raises ConfigError with every problem found.

    >>> labels = pd.DataFrame({"label": ["a"] * 8 + ["b", "b", "c", "c"]}, dtype=object)
    >>> halve = Rebalance(threshold=2, undersample=1, minority_copies=1)
    >>> balance = halve.plan(
    ...     labels,
    ...     np.ones(12, dtype=bool),
    ...     ["label"],
    ...     multi_valued=frozenset(),
    ...     digests=[f"{row:02}" for row in range(12)],
    ... )
    >>> balance.threshold_count, balance.counts["label"]
    (4.0, {'a': (8, 4), 'b': (2, 4), 'c': (2, 4)})
    """

    def __init__(
        self,
        *,
        column: str | None = None,
        drop_below: int | None = None,
        drop_quantile: float | None = None,
        drop_classes: Mapping[str, Sequence[str]] | Sequence[str] | None = None,
        threshold: float | None = None,
        undersample: float | None = None,
        majority_copies: int = 0,
        minority_copies: int | str = 0,
        apply: bool = True,
        random_state: int = 0,
    ) -> None:
        self.column = column
        self.drop_below = drop_below
        self.drop_quantile = drop_quantile
        self.drop_classes = drop_classes
        self.threshold = threshold
        self.undersample = undersample
        self.majority_copies = majority_copies
        self.minority_copies = minority_copies
        self.apply = apply
        self.random_state = random_state
        check_settings(self)

    def plan(
        self,
        labels: pd.DataFrame,
        training: np.ndarray,
        columns: Sequence[str],
        *,
        multi_valued: frozenset[str],
        digests: Sequence[str],
    ) -> Balance:
        """What an epoch shows of the images in the training part that have a label.

        labels: one row an image, object columns: str or None, tuples of str in `multi_valued` ones.
        training: (n,) bool. columns: those that the model is trained on. digests: (n,) str, of the
        images' bytes: the same images are picked in whatever order the rows are.
        Raises ConfigError where the settings do not fit the columns, DataError where a
        single-valued column is left with fewer than two classes.
        """
        values: dict[str, list[Any]] = {column: labels[column].tolist() for column in columns}
        rows = labelled_rows(values, training, digests, random_state=self.random_state)
        before = {column: class_sizes(values[column], rows) for column in columns}
        single = [column for column in columns if column not in multi_valued]
        check_columns(self, columns, single, before)

        dropped = self._dropped(columns, {column: before[column] for column in single})
        left = [row for row in rows if not any(values[c][row] in dropped[c] for c in single)]
        sizes = {column: class_sizes(values[column], left) for column in single}
        self._settle(dropped, before, sizes, _EMPTIED)
        balanced = balanced_column(self, columns)
        times, limit = times_shown(self, left, values[balanced], sizes.get(balanced, {}))
        shown = {column: class_sizes(values[column], times) for column in single}
        self._settle(dropped, before, shown, _NOT_PICKED)

        if not self.apply:
            times = dict.fromkeys(rows, 1)
        return Balance(
            items=tuple(Item(row, copy) for row, n in times.items() for copy in range(n)),
            kept={column: tuple(sorted(shown[column])) for column in single},
            dropped=dropped,
            threshold_count=limit,
            counts={column: _counts(values[column], before[column], times) for column in columns},
        )

    def _dropped(
        self, columns: Sequence[str], sizes: Mapping[str, Mapping[str, int]]
    ) -> dict[str, dict[str, str]]:
        """Column -> class -> why it goes. sizes: of the single-valued columns."""
        balanced, named = balanced_column(self, columns), named_classes(self, columns)
        return {
            column: dropped_classes(
                sizes[column],
                named=named.get(column, ()),
                below=self.drop_below if column == balanced else None,
                quantile=self.drop_quantile if column == balanced else None,
            )
            for column in sizes
        }

    def _settle(
        self,
        dropped: Mapping[str, dict[str, str]],
        before: Mapping[str, Mapping[str, int]],
        left: Mapping[str, Mapping[str, int]],
        reason: str,
    ) -> None:
        """Adds to `dropped` the classes of which nothing is left, and checks that enough are."""
        for column, reasons in dropped.items():
            gone = [c for c in before[column] if c not in left[column] and c not in reasons]
            reasons.update(dict.fromkeys(gone, reason))
            check_classes(self, column, before[column], reasons)


def _counts(
    values: Sequence[Any], before: Mapping[str, int], times: Mapping[int, int]
) -> dict[str, tuple[int, int]]:
    after = class_sizes(values, [row for row, n in times.items() for _ in range(n)])
    return {class_: (size, after.get(class_, 0)) for class_, size in before.items()}
