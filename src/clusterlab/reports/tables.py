"""The tables of a run folder, and model/."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from clusterlab.files import remove, write_file
from clusterlab.outcome import Outcome
from clusterlab.reports import insight_tables, meaning_tables, training_tables
from clusterlab.reports.marks import COLUMN, with_marks
from clusterlab.reports.model import write_model
from clusterlab.reports.synthetic import label_marks, run_marks, with_column_tags
from clusterlab.types import Collection, Failure, Text


def write_tables(outcome: Outcome, folder: Path) -> None:
    """Write the CSV files and model/. Raises OutputError where the folder cannot take them.

    assignments, clusters, scores and failures are always there; captions where a model wrote a
    text; classification, predictions, training and distribution where one was fine-tuned; those of
    what clusters mean where `meaning_tables` says, and those of what stands beside the scores where
    `insight_tables` does. Where the features are marked, every table ends
    with the column `marks`; so do the tables with a number against labels that a model made.
    """
    of_labels = label_marks(outcome)
    tables = {
        "assignments": with_marks(assignments(outcome), of_labels),
        "clusters": with_marks(outcome.evaluation.clusters, of_labels),
        "scores": with_column_tags(outcome.evaluation.scores, outcome),
        "failures": failures(outcome),
    }
    if any(math.isfinite(text.seconds) for text in outcome.texts):
        tables["captions"] = captions(outcome)
    tables |= training_tables.training_tables(outcome)
    tables |= meaning_tables.meaning_tables(outcome)
    tables |= insight_tables.insight_tables(outcome)
    own = (*training_tables.TABLES, *meaning_tables.TABLES, *insight_tables.TABLES)
    for name in ("captions", *own):
        if name not in tables:
            # A run that failed in this folder before may have left one.
            remove(folder / f"{name}.csv")
    for name, table in tables.items():
        _write_csv(with_marks(table, outcome.features.marks), folder / f"{name}.csv")
    write_model(outcome, folder / "model")


def assignments(outcome: Outcome) -> pd.DataFrame:
    """id, path, cluster, strength, split, x, y, then the label columns (sets joined by `|`).

    x and y are those of the first view. Where the stability was asked for, confidence follows on
    strength: the share of the bootstrap samples in which an image stayed with its cluster.
    """
    collection, clustering = outcome.collection, outcome.clustering
    positions = next(iter(outcome.views.values()))
    table = pd.DataFrame(
        {
            "id": collection.ids,
            "path": [image.path for image in collection.images],
            "cluster": clustering.labels,
            "strength": np.nan if clustering.strength is None else clustering.strength,
            "split": collection.split,
            "x": positions[:, 0],
            "y": positions[:, 1],
        }
    )
    stability = outcome.evaluation.stability
    if stability is not None:
        table.insert(list(table).index("strength") + 1, "confidence", stability.confidence)
    labels = flat_labels(collection)
    # A label column may bear the name of one of ours; a table has each name once.
    taken = {*table, COLUMN} if run_marks(outcome) else set(table)
    names: list[str] = []
    for name in map(str, labels.columns):
        while name in taken or name in names:
            name = f"label_{name}"
        names.append(name)
    return pd.concat([table, labels.set_axis(names, axis=1)], axis=1)


def flat_labels(collection: Collection) -> pd.DataFrame:
    """The label columns as text: sets joined by `|`, missing as None."""
    flat = collection.labels.copy()
    for column in collection.multi_valued:
        flat[column] = pd.Series(
            ["|".join(values) or None for values in flat[column]], dtype=object
        )
    return flat


def failures(outcome: Outcome) -> pd.DataFrame:
    """id, path, stage, error, message: one row an image that was left out."""
    return _rows(outcome.failures, Failure)


def captions(outcome: Outcome) -> pd.DataFrame:
    """id, text, model, seconds, note: every text, those from the table too (seconds empty)."""
    return _rows(outcome.texts, Text)


def _rows(
    rows: Sequence[Failure] | Sequence[Text], kind: type[Failure] | type[Text]
) -> pd.DataFrame:
    columns = [field.name for field in dataclasses.fields(kind)]
    return pd.DataFrame([dataclasses.astuple(row) for row in rows], columns=columns)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_file(path, lambda temporary: table.to_csv(temporary, index=False))
