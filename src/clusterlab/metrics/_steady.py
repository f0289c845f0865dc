"""Stability as rows of scores.csv."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from clusterlab.errors import DataError
from clusterlab.metrics._again import Reclusterer
from clusterlab.metrics._noise import CLUSTER
from clusterlab.metrics._rows import Row
from clusterlab.metrics.stability import stability
from clusterlab.stability import Stability
from clusterlab.types import Features


@dataclass
class Steadiness:
    """rows: of scores.csv without split and space. notes: what is undefined or was not varied."""

    found: Stability | None = None
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def steadiness(
    space: Features,
    labels: np.ndarray,
    recluster: Reclusterer,
    *,
    n_repeats: int,
    random_state: int,
    within: np.ndarray,
) -> Steadiness:
    """One row a kind of re-clustering: its mean ARI on the images `within`, (n,) bool.

    space: what was clustered. labels: (n,) int, -1 = noise.
    """
    try:
        found = stability(
            space.values,
            labels,
            recluster,
            n_repeats=n_repeats,
            random_state=random_state,
            within=within,
        )
    except DataError as error:
        return Steadiness(notes=[f"{str(error).rstrip('.')}: left out."])
    rows = [
        {
            "metric": f"stability_{kind}",
            "label": "",
            "noise": CLUSTER,
            "value": float(value),
            "chance": np.nan,
            "chance_std": np.nan,
            "n": int(within.sum()),
        }
        for kind, value in zip(found.kinds["kind"], found.kinds["ari"], strict=True)
        if np.isfinite(value)
    ]
    return Steadiness(found, rows, list(found.notes))
