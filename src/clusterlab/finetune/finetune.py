"""The optional stage between dataset and extractor: a better extractor, learned from labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from clusterlab.components import Component
from clusterlab.environment import n_cores
from clusterlab.files import remove
from clusterlab.finetune._workshop import Tuning, Workshop
from clusterlab.finetune.kept import FOLDER
from clusterlab.models.lineage import SEEN
from clusterlab.store import Store
from clusterlab.types import Collection, Compute, Decoding, Features


def fine_tune(
    collection: Collection,
    extractor: Component,
    component: Component,
    *,
    folder: Path,
    store: Store | None = None,
    decoding: Decoding | None = None,
    compute: Compute | None = None,
    workers: int | None = None,
) -> Tuning:
    """The extractor after the fine-tuning `component`, from the store where it was done before.

    folder: the run's, where checkpoints are kept when there is no store. Raises DataError for
    labels that cannot be learned, ComponentError for an extractor that cannot be trained.
    """
    root = folder if store is None else store.path.parent
    tuning: Tuning = component.instance.tune(
        collection,
        extractor,
        Workshop(
            root=root / FOLDER,
            config=component.config,
            decoding=decoding or Decoding(),
            compute=compute or Compute(),
            workers=workers or n_cores(),
        ),
    )
    return tuning


def clear_away(folder: Path, store: Store | None) -> None:
    """Where there is no store, delete what the run folder held for a run that is to go on: the
    weights are in its model/ now."""
    if store is None:
        remove(folder / FOLDER)


def marked(features: Features, tuning: Tuning, derived: Mapping[str, str]) -> Features:
    """The features, saying which labels and images they were learned from.

    derived: label column -> the one it was made of. That the weights have seen some of the images
    is then no news: the splits say which.
    """
    if tuning.training is None:
        return features
    learned = tuning.training.columns
    kin = [other for pair in derived.items() for one, other in (pair, pair[::-1]) if one in learned]
    return replace(
        features,
        marks=tuple(mark for mark in features.marks if mark != SEEN),
        seen_labels=tuple(dict.fromkeys((*features.seen_labels, *learned, *kin))),
        seen_splits=tuple(dict.fromkeys((*features.seen_splits, *tuning.training.splits))),
    )
