"""How firmly a clustering stands when the same images are clustered again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.errors import ConfigError, DataError
from clusterlab.metrics._again import (
    ABSENT,
    BOOTSTRAP,
    KINDS,
    Again,
    Reclusterer,
    clustered_again,
)
from clusterlab.metrics._overlap import overlap
from clusterlab.metrics.ari import ari
from clusterlab.stability import Stability
from clusterlab.types import NOISE

_SURVIVES = 0.5
_COLUMNS = ("kind", "ari", "ari_std", "n_pairs", "n_clusters_low", "n_clusters_high")


def stability(
    X: np.ndarray,
    labels: np.ndarray,
    recluster: Reclusterer,
    *,
    n_repeats: int = 20,
    random_state: int = 0,
    within: np.ndarray | None = None,
    kinds: Sequence[str] = KINDS,
) -> Stability:
    """How far clusterings of the same images agree: the original, and `n_repeats` new ones of each
    kind, under other seeds, on bootstrap samples, and with the rows in other orders.

    X: (n, d) float32, what was clustered; left unchanged. labels: (n,) int, -1 = noise, the
    original. recluster: gives the original's labels for X. within: (n,) bool, the images that the
    agreement is of, None for all; clusters and confidence are always of all. kinds: of
    re-clusterings, the bootstrap among them; leaving one out changes no other.

    The agreement of two clusterings is the ARI on the images that both hold, with noise as one
    cluster: 1 for the same clusters, 0 for what chance gives. A clustering that failed, or put all
    into one, agrees with none, not even with another such: 0.
    A cluster's Jaccard with a sample is its best overlap with a cluster there, on the sample's
    images: on average below .5 it dissolves, below .75 it is doubtful. With few clusters the best
    overlap is never small, so its chance level stands beside it. An image stayed where its
    cluster's counterpart holds it (_overlap.matched), a noise image where it is noise again.
    Memory grows with n. Raises ConfigError for fewer than two repeats, DataError where the original
    is one cluster. Ben-Hur, Elisseeff & Guyon 2002; Hennig 2007.

    >>> from clusterlab.clusterers.recluster import Recluster
    >>> from sklearn.cluster import KMeans
    >>> X = np.float32([[0], [1], [2], [3], [20], [21], [22], [23]])
    >>> labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> found = stability(X, labels, Recluster(KMeans(2, random_state=0)), n_repeats=3)
    >>> found.kinds[["kind", "ari", "n_pairs"]].values.tolist()
    [['bootstrap', 1.0, 6], ['seeds', 1.0, 6], ['orders', 1.0, 6]]
    """
    if n_repeats < 2:
        raise ConfigError(
            f"{n_repeats} re-clusterings a kind say nothing about stability: ask for 2 or more."
        )
    if len(np.unique(labels)) < 2:
        raise DataError("stability is undefined for one cluster.")
    again = clustered_again(
        X, recluster, n_repeats=n_repeats, random_state=random_state, kinds=kinds
    )
    clusters, confidence = _followed(labels, again[BOOTSTRAP], random_state)
    standing = tuple(_standing(again, seeded=recluster.seeded))
    return Stability(
        n_repeats=n_repeats,
        kinds=kinds_table(labels, again, within),
        clusters=clusters,
        confidence=confidence,
        notes=(*standing, *_notes(again)),
        standing=standing,
    )


def kinds_table(
    labels: np.ndarray, again: Mapping[str, Sequence[Again]], within: np.ndarray | None = None
) -> pd.DataFrame:
    """One row a kind; ari is NaN where no two clusterings share two images."""
    original = Again(np.asarray(labels, dtype=np.int32))
    counted = np.ones(len(labels), dtype=bool) if within is None else within
    rows: list[dict[str, Any]] = []
    for kind, found in again.items():
        all_of_them = [original, *found]
        agreements = [
            agreement
            for one, other in combinations(all_of_them, 2)
            if (agreement := _agreement(one, other, counted)) is not None
        ]
        counts = [len(np.unique(one.labels[one.labels > NOISE])) for one in all_of_them]
        values = np.array(agreements)
        rows.append(
            {
                "kind": kind,
                "ari": values.mean() if len(values) else np.nan,
                "ari_std": values.std(ddof=1) if len(values) > 1 else np.nan,
                "n_pairs": len(values),
                "n_clusters_low": min(counts),
                "n_clusters_high": max(counts),
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def _agreement(one: Again, other: Again, within: np.ndarray) -> float | None:
    both = one.held & other.held & within
    if both.sum() < 2:
        return None
    if one.is_one or other.is_one:
        return 0.0
    return ari(one.labels[both], other.labels[both])


def _followed(
    labels: np.ndarray, samples: Sequence[Again], random_state: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Each cluster's fate in the samples, and each image's."""
    numbers = np.unique(labels[labels != NOISE])
    rng = np.random.default_rng(random_state)
    jaccards, by_chance = np.full((2, len(samples), len(numbers)), np.nan)
    held, stayed = np.zeros(len(labels), dtype=int), np.zeros(len(labels), dtype=int)
    for row, chance, sample in zip(jaccards, by_chance, samples, strict=True):
        there = sample.held
        held += there
        own = labels[there]
        seen = np.isin(numbers, own)
        row[seen] = chance[seen] = 0.0
        if sample.failed:
            continue
        found = overlap(own, sample.labels[there])
        shuffled = overlap(own, rng.permutation(sample.labels[there]))
        for values, best in ((row, found.best()), (chance, shuffled.best())):
            values[np.searchsorted(numbers, list(best))] = list(best.values())
        home = found.matched() | {NOISE: NOISE}
        codes, inverse = np.unique(own, return_inverse=True)
        homes = np.array([home.get(code, ABSENT) for code in codes.tolist()])
        stayed[there] += homes[inverse] == sample.labels[there]
    n_held = np.isfinite(jaccards).sum(axis=0)
    survived = (jaccards > _SURVIVES).sum(axis=0)
    table = pd.DataFrame(
        {
            "cluster": numbers,
            "jaccard": _share(np.nansum(jaccards, axis=0), n_held),
            "jaccard_chance": _share(np.nansum(by_chance, axis=0), n_held),
            "survival": _share(survived, n_held),
        }
    )
    return table, _share(stayed, held)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """NaN where there is nothing to have a share of."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _standing(again: Mapping[str, Sequence[Again]], *, seeded: bool) -> Iterator[str]:
    yield (
        "Stability is that of the clusterer: it was given the same vectors each time. What another "
        "reduction would change is not in it."
    )
    share = np.mean([one.held.mean() for one in again[BOOTSTRAP]])
    yield (
        "Stability: a bootstrap sample is drawn with replacement and holds each of its images once "
        f"({share:.0%} of all), since doubled ones would look dense. A setting that counts images, "
        "such as min_cluster_size, asks for more of a sample than of the whole."
    )
    if not seeded:
        yield (
            "Stability: the clusterer has no random_state, so there is nothing that another seed "
            "would change."
        )


def _notes(again: Mapping[str, Sequence[Again]]) -> Iterator[str]:
    for kind, found in again.items():
        failed = [one.failed for one in found if one.failed]
        if failed:
            yield (
                f"Stability: {len(failed)} of {len(found)} re-clusterings ({kind}) failed and "
                f"count as agreeing with none. The first: {failed[0]}"
            )
        single = sum(one.is_one and not one.failed for one in found)
        if single:
            yield (
                f"Stability: {single} of {len(found)} re-clusterings ({kind}) found one cluster, "
                "or noise alone, and count as agreeing with none."
            )
