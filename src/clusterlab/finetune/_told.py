"""How a finished training is told to the reader of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clusterlab.finetune._finished import Finished
from clusterlab.finetune._lesson import Lesson
from clusterlab.training import Training


def told(
    lesson: Lesson,
    finished: Finished,
    *,
    selected_by: str,
    frozen: bool = False,
    facts: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> Training:
    """selected_by: the metric that chooses the epoch where there are validation images. frozen:
    whether each epoch showed the same drawn images. facts, notes: beside those that every training
    has."""
    # Those that there are may all be broken.
    selects = "val_loss" in finished.epochs
    own = (
        "There are no validation images, so no epoch was chosen: all were trained and the last "
        "weights kept (dataset.split with a share of val changes that)."
    )
    same = (
        "Images were drawn once and not anew each epoch (finetune.frozen_augmentation=true), as "
        "where a cache keeps them: a mistake of the patternmind study that is repeated here. "
        "docs/flaws.md says what it costs."
    )
    random = finished.facts.get("started_from", {}).get("weights") == "random"
    scratch = (
        f"The model began with random weights: all that it knows, it learned from "
        f"{finished.facts.get('images_trained_on', 0):,} images."
    )
    return Training(
        columns=tuple(target.column for target in lesson.targets),
        splits=("train", "val") if selects else ("train",),
        epochs=finished.epochs,
        selected_by=f"val_{selected_by}" if selects else "",
        best_epoch=finished.best_epoch,
        stopped=finished.stopped,
        distribution=lesson.distribution(),
        rebalanced=lesson.rebalanced,
        trainable=finished.trainable,
        facts={**finished.facts, **(facts or {})},
        weights=finished.weights,
        heads=finished.heads,
        notes=(
            *notes,
            *([scratch] if random else []),
            *([same] if frozen else []),
            *([] if selects else [own]),
        ),
    )
