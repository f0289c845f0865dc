"""What a fine-tuning leaves in the run folder beside the figures: four tables and its weights."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.decided import decided
from clusterlab.reports.marks import CHOSE, COLUMN, SEEN
from clusterlab.reports.seen import labelled
from clusterlab.reports.synthetic import with_column_tags
from clusterlab.training import Predictions, Training

TABLES = ("classification", "predictions", "training", "distribution")
WEIGHTS = "finetuned.safetensors"


def training_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table, of those in TABLES that the run has."""
    found = {}
    if outcome.classification is not None:
        found["classification"] = _marked(outcome.classification.table, outcome)
    if outcome.predictions:
        found["predictions"] = predictions(outcome)
    if outcome.training is not None:
        found["training"] = outcome.training.epochs
        found["distribution"] = outcome.training.distribution
    return found


def _marked(table: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """With what stands beside scores of images that the model was shown."""
    told = {"train": SEEN, "val": CHOSE} if outcome.training is not None else {}
    seen = {} if outcome.training is None else dict.fromkeys(outcome.training.splits)
    marks = [told.get(split, "") if split in seen else "" for split in table["split"]]
    return with_column_tags(table.assign(**{COLUMN: marks}), outcome)


def predictions(outcome: Outcome) -> pd.DataFrame:
    """id, split, label, true, predicted, confidence, correct: one row an image and label column."""
    images = labelled(outcome)
    return pd.concat([decided(images, said) for said in outcome.predictions], ignore_index=True)


def keep_weights(training: Training, folder: Path) -> None:
    """Put the fine-tuned weights into a folder; where they lie on the same disk they take no room
    twice."""
    target = folder / WEIGHTS
    try:
        os.link(training.weights, target)
    except OSError:
        shutil.copyfile(training.weights, target)


def heads(training: Training) -> dict[str, np.ndarray]:
    """The arrays of the heads as model.safetensors has them."""
    return {f"finetune.{name}": np.ascontiguousarray(a) for name, a in training.heads.items()}


def facts(training: Training, said: Sequence[Predictions]) -> Mapping[str, Any]:
    """The entry `finetune` of model.json. The rows of the heads are the classes of all columns, one
    column after the other."""
    return {
        **training.facts,
        "columns": list(training.columns),
        "classes": {one.column: list(one.classes) for one in said},
        "multi_valued": [one.column for one in said if one.multi_valued],
        "file": WEIGHTS,
    }
