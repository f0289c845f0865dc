"""How well a fine-tuned model names the classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from clusterlab.errors import DataError
from clusterlab.metrics import _classification_notes
from clusterlab.metrics._classification_multi import MultiValued, multi_valued
from clusterlab.metrics._classification_single import SingleValued, single_valued
from clusterlab.metrics._rows import ALL, Row, splits_of
from clusterlab.training import Classification, Predictions
from clusterlab.types import Collection

COLUMNS = ["label", "split", "scope", "class", "metric", "value", "n"]
HEADLINE = (
    "accuracy", "exact_match", "macro_precision", "macro_recall", "macro_f1", "micro_f1",
    "weighted_f1", "mean_average_precision", "argmax_ari",
)  # fmt: skip
KEPT = {
    "accuracy": "kept_accuracy",
    "macro_precision": "kept_precision",
    "macro_recall": "kept_recall",
    "macro_f1": "kept_f1",
}


def classification(
    collection: Collection, predictions: Sequence[Predictions], *, scored_split: str
) -> Classification:
    """The agreement of predictions with the labels, for each split that there is.

    collection: holds the images that predictions are of; those without a label in a column are in
    none of its scores, and n counts the images behind a value. Splits are train, val and test,
    and "all" where there are none or where that is the scored one.

    Scopes: "all" images, so that one of a class that the model does not know is an error; "kept",
    those whose class rebalancing keeps; "class", one class. Metrics are in [0, 1], higher is
    better, except argmax_ari in [-0.5, 1]: the ARI of the predicted classes as a partition.
    Macro and weighted means are over the classes that have an image; a class that has some and is
    never predicted has precision 0. What is undefined is NaN with n = 0.
    Of a multi-valued column, accuracy is the share of right yes/no decisions, exact_match that of
    images with all values right; the kept scope is over the decisions about kept values.

    The headline has no undefined value, and kept_* only where the kept classes are not all.
    Raises DataError where an image is not in the collection, or none is in scored_split.

    >>> from clusterlab.types import MemoryImage
    >>> images = Collection(
    ...     name="hats", ids=("a", "b", "c"), images=(MemoryImage(b""),) * 3, digests=("",) * 3,
    ...     labels=pd.DataFrame({"kind": ["cap", "cap", "fez"]}),
    ...     split=np.array(["test"] * 3), numeric=pd.DataFrame(index=range(3)),
    ... )
    >>> said = Predictions(
    ...     column="kind", ids=images.ids, classes=("cap", "fez"), kept=("cap", "fez"),
    ...     scores=np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], np.float32),
    ... )
    >>> found = classification(images, [said], scored_split="test")
    >>> round(found.headline["accuracy/kind"], 3), found.headline["macro_recall/kind"]
    (0.667, 0.75)
    """
    rows: list[Row] = []
    headline: dict[str, float] = {}
    notes: list[str] = []
    for said in predictions:
        own, numbers, sentences = _column(_images_of(collection, said), said, scored_split)
        rows += own
        headline |= numbers
        notes += sentences
    return Classification(
        table=pd.DataFrame(rows, columns=COLUMNS).astype({"value": float, "n": int}),
        headline=headline,
        notes=tuple(notes),
    )


def _column(
    images: Collection, said: Predictions, scored_split: str
) -> tuple[list[Row], dict[str, float], list[str]]:
    """The rows, the headline and the notes of one label column."""
    splits = _splits(images.split, scored_split)
    labels = _labels(images, said)
    rows = [{"label": said.column, **row} for row in _rows(labels, splits)]
    # A class that training images have and the model does not know was left out by someone.
    taught = labels.held(splits.get("train", np.ones(len(images), dtype=bool)))
    some_left_out = {*said.kept} != {*said.classes, *taught}
    headline = _headline(rows, scored_split, kept=some_left_out)
    notes = _classification_notes.about(
        said,
        labels.held(splits[scored_split]),
        taught,
        n_classes=len(labels.names),
        n_unnamed=labels.unnamed(splits[scored_split]),
        split=scored_split,
    )
    return rows, {f"{m}/{said.column}": value for m, value in headline.items()}, list(notes)


def _images_of(collection: Collection, said: Predictions) -> Collection:
    images = collection.take(said.ids)
    if images.ids != said.ids:
        strange = sorted({*said.ids} - {*collection.ids})
        raise DataError(
            f"The predictions of '{said.column}' are of {len(said.ids):,} images, of which "
            f"{len(strange):,} are not in collection '{collection.name}' or not in order"
            f"{f', the first {strange[0]!r}' if strange else ''}."
        )
    return images


def _splits(split: np.ndarray, scored_split: str) -> dict[str, np.ndarray]:
    found = splits_of(split)
    if len(found) > 1 and scored_split != ALL:
        del found[ALL]
    if scored_split not in found:
        raise DataError(
            f"No image with a prediction is in split '{scored_split}'. Splits: {', '.join(found)}."
        )
    return found


def _labels(images: Collection, said: Predictions) -> SingleValued | MultiValued:
    cells = images.labels[said.column].tolist()
    return multi_valued(cells, said) if said.multi_valued else single_valued(cells, said)


def _rows(labels: SingleValued | MultiValued, splits: dict[str, np.ndarray]) -> Iterator[Row]:
    for split, within in splits.items():
        yield from ({"split": split, **row} for row in labels.rows(within))


def _headline(rows: Sequence[Row], split: str, *, kept: bool) -> dict[str, float]:
    values = {
        (row["scope"], row["metric"]): row["value"]
        for row in rows
        if row["split"] == split and math.isfinite(row["value"])
    }
    found = {name: values["all", name] for name in HEADLINE if ("all", name) in values}
    if kept:
        found |= {
            name: values["kept", metric]
            for metric, name in KEPT.items()
            if ("kept", metric) in values
        }
    return found
