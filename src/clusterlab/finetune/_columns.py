"""Which label columns are learned, and whether there is anything to learn them from."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.errors import DataError, closest
from clusterlab.types import Collection


def check_columns(
    collection: Collection, columns: Sequence[str] | None, *, setting: str = "finetune.columns"
) -> tuple[str, ...]:
    """The columns to learn, by default the first. Raises DataError for one that the collection
    does not have, and where no image is for training."""
    known = [str(column) for column in collection.labels.columns]
    if not known:
        raise DataError(
            f"Collection '{collection.name}' has no label column, and fine-tuning learns from "
            "labels. Name one: dataset.label_columns='[...]' (a table), or put the images into "
            "sub-folders by class (a folder)."
        )
    wanted = tuple(columns) if columns else (known[0],)
    for column in wanted:
        if column not in known:
            raise DataError(
                f"{setting} names '{column}', which is no label column."
                f"{closest(column, known)} Label columns: {', '.join(known)}."
            )
    if not (collection.split == "train").any():
        raise DataError(
            "Fine-tuning needs images to train on, and the split of "
            f"'{collection.name}' has none named train (it has "
            f"{', '.join(sorted(set(collection.split.tolist())))}). Set "
            "dataset.split='{train: .8, val: .1, test: .1}'."
        )
    return wanted
