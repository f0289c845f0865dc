"""The tables of how far people agree."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pandas as pd

from clusterlab.meaning import Annotators
from clusterlab.outcome import Outcome
from clusterlab.reports.marks import COLUMN

_COLUMNS = (
    "kind", "one", "other", "n", "share", "kappa", "ari", "ami", "entropy", "entropy_chance",
)  # fmt: skip


def people_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table (annotators), of those that the run has.

    One row two people (`kind` is "people"), then one row a person and the clustering ("clustering",
    and `other` is empty): what the one and the other agree by, over the scored images. entropy, in
    the evaluator's unit, is the clustering's against that person, beside its chance level.
    """
    found = outcome.evaluation.annotators
    if found is None:
        return {}
    rows = [*_pairs(found), *(_ours(outcome, column) for column in found.columns)]
    # Where the features know a person's groups, the clustering's row says so.
    marked = any(row.get(COLUMN) for row in rows)
    table = pd.DataFrame(rows, columns=[*_COLUMNS, *([COLUMN] if marked else [])])
    return {"annotators": table.fillna({COLUMN: ""}) if marked else table}


def ours(outcome: Outcome, metric: str, column: str, what: str = "value") -> float:
    """A headline score of the clustering against a person, or its chance level; NaN where there is
    none. what: a column of scores.csv."""
    rows = _headline(outcome, metric, column)
    return float(rows[what].iloc[0]) if len(rows) else math.nan


def _pairs(found: Annotators) -> list[dict[str, Any]]:
    return [
        {"kind": "people", **asdict(pair), "ami": ami}
        for pair, ami in zip(found.pairs, found.pair_ami, strict=True)
    ]


def _headline(outcome: Outcome, metric: str, column: str) -> pd.DataFrame:
    scores, split = outcome.evaluation.scores, outcome.evaluation.scored_split
    same = (scores["metric"] == metric) & (scores["label"] == column)
    return scores[same & (scores["split"] == split) & (scores["noise"] == "cluster")]


def _ours(outcome: Outcome, column: str) -> dict[str, Any]:
    n = ours(outcome, "ari", column, "n")
    found = _headline(outcome, "ari", column)
    return {
        "kind": "clustering",
        "one": column,
        "other": "",
        "n": int(n) if math.isfinite(n) else 0,
        "ari": ours(outcome, "ari", column),
        "ami": ours(outcome, "ami", column),
        "entropy": ours(outcome, "entropy", column),
        "entropy_chance": ours(outcome, "entropy", column, "chance"),
        COLUMN: str(found[COLUMN].iloc[0]) if COLUMN in found and len(found) else "",
    }
