"""Which images stand for a cluster, and in which order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clusterlab.members import central_first, showcase
from clusterlab.outcome import Outcome
from clusterlab.types import NOISE


def by_centrality(outcome: Outcome) -> dict[int, np.ndarray]:
    """Rows of each cluster, the most central first, largest cluster first, noise last.

    Central means near the cluster's mean in the space that was clustered; the medoid of
    clusters.csv comes before all. Noise has no centre: its rows come in a fixed random order.
    """
    medoids = set(medoid_ids(outcome.evaluation.clusters).values())
    is_medoid = np.array([id_ in medoids for id_ in outcome.collection.ids], dtype=bool)
    labels, values = outcome.clustering.labels, outcome.reduced.values
    order = {}
    for cluster in clusters_by_size(labels):
        rows = np.flatnonzero(labels == cluster)
        if cluster == NOISE:
            order[cluster] = np.random.default_rng(0).permutation(rows)
            continue
        medoid = rows[is_medoid[rows]]
        order[cluster] = central_first(values, rows, int(medoid[0]) if len(medoid) else None)
    return order


def medoid_ids(clusters: pd.DataFrame) -> dict[int, str]:
    """Cluster -> the id of its medoid, as in clusters.csv; noise has none."""
    found = zip(clusters["cluster"], clusters["medoid"], strict=True)
    return {int(cluster): str(id_) for cluster, id_ in found if cluster != NOISE}


def clusters_by_size(labels: np.ndarray) -> list[int]:
    """Cluster numbers, largest first, ties by number; noise, where there is any, comes last.

    >>> clusters_by_size(np.array([0, 1, 1, -1, -1, -1]))
    [1, 0, -1]
    """
    numbers, sizes = np.unique(labels, return_counts=True)
    pairs = zip(numbers.tolist(), sizes.tolist(), strict=True)
    return [number for number, _ in sorted(pairs, key=lambda c: (c[0] == NOISE, -c[1], c[0]))]


def spread(ordered: Mapping[int, np.ndarray], *, first: int, most: int) -> dict[int, np.ndarray]:
    """The rows that get a thumbnail: `first` of every cluster, then each cluster's fair share.

    At most `most` rows in all; where even the first ones do not fit, the largest clusters win.
    """
    chosen: dict[int, np.ndarray] = {}
    left = most
    for cluster, rows in ordered.items():
        chosen[cluster] = showcase(rows, min(first, left))[0]
        left -= len(chosen[cluster])
    waiting = sum(len(rows) for rows in ordered.values()) - sum(map(len, chosen.values()))
    share = min(1.0, left / waiting) if waiting else 0.0
    for cluster, rows in ordered.items():
        others = rows[~np.isin(rows, chosen[cluster])]
        # Every so many, so that the far ones are there as well as the central ones.
        picked = np.linspace(0, max(len(others) - 1, 0), int(len(others) * share), dtype=int)
        chosen[cluster] = np.concatenate([chosen[cluster], others[picked]])
    return chosen
