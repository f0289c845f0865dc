"""The optional stage between dataset and extractor: a better extractor, learned from labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clusterlab.components import Component
from clusterlab.environment import n_cores
from clusterlab.finetune._workshop import Tuning, Workshop
from clusterlab.finetune.kept import FOLDER
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


def marked(features: Features, tuning: Tuning) -> Features:
    """The features, saying which labels and images they were learned from."""
    if tuning.training is None:
        return features
    return replace(
        features,
        seen_labels=tuple(dict.fromkeys((*features.seen_labels, *tuning.training.columns))),
        seen_splits=tuple(dict.fromkeys((*features.seen_splits, *tuning.training.splits))),
    )
