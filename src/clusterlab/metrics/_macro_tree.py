"""The tree of the classes, and where it is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage


@dataclass(frozen=True)
class Tree:
    """linkage: (c - 1, 4) as scipy has it. cuts: share, height, n_macro. groups: number asked for
    -> (c,) the group of each class, from 1. notes: numbers that could not be had."""

    linkage: np.ndarray
    cuts: pd.DataFrame
    groups: Mapping[int, np.ndarray]
    notes: tuple[str, ...]


def joined(centroids: np.ndarray, *, n_categories: Sequence[int], shares: Sequence[float]) -> Tree:
    """Ward linkage of class centroids, cut into each number of groups.

    centroids: (c, d), c >= 2. n_categories: those that are not below c are left out. shares: of
    the greatest height, at which the groups are counted.

    >>> tree = joined(np.array([[0.0], [0.1], [5.0]]), n_categories=[2, 3], shares=[0.5])
    >>> tree.groups[2].tolist(), tree.cuts["n_macro"].tolist(), sorted(tree.groups)
    ([1, 1, 2], [2], [2])
    """
    c = len(centroids)
    found = linkage(np.asarray(centroids, dtype=np.float64), method="ward")
    greatest = float(found[:, 2].max())
    heights = [share * greatest for share in shares]
    counts = [len(set(fcluster(found, height, criterion="distance"))) for height in heights]
    groups = {
        n: fcluster(found, n, criterion="maxclust").astype(int) for n in n_categories if n < c
    }
    return Tree(
        linkage=found,
        cuts=pd.DataFrame({"share": list(shares), "height": heights, "n_macro": counts}).astype(
            {"share": float, "height": float, "n_macro": int}
        ),
        groups=groups,
        notes=tuple(_notes(c, n_categories, groups)),
    )


def _notes(c: int, asked: Sequence[int], groups: Mapping[int, np.ndarray]) -> list[str]:
    out = [f"{n:,}" for n in asked if n >= c]
    found = [f"{' and '.join(out)} left out, since there are only {c:,} classes."] if out else []
    for n, own in groups.items():
        if (made := len(np.unique(own))) < n:
            found.append(
                f"{n:,} were asked for and there are {made:,}, since some classes join at the "
                "same height."
            )
    return found
