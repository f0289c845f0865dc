"""Which images a name is made of, and which it is checked on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clusterlab.namers._names import Name
from clusterlab.namers.name import Clusters
from clusterlab.types import NOISE


def sample(
    clusters: Clusters, rows: np.ndarray, count: int, *, cluster: int, seen: Sequence[int] = ()
) -> np.ndarray:
    """Up to `count` of these rows, drawn at random, the exact copies of an image once.

    At random, because the central ones would make every name look right. seen: rows that the name
    was made of; they and their copies are drawn last. cluster: each has a draw of its own.
    """
    rng = np.random.default_rng([clusters.random_state, cluster])
    digests = clusters.collection.digests
    known = {digests[row] for row in seen}
    first: dict[str, int] = {}
    for row in rng.permutation(rows).tolist():
        first.setdefault(digests[row], row)
    drawn = sorted(first, key=lambda digest: digest in known)
    return np.array([first[digest] for digest in drawn[:count]], dtype=int)


def half(clusters: Clusters) -> np.ndarray:
    """(n,) bool, a random half of each cluster's images; copies of an image are in one half.

    Of an odd number of images the smaller half, of one image none; of noise none.
    """
    chosen = np.zeros(len(clusters.collection), dtype=bool)
    digests = np.array(clusters.collection.digests)
    for cluster in clusters.clustering.clusters.tolist():
        rows = clusters.members(cluster)
        rng = np.random.default_rng([clusters.random_state, cluster])
        different, codes = np.unique(digests[rows], return_inverse=True)
        drawn = rng.permutation(len(different))[: len(different) // 2]
        chosen[rows[np.isin(codes, drawn)]] = True
    return chosen


def elsewhere(name: Name, names: Sequence[Name], clusters: Clusters) -> np.ndarray:
    """The rows of clusters of other names; noise, where there are none."""
    alike = [other.cluster for other in names if other.phrase == name.phrase]
    labels = clusters.clustering.labels
    others = np.flatnonzero(~np.isin(labels, [NOISE, *alike]))
    return others if len(others) else np.flatnonzero(labels == NOISE)
