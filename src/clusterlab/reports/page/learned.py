"""What a fine-tuned model learned, and what that is worth."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.decided import decided
from clusterlab.reports.names import confusion_name, distribution_name, label_slugs
from clusterlab.reports.page.accuracy import by_class, overall, value
from clusterlab.reports.page.made import flat
from clusterlab.reports.page.mistakes import mistakes
from clusterlab.reports.page.text import picture, plural, score
from clusterlab.reports.plots.distribution import is_dropped
from clusterlab.reports.seen import labelled
from clusterlab.reports.training_figures import CURVES
from clusterlab.training import Classification, Predictions, Training


def learned(
    outcome: Outcome, figures: Path, cache: dict[int, bytes | None]
) -> dict[str, Any] | None:
    """None where nothing was fine-tuned. training: how it went; columns: a label column each with
    its scores, figures and mistakes. cache: row -> thumbnail, filled as needed."""
    training, found = outcome.training, outcome.classification
    if training is None and found is None:
        return None
    images = labelled(outcome)
    seen = training.splits if training is not None else ()
    tables = [decided(images, said) for said in outcome.predictions]
    wrong = mistakes(outcome, tables, seen, cache)
    return {
        "training": None if training is None else _training(outcome, training, figures),
        "notes": [] if found is None else list(dict.fromkeys(found.notes)),
        "split": outcome.evaluation.scored_split,
        "columns": []
        if found is None
        else [
            _column(outcome, found, said, seen, figures) | {"mistakes": errors}
            for said, errors in zip(outcome.predictions, wrong, strict=True)
        ],
    }


def rows_on_page(section: dict[str, Any] | None) -> set[int]:
    """The rows whose thumbnail the section shows."""
    columns = section["columns"] if section else []
    pictures = [one for c in columns for key in ("unseen", "seen") for one in c["mistakes"][key]]
    return {one["row"] for one in pictures if one["row"] is not None and one["src"]}


def _column(
    outcome: Outcome,
    found: Classification,
    said: Predictions,
    seen: Container[str],
    figures: Path,
) -> dict[str, Any]:
    split = outcome.evaluation.scored_split
    slug = label_slugs(labelled(outcome))[said.column]
    name = said.column
    return {
        "name": name,
        "multi_valued": said.multi_valued,
        "scores": overall(found, said, seen, split),
        "classes": by_class(found, said, outcome.training, split),
        "partition": _partition(outcome, found, name),
        "confusion": picture(
            figures, confusion_name(slug), f"Confusion matrix of the classes of {name}"
        ),
        "distribution": picture(
            figures, distribution_name(slug), f"Training images per class of {name}"
        ),
    }


def _partition(outcome: Outcome, found: Classification, column: str) -> dict[str, str] | None:
    """The ARI of the predicted classes beside that of the clusters."""
    own = value(found, column, "argmax_ari")
    if own is None:
        return None
    clusters = outcome.evaluation.headline.get(f"ari/{column}")
    return {"classes": score(own), "clusters": "" if clusters is None else score(clusters)}


def _training(outcome: Outcome, training: Training, figures: Path) -> dict[str, Any]:
    return {
        "columns": training.columns,
        "images": _images(outcome, training),
        "trainable": training.trainable,
        "went": _went(training),
        "curves": picture(figures, CURVES, "Loss and validation scores of each epoch"),
        "rows": [
            _counts(str(column), rows)
            for column, rows in training.distribution.groupby("column", sort=False)
        ],
        "facts": flat(training.facts),
    }


def _images(outcome: Outcome, training: Training) -> str:
    """How many images were there for what."""
    names, counts = np.unique(labelled(outcome).split, return_counts=True)
    n = dict(zip(names.tolist(), counts.tolist(), strict=True))
    parts = [f"{plural(n.get('train', 0), 'image')} for training"]
    if "val" in n:
        use = "to choose the epoch" if "val" in training.splits else "for validation"
        parts.append(f"{n['val']:,} {use}")
    if "test" in n:
        parts.append(f"{n['test']:,} kept apart as test: the model has never seen those")
    else:
        parts.append("none kept apart as test, so no score is on images that it has never seen")
    return ", ".join(parts)


def _went(training: Training) -> str:
    n = len(training.epochs)
    text = f"Epoch {training.best_epoch} of {n} was kept"
    if training.selected_by in training.epochs:
        epochs = training.epochs.set_index("epoch")[training.selected_by]
        metric = training.selected_by.removeprefix("val_").replace("_", " ").replace("f1", "F1")
        text += f", chosen by its {metric} on the validation images "
        text += f"({score(float(epochs.get(training.best_epoch, np.nan)))})"
    return f"{text}; {training.stopped}."


def _counts(column: str, classes: pd.DataFrame) -> Sequence[str]:
    """A row of the table of label columns."""
    left = classes[is_dropped(classes)]
    return [
        column,
        f"{int(((classes['train'] > 0) & ~is_dropped(classes)).sum()):,}",
        f"{classes['train'].sum():,}",
        f"{classes['items'].sum():,}",
        f"{len(left):,} ({plural(int(left['train'].sum()), 'image')})" if len(left) else "none",
        f"{int((classes['train'] == 0).sum()):,}",
    ]
