"""The classification scores as the page shows them."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator
from typing import Any

import pandas as pd

from clusterlab.reports.marks import CHOSE, SEEN
from clusterlab.reports.page.text import NOTHING, score
from clusterlab.training import Classification, Predictions, Training

SINGLE = {
    "accuracy": "accuracy",
    "macro_precision": "precision",
    "macro_recall": "recall",
    "macro_f1": "F1",
    "weighted_f1": "weighted F1",
}
MULTI = {
    "exact_match": "all values right",
    "accuracy": "decisions right",
    "macro_precision": "precision",
    "macro_recall": "recall",
    "macro_f1": "F1",
    "micro_f1": "micro F1",
    "mean_average_precision": "mean average precision",
}
BY_CLASS = {"precision": "precision", "recall": "recall", "f1": "F1"}
BY_VALUE = {**BY_CLASS, "average_precision": "average precision"}
FEW = 20
BEST, WORST = 10, 10

_SEEN = {"train": SEEN, "val": CHOSE}


def overall(
    found: Classification, said: Predictions, seen: Container[str], split: str
) -> dict[str, Any]:
    """columns, and rows of the scored split and of the others: split, whether training has seen
    it, scope, n and cells."""
    metrics = MULTI if said.multi_valued else SINGLE
    table = found.table[found.table["label"] == said.column]
    shows_kept = f"kept_accuracy/{said.column}" in found.headline
    rows = [
        {"split": name, "seen": _SEEN.get(name, "") if name in seen else "", **row}
        for name, part in table.groupby("split", sort=False)
        for row in _scopes(part, list(metrics), said, shows_kept=shows_kept)
    ]
    return {
        "columns": list(metrics.values()),
        "scored": [row for row in rows if row["split"] == split],
        "others": [row for row in rows if row["split"] != split],
    }


def by_class(
    found: Classification, said: Predictions, training: Training | None, split: str
) -> dict[str, Any]:
    """columns; worst and best: the classes by F1, all in `worst` where there are at most 20.
    n_absent, n_untaught: classes without a scored image, and of the others those that the model
    does not know; they have no row, lest their zeros hide what it does badly."""
    metrics = BY_VALUE if said.multi_valued else BY_CLASS
    table = found.table
    table = table[(table["label"] == said.column) & (table["scope"] == "class")]
    table = table[table["split"] == split]
    values = table.pivot(index="class", columns="metric", values="value")
    values["n"] = table.groupby("class")["n"].max()
    n_absent = int((values["n"] == 0).sum())
    values = values[values["n"] > 0].reset_index()
    known = values["class"].isin(said.classes)
    values = values[known]
    # Of equals, the one with more images is the surer finding.
    values = values.sort_values(["f1", "n", "class"], ascending=[True, False, True])
    taught = _taught(said.column, training)
    rows = [
        [
            str(row["class"]),
            f"{row['n']:,}",
            f"{taught[row['class']]:,}" if row["class"] in taught else NOTHING,
            *(score(row[metric]) for metric in metrics),
        ]
        for row in values.to_dict("records")
    ]
    images = "images" if split == "all" else f"{split} images"
    return {
        "columns": ["class", images, "training images", *metrics.values()],
        "worst": rows if len(rows) <= FEW else rows[:WORST],
        "best": [] if len(rows) <= FEW else rows[: -BEST - 1 : -1],
        "n": len(rows),
        "n_absent": n_absent,
        "n_untaught": int((~known).sum()),
    }


def value(found: Classification, column: str, metric: str) -> float | None:
    """A headline score, None where it is absent or undefined."""
    known = found.headline.get(f"{metric}/{column}", math.nan)
    return known if math.isfinite(known) else None


def _scopes(
    part: pd.DataFrame, metrics: list[str], said: Predictions, *, shows_kept: bool
) -> Iterator[dict[str, Any]]:
    values = part[part["scope"] != "class"].set_index(["scope", "metric"])
    for scope in ("all", "kept") if shows_kept else ("all",):
        yield {
            "scope": "all classes" if scope == "all" else f"the {len(said.kept):,} kept classes",
            "n": f"{values.loc[(scope, 'accuracy'), 'n']:,}",
            "cells": [_three(values.loc[(scope, metric), "value"]) for metric in metrics],
        }


def _three(number: float) -> str:
    return score(float(number)) if math.isfinite(number) else NOTHING


def _taught(column: str, training: Training | None) -> dict[str, int]:
    """Class -> its training images."""
    if training is None:
        return {}
    rows = training.distribution
    rows = rows[rows["column"] == column]
    return dict(zip(rows["class"], rows["train"].astype(int).tolist(), strict=True))
