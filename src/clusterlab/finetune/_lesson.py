"""What a classifier learns: which images, with which labels, how often; and what it is tried on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterlab.errors import DataError
from clusterlab.finetune._targets import MISSING, Target, encode
from clusterlab.finetune.class_weights import class_weights
from clusterlab.finetune.rebalance import Balance, Item, Rebalance
from clusterlab.store import key_of
from clusterlab.types import Collection


@dataclass(frozen=True)
class Lesson:
    """encoded: (n, t) labels of the collection's rows. training, validation: what an epoch shows,
    and what chooses the epoch; test images are in neither. rebalanced: whether an epoch shows other
    than every training image once. augments_originals: whether images that are no copies are drawn
    anew too."""

    collection: Collection
    targets: tuple[Target, ...]
    balance: Balance
    encoded: np.ndarray
    training: tuple[Item, ...]
    validation: tuple[Item, ...]
    rebalanced: bool
    augments_originals: bool

    @classmethod
    def of(
        cls,
        collection: Collection,
        columns: Sequence[str],
        *,
        rebalance: Rebalance | None = None,
        column_weights: Sequence[float] | None = None,
        class_weights: str | None = None,
    ) -> Lesson:
        """Raises DataError where nothing is left to learn."""
        rebalance = rebalance or Rebalance()
        balance = rebalance.plan(
            collection.labels,
            collection.split == "train",
            columns,
            multi_valued=collection.multi_valued,
            digests=collection.digests,
        )
        applied = rebalance.apply
        weights = column_weights or [1 / len(columns)] * len(columns)
        targets = tuple(
            _target(collection, column, balance, weight, applied, class_weights)
            for column, weight in zip(columns, weights, strict=True)
        )
        encoded = encode(targets, collection.labels)
        return cls(
            collection=collection,
            targets=targets,
            balance=balance,
            encoded=encoded,
            training=balance.items,
            validation=tuple(_validation(collection, encoded)),
            rebalanced=any(n != items for c in balance.counts.values() for n, items in c.values()),
            augments_originals=not any(item.copy for item in balance.items),
        )

    def kept(self, column: str) -> tuple[str, ...]:
        """The classes of a column that rebalancing keeps, or would keep."""
        known = {target.column: target.classes for target in self.targets}
        return self.balance.kept.get(column, known[column])

    def seen(self) -> list[str]:
        """The digests of the images that are shown, to learn from or to choose the epoch."""
        digests = self.collection.digests
        return sorted({digests[item.row] for item in (*self.training, *self.validation)})

    def identity(self) -> dict[str, object]:
        """What of it decides the weights; JSON-able, and without ids and paths."""
        digests = self.collection.digests
        shown = [
            [[digests[item.row], item.copy, self.encoded[item.row].tolist()] for item in items]
            for items in (self.training, self.validation)
        ]
        return {
            "classes": {target.column: list(target.classes) for target in self.targets},
            "images": key_of({"shown": shown}),
            "n_training": len(self.training),
            "n_validation": len(self.validation),
        }

    def distribution(self) -> pd.DataFrame:
        """As clusterlab.training.Training has it."""
        return pd.DataFrame(
            [row for target in self.targets for row in self._classes(target)],
            columns=["column", "class", "train", "items", "val", "test", "status"],
        )

    def _classes(self, target: Target) -> Iterator[dict[str, object]]:
        counts = self.balance.counts.get(target.column, {})
        cells = self.collection.labels[target.column]
        elsewhere = {
            name: _counted(cells[self.collection.split == name]) for name in ("val", "test")
        }
        dropped = self.balance.dropped.get(target.column, {})
        known = dict.fromkeys([*counts, *sorted({*elsewhere["val"], *elsewhere["test"]})])
        for name in known:
            train, items = counts.get(name, (0, 0))
            status = "kept" if train else "not in the training part"
            if name in dropped:
                status = f"{'would be ' * bool(items)}dropped: {dropped[name]}"
            yield {
                "column": target.column,
                "class": name,
                "train": train,
                "items": items,
                "val": elsewhere["val"].get(name, 0),
                "test": elsewhere["test"].get(name, 0),
                "status": status,
            }


def _target(
    collection: Collection,
    column: str,
    balance: Balance,
    weight: float,
    applied: bool,
    weighting: str | None,
) -> Target:
    """The column with the classes that training shows, and their weights."""
    counts = {name: items for name, (_, items) in balance.counts[column].items() if items}
    if not applied:
        counts = {name: n for name, (n, _) in balance.counts[column].items() if n}
    classes = tuple(sorted(counts))
    multi_valued = column in collection.multi_valued
    if len(classes) < (1 if multi_valued else 2):
        raise DataError(
            f"The training images have {len(classes)} of the classes of '{column}'"
            f"{f' ({classes[0]})' if classes else ''}, and a classifier needs two. Choose another "
            "finetune.columns, or drop less (finetune/rebalance=none)."
        )
    weights = None
    if weighting == "balanced":
        shown = np.array([counts[name] for name in classes], dtype=float)
        # A value that is rare is outvoted by the images that lack it, not by other values.
        cells = collection.labels[column].tolist()
        labelled = sum(1 for item in balance.items if cells[item.row])
        weights = (labelled - shown) / shown if multi_valued else class_weights(shown.tolist())
        weights = np.asarray(np.maximum(weights, 1e-3), dtype=np.float32)
    return Target(
        column=column,
        classes=classes,
        multi_valued=multi_valued,
        weight=weight,
        class_weights=weights,
    )


def _validation(collection: Collection, encoded: np.ndarray) -> Iterator[Item]:
    """Validation images of classes that are learned; others could only be wrong."""
    known = (encoded != MISSING).any(axis=1) & (collection.split == "val")
    rows: list[int] = np.flatnonzero(known).tolist()
    # Whatever the order of the rows; copies of an image may have other labels.
    for row in sorted(rows, key=lambda row: (collection.digests[row], encoded[row].tolist())):
        yield Item(row=row, copy=0)


def _counted(cells: pd.Series) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cell in cells:
        for value in (cell,) if isinstance(cell, str) else cell or ():
            counts[value] = counts.get(value, 0) + 1
    return counts
