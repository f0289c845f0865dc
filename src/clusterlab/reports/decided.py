"""What a fine-tuned model says about each image, beside the label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterlab.training import Predictions
from clusterlab.types import Collection

DIGITS = 6


def decided(collection: Collection, said: Predictions) -> pd.DataFrame:
    """id, split, label, true, predicted, confidence, correct: one row an image, sorted by id.

    label: the name of the column. true, predicted: None where there is no label, or no class was
    named; several values in alphabetical order, joined by `|`. confidence: the highest
    probability, for several values that of the least sure yes or no; NaN where it means nothing.
    correct: None without a label.
    """
    images = collection.take(said.ids)
    cells = images.labels[said.column].tolist()
    if said.multi_valued:
        true = ["|".join(sorted(cell)) or None for cell in cells]
        predicted = [_joined(said.classes, row) for row in said.held()]
        confidence = np.maximum(said.scores, 1 - said.scores).min(axis=1)
    else:
        true, named = cells, said.named()
        predicted = [said.classes[at] if at >= 0 else None for at in named.tolist()]
        confidence = np.where(named >= 0, said.scores.max(axis=1), np.nan)
    return pd.DataFrame(
        {
            "id": said.ids,
            "split": images.split,
            "label": said.column,
            "true": pd.Series(true, dtype=object),
            "predicted": pd.Series(predicted, dtype=object),
            "confidence": confidence.astype(float).round(DIGITS) if said.confident else np.nan,
            "correct": pd.Series(
                [None if t is None else t == p for t, p in zip(true, predicted, strict=True)],
                dtype=object,
            ),
        }
    )


def _joined(classes: Sequence[str], has: np.ndarray) -> str | None:
    return "|".join(sorted(classes[at] for at in np.flatnonzero(has).tolist())) or None
