"""The scores as rows: which splits they are for, and which of them make the headline."""

from __future__ import annotations

from collections.abc import Collection as Container
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.metrics._noise import CLUSTER
from clusterlab.types import Features

ALL = "all"
COLUMNS = ["metric", "label", "space", "split", "noise", "value", "chance", "chance_std", "n"]
MARKS = "marks"
SUPERVISED = "supervised"
SEEN = "seen in training"
CHOSE = "chose the epoch"
SYNTHETIC = "synthetic"
CIRCULAR = "circular"

Row = dict[str, Any]


def splits_of(split: np.ndarray) -> dict[str, np.ndarray]:
    """Name -> (n,) bool: all images, then train, val, test, then any other."""
    order = ["train", "val", "test"]
    others = {str(name) for name in split} - {ALL}
    named = sorted(others, key=lambda name: (order.index(name) if name in order else 3, name))
    return {ALL: np.ones(len(split), dtype=bool)} | {name: split == name for name in named}


def headline_rows(rows: Sequence[Row], columns: Container[str], split: str) -> Iterator[Row]:
    """Noise as one cluster, on the scored images. The memberships of single values are left out."""
    for row in rows:
        named = row["space"] or (row["label"] in columns and not row["is_membership"])
        if named and row["noise"] == CLUSTER and row["split"] == split:
            yield row


def score_table(rows: Sequence[Row]) -> pd.DataFrame:
    """The columns of scores.csv, and `marks` last where a row has any."""
    kinds = {"value": float, "chance": float, "chance_std": float, "n": int}
    columns = [*COLUMNS, MARKS] if any(row.get(MARKS) for row in rows) else COLUMNS
    return pd.DataFrame(list(rows), columns=columns).astype(kinds)


def marked(
    rows: Sequence[Row],
    spaces: Mapping[str, Features],
    split: np.ndarray,
    synthetic: Container[str] = (),
    circular: Container[str] = (),
) -> list[Row]:
    """The rows with their `marks`, joined by "; ".

    rows: with `column`, the label column that a row is scored against, "" where it is none.
    split: (n,) str. synthetic: the label columns that a model made. circular: those that were made
    of the features. A row against a column that went into the features is supervised; one with an
    image whose labels went into them is seen in training.
    """
    seen = {name: {*space.seen_splits} for name, space in spaces.items()}
    learned = any(seen.values())
    columns = {column for space in spaces.values() for column in space.seen_labels}
    # A clustering may come from any of the spaces.
    seen[""] = set().union(*seen.values())
    made_of = {name: set(split[within].tolist()) for name, within in splits_of(split).items()}
    found = []
    for row in rows:
        met = made_of[row["split"]] & (seen[row["space"]] | {ALL})
        marks = [SYNTHETIC] if row["column"] in synthetic else []
        marks += [CIRCULAR] if row["column"] in circular else []
        marks += [SUPERVISED] if learned and row["column"] in columns else []
        marks += [CHOSE if met == {"val"} else SEEN] if met and seen[row["space"]] else []
        found.append({**row, MARKS: "; ".join(marks)})
    return found


def class_row(scope: str, name: str, metric: str, value: float, n: int) -> Row:
    """A row of classification.csv without label and split. name: of the class, "" for none."""
    return {"scope": scope, "class": name, "metric": metric, "value": float(value), "n": int(n)}
