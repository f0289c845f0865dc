"""How well the labels can be learned, in plain words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.ceiling import Ceiling
from clusterlab.outcome import Outcome
from clusterlab.reports.ceiling_figures import histogram_names, value
from clusterlab.reports.ceiling_tables import ceiling_tables
from clusterlab.reports.marks import COLUMN
from clusterlab.reports.page.text import NOTHING, picture, plural, score_or_dash

FEW = 20
BEST, WORST = 10, 10
METRICS = {
    "accuracy": "accuracy",
    "macro_f1": "F1, mean over classes",
    "weighted_f1": "F1, weighted by size",
    "mean_class_accuracy": "mean of the classes",
    "median_class_accuracy": "median of the classes",
    "std_class_accuracy": "their std",
}
VALUES = {
    "accuracy": "decisions right",
    "exact_match": "all values right",
    "macro_f1": "F1, mean over values",
    "micro_f1": "F1 of all decisions",
    "mean_class_accuracy": "found, mean of the values",
    "median_class_accuracy": "found, median",
}
SPLITS = {"test": "test images, not learned from", "train": "training images"}


def ceiling(outcome: Outcome, figures: Path) -> dict[str, Any] | None:
    """None where the run has nothing of the kind. columns: a label column each, with its numbers,
    its best and worst classes, and their histogram."""
    found = outcome.evaluation.ceiling
    if found is None:
        return None
    tables = ceiling_tables(outcome)
    names = histogram_names(outcome)
    return {
        "told": found.told,
        "notes": found.notes,
        "columns": [_column(outcome, found, tables, name, figures) for name in names],
    }


def _column(
    outcome: Outcome, found: Ceiling, tables: dict[str, pd.DataFrame], column: str, figures: Path
) -> dict[str, Any]:
    multi = column in outcome.collection.multi_valued
    shown = VALUES if multi else METRICS
    table = tables["ceiling"]
    own = table[table["label"] == column]
    marks = _marks(own[own["split"] == "test"])
    return {
        "name": column,
        "tags": marks,
        "multi_valued": multi,
        "lead": _lead(found, column, multi=multi),
        "header": ["images", "number", *shown.values()],
        "rows": [
            {
                "split": words,
                # The others stand beside the column's name.
                "tags": [mark for mark in _marks(part) if mark not in marks],
                "cells": [
                    f"{int(part['n'].max()):,}",
                    *(score_or_dash(value(found, column, split, metric)) for metric in shown),
                ],
            }
            for split, words in SPLITS.items()
            if len(part := own[own["split"] == split])
        ],
        "baselines": _baselines(found, column, multi=multi),
        "classes": _classes(tables["ceiling_classes"], column),
        "histogram": picture(
            figures,
            histogram_names(outcome)[column],
            f"Histogram of the accuracies of the classes of {column}",
        ),
    }


def _lead(found: Ceiling, column: str, *, multi: bool) -> str:
    accuracy, train = (value(found, column, split, "accuracy") for split in ("test", "train"))
    majority = value(found, column, "test", "majority")
    own = found.table[(found.table["label"] == column) & (found.table["split"] == "test")]
    n = int(own["n"].max())
    if multi:
        text = (
            f"Of the yes/no decisions about {plural(n, 'test image')} the classifier makes "
            f"{accuracy:.1%} rightly; always giving each value's commoner answer would reach "
            f"{majority:.1%}."
        )
    else:
        text = (
            f"The classifier names {accuracy:.1%} of {plural(n, 'test image')} rightly; always "
            f"naming the commonest class would reach {majority:.1%}."
        )
    gap = train - accuracy
    text += f" On the images that it learned from it reaches {train:.1%}"
    if gap >= 0.1:
        return (
            f"{text}: {100 * gap:.0f} points more, which it knows by heart. A smaller C, fewer "
            "components or more training images narrow the gap."
        )
    return f"{text}, hardly more." if gap >= 0 else f"{text}."


def _baselines(found: Ceiling, column: str, *, multi: bool) -> list[tuple[str, str]]:
    named = {
        "majority": "each value's commoner answer" if multi else "always the commonest class",
        "uniform": "guessing, yes as often as no" if multi else "guessing, 1 / number of classes",
    }
    return [
        (words, score_or_dash(value(found, column, "test", metric)))
        for metric, words in named.items()
    ]


def _classes(table: pd.DataFrame, column: str) -> dict[str, Any]:
    """worst and best: class, test images, training images, accuracy; all in `worst` where there
    are at most 20 (few); a class that is never found is not among the best. n_untested: classes
    without a test image, which have no row."""
    own = table[table["label"] == column]
    tested = own[own["n_test"] > 0]
    # Of equals, the one with more test images is the surer finding.
    ordered = tested.sort_values(["accuracy", "n_test", "class"], ascending=[True, False, True])
    best = tested.sort_values(["accuracy", "n_test", "class"], ascending=[False, False, True])
    few = len(ordered) <= FEW
    return {
        "columns": ["class", "test images", "training images", "accuracy"],
        "worst": _rows(ordered if few else ordered.head(WORST)),
        "best": [] if few else _rows(best[best["accuracy"] > 0].head(BEST)),
        "few": few,
        "n": len(ordered),
        "n_untested": len(own) - len(tested),
    }


def _rows(classes: pd.DataFrame) -> list[list[str]]:
    return [
        [
            str(row["class"]),
            f"{row['n_test']:,}",
            f"{row['n_train']:,}",
            NOTHING if math.isnan(row["accuracy"]) else f"{row['accuracy']:.0%}",
        ]
        for row in classes.to_dict("records")
    ]


def _marks(rows: pd.DataFrame) -> list[str]:
    if COLUMN not in rows or rows.empty:
        return []
    return [mark for mark in str(rows[COLUMN].iloc[0]).split("; ") if mark]
