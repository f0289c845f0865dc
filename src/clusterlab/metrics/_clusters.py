"""One row a cluster: its size, its medoid, and what each label column says about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.metrics._columns import MISSING, Reference
from clusterlab.metrics._contingency import codes
from clusterlab.metrics._geometry import centroids, squared_distances
from clusterlab.metrics.entropy import entropy
from clusterlab.stability import Stability
from clusterlab.types import NOISE, Features


def cluster_table(
    labels: np.ndarray,
    space: Features,
    columns: Sequence[Sequence[Reference]],
    silhouettes: np.ndarray | None,
    stability: Stability | None = None,
) -> pd.DataFrame:
    """The clusters in ascending order, noise last.

    labels: (n,) int, -1 = noise. space: where medoids are sought. columns: for each label column
    its labelling and, where it is multi-valued, its memberships. silhouettes: (n,) or None.
    stability: adds jaccard, jaccard_chance and survival, empty for noise.

    medoid: the id of the member nearest to the cluster's mean, which is the member with the least
    sum of squared distances to the others; empty for noise. <column>_top: the most frequent label
    (of equals the first in the alphabet), for a multi-valued column the value that most members
    have. <column>_share: its share among the members that have a label. <column>_entropy: of these
    members' labels, for a multi-valued column of their sets, in bits. silhouette: the mean with
    noise as one cluster, so that the means weighted by size give the headline.
    """
    numbers = np.unique(labels)
    medoids = _medoids(labels, space)
    rows = []
    for number in np.roll(numbers, -1) if NOISE in numbers else numbers:
        members = np.flatnonzero(labels == number)
        row: dict[str, Any] = {
            "cluster": int(number),
            "size": len(members),
            "medoid": "" if number == NOISE else medoids[int(number)],
            "name": "noise" if number == NOISE else f"cluster {number}",
        }
        for references in columns:
            row |= _describe(references, members)
        if silhouettes is not None:
            row["silhouette"] = float(np.nanmean(silhouettes[members]))
        rows.append(row)
    table = pd.DataFrame(rows)
    return table if stability is None else table.merge(stability.clusters, "left", "cluster")


def _medoids(labels: np.ndarray, space: Features) -> dict[int, str]:
    clusters = codes(labels)
    centers = centroids(space.values, clusters, int(clusters.max()) + 1)
    away = squared_distances(space.values, clusters, centers)
    order = np.lexsort((away, clusters))
    numbers, first = np.unique(labels[order], return_index=True)
    return {int(k): space.ids[order[at]] for k, at in zip(numbers, first, strict=True)}


def _describe(references: Sequence[Reference], members: np.ndarray) -> dict[str, Any]:
    whole, memberships = references[0], references[1:]
    held = whole.codes[members]
    held = held[held != MISSING]
    column = whole.name
    if not len(held):
        return {f"{column}_top": "", f"{column}_share": np.nan, f"{column}_entropy": np.nan}
    if memberships:
        counts = np.array([(one.codes[members] == 1).sum() for one in memberships])
        top = memberships[int(counts.argmax())].name.removeprefix(f"{column}=")
    else:
        counts = np.bincount(held)
        top = whole.names[int(counts.argmax())]
    return {
        f"{column}_top": top,
        f"{column}_share": float(counts.max() / len(held)),
        f"{column}_entropy": entropy(np.zeros_like(held), held),
    }
