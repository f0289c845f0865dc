"""The scores as rows: which splits they are for, and which of them make the headline."""

from __future__ import annotations

from collections.abc import Collection as Container
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.metrics._noise import CLUSTER

ALL = "all"
COLUMNS = ["metric", "label", "space", "split", "noise", "value", "chance", "chance_std", "n"]

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
    kinds = {"value": float, "chance": float, "chance_std": float, "n": int}
    return pd.DataFrame(list(rows), columns=COLUMNS).astype(kinds)
