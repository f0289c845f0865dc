"""The headline scores with what each means, what chance would give, and where it stands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.marks import SEEN, with_marks
from clusterlab.reports.page.meanings import EXTERNAL, INTERNAL, Meaning
from clusterlab.reports.page.text import NOTHING, score, score_or_dash
from clusterlab.reports.seen import seen_labels, seen_splits
from clusterlab.reports.synthetic import column_tags, synthetic, with_column_tags

_ELSEWHERE = ("stability_", "ceiling_", "annotators_", "mean_ari/", "mean_entropy/")


def headline_scores(outcome: Outcome) -> dict[str, Any]:
    """sentences, one a label column; macros: the columns of macro-categories as a table, in their
    place; external and internal: metrics with their cells. split, and
    n_scored, its images; unseen: whether a model was trained and has seen none of them."""
    # Those of the stability, of the ceiling and of people have a section of their own.
    found = [
        (*key.split("/", 1), value)
        for key, value in outcome.evaluation.headline.items()
        if not key.startswith(_ELSEWHERE)
    ]
    columns = [str(column) for column in outcome.collection.labels.columns]
    split, seen = outcome.evaluation.scored_split, seen_splits(outcome)
    joined = {} if outcome.macro is None else outcome.macro.columns
    return {
        "split": split,
        "n_scored": int((outcome.collection.split == split).sum()),
        "unseen": bool(seen) and split not in seen and SEEN not in outcome.features.marks,
        "supervised": sorted(set(columns) & seen_labels(outcome)),
        "synthetic": synthetic(outcome),
        "circular": bool(outcome.collection.circular),
        "sentences": [line for c in columns if c not in joined and (line := _sentence(outcome, c))],
        "macros": [row for c in joined if (row := _macro_row(outcome, c))],
        "external": _metrics(outcome, [f for f in found if f[0] not in INTERNAL], EXTERNAL),
        "internal": _metrics(outcome, [f for f in found if f[0] in INTERNAL], INTERNAL),
    }


def all_scores(outcome: Outcome) -> dict[str, Any]:
    """The whole of scores.csv as text: header and rows."""
    scores = with_column_tags(outcome.evaluation.scores, outcome)
    scores = with_marks(scores, outcome.features.marks)
    rows = [
        [
            "" if pd.isna(value) else score(value) if isinstance(value, float) else str(value)
            for value in row
        ]
        for row in scores.astype(object).itertuples(index=False)
    ]
    return {"columns": [str(column).replace("_", " ") for column in scores.columns], "rows": rows}


def _metrics(
    outcome: Outcome, found: list[Any], meanings: Mapping[str, Meaning]
) -> list[dict[str, Any]]:
    known = [name for name in meanings if any(metric == name for metric, _, _ in found)]
    own = sorted({metric for metric, _, _ in found} - set(meanings))
    return [
        {
            "name": (meaning := meanings.get(metric, Meaning(metric, ""))).name,
            "says": meaning.says,
            "cells": [
                _cell(outcome, metric, target, value, meaning)
                for other, target, value in found
                if other == metric
            ],
        }
        for metric in [*known, *own]
    ]


def _cell(
    outcome: Outcome, metric: str, target: str, value: float, meaning: Meaning
) -> dict[str, Any]:
    """position and chance_position: per cent along the metric's scale, None where it has none."""
    chance = _chance(outcome, metric, target, value)
    return {
        "target": target,
        "value": score(float(value)),
        "supervised": target in seen_labels(outcome),
        "tags": () if metric in INTERNAL else column_tags(outcome, target),
        "chance": None if chance is None else score(chance[0]),
        "chance_std": None if chance is None else score(chance[1]),
        "position": meaning.place(value),
        "zero": meaning.place(0.0),
        "chance_position": None if chance is None else meaning.place(chance[0]),
    }


def _chance(outcome: Outcome, metric: str, target: str, value: float) -> tuple[float, float] | None:
    """The chance level of the row of `scores` that the headline was taken from."""
    scores = outcome.evaluation.scores
    if "chance" not in scores:
        return None
    same = (scores["metric"] == metric) & (scores["label"] == target)
    same &= scores["split"] == outcome.evaluation.scored_split
    rows = scores[same & np.isclose(scores["value"].astype(float), value)]
    rows = rows[rows["chance"].notna()]
    if rows.empty:
        return None
    return float(rows["chance"].iloc[0]), float(rows["chance_std"].iloc[0])


def _sentence(outcome: Outcome, column: str) -> dict[str, Any] | None:
    """The two numbers that a reader should take away for a label column."""
    parts = []
    if (purity := _headline(outcome, "purity", column)) is not None:
        text = f"purity {purity:.2f}"
        if chance := _chance(outcome, "purity", column, purity):
            text += f" where random groups of the same sizes would get {chance[0]:.2f}"
        parts.append(text)
    if (ari := _headline(outcome, "ari", column)) is not None:
        parts.append(f"adjusted Rand index {ari:.2f} where chance is 0 and full agreement 1")
    if not parts:
        return None
    return {
        "column": column,
        "text": "; ".join(parts),
        "supervised": column in seen_labels(outcome),
        "tags": column_tags(outcome, column),
    }


def _macro_row(outcome: Outcome, column: str) -> dict[str, Any] | None:
    """A column of macro-categories: there are several, which are read against each other."""
    purity = _headline(outcome, "purity", column)
    if purity is None:
        return None
    chance = _chance(outcome, "purity", column, purity)
    others = [_headline(outcome, metric, column) for metric in ("ami", "ari")]
    cells = [
        score(purity),
        NOTHING if chance is None else f"{score(chance[0])} ± {score(chance[1])}",
    ]
    return {
        "column": column,
        "supervised": column in seen_labels(outcome),
        "tags": column_tags(outcome, column),
        "cells": [*cells, *(score_or_dash(value) for value in others)],
    }


def _headline(outcome: Outcome, metric: str, column: str) -> float | None:
    """A headline score, or None where it is absent or undefined."""
    value = float(outcome.evaluation.headline.get(f"{metric}/{column}", math.nan))
    return value if math.isfinite(value) else None
