"""The optional stage between dataset and extractor: a better extractor, learned from labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from clusterlab.components import Component
from clusterlab.environment import n_cores
from clusterlab.files import remove
from clusterlab.finetune._workshop import Tuning, Workshop
from clusterlab.finetune.kept import FOLDER
from clusterlab.kin import kin
from clusterlab.models.lineage import SEEN, n_seen, seen_by
from clusterlab.store import Store
from clusterlab.types import Collection, Compute, Decoding, Features

# The splits whose images a fine-tuning is shown, to learn from or to choose the epoch.
_SHOWN = ("train", "val")


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
    if tuning.training is None:
        return tuning
    return _with_past(_of_models(tuning, collection), collection, extractor)


def _of_models(tuning: Tuning, collection: Collection) -> Tuning:
    """The tuning, saying of which columns it learned what a model had said."""
    assert tuning.training is not None
    taught = [f"'{name}'" for name in tuning.training.columns if name in collection.synthetic]
    if not taught:
        return tuning
    note = (
        f"The labels that were learned, in {', '.join(taught)}, are synthetic: the extractor was "
        "trained to say what the labeler says, mistakes included."
    )
    return replace(tuning, training=replace(tuning.training, notes=(note, *tuning.training.notes)))


def _with_past(tuning: Tuning, collection: Collection, extractor: Component) -> Tuning:
    """The tuning, saying what the weights that it started from had seen of the images that it kept
    apart. extractor: before the tuning."""
    assert tuning.training is not None
    apart = np.flatnonzero(~np.isin(collection.split, _SHOWN))
    n = n_seen(
        seen_by(extractor.instance.sources), (collection.digests[row] for row in apart.tolist())
    )
    if not n:
        return tuning
    note = (
        "The weights that the fine-tuning started from (extractor.weights) had been fine-tuned "
        f"before, on {n:,} of the {len(apart):,} images that are kept apart now (split: test), so "
        "the scores on these are not on unseen images. Start from other weights, or split the "
        "images as that training did (the same dataset.split and seed)."
    )
    notes = (note, *tuning.training.notes)
    return replace(tuning, seen_before=n, training=replace(tuning.training, notes=notes))


def clear_away(folder: Path, store: Store | None) -> None:
    """Where there is no store, delete what the run folder held for a run that is to go on: the
    weights are in its model/ now."""
    if store is None:
        remove(folder / FOLDER)


def marked(features: Features, tuning: Tuning, derived: Mapping[str, str]) -> Features:
    """The features, saying which labels and images they were learned from.

    derived: label column -> the one it was made of. That the weights have seen images of this
    training is no news, since the splits say which; that they had seen others before is.
    """
    if tuning.training is None:
        return features
    known = kin(tuning.training.columns, derived)
    return replace(
        features,
        marks=tuple(mark for mark in features.marks if mark != SEEN or tuning.seen_before),
        seen_labels=tuple(dict.fromkeys((*features.seen_labels, *known))),
        seen_splits=tuple(dict.fromkeys((*features.seen_splits, *tuning.training.splits))),
    )
