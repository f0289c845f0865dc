"""Whether a model that matches images with phrases tells the names apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clusterlab.components import Matcher
from clusterlab.namers._names import Name
from clusterlab.namers._own_words import own_words
from clusterlab.namers._sample import sample
from clusterlab.namers._terms import Evidence
from clusterlab.namers._verdict import Count
from clusterlab.namers.name import Clusters
from clusterlab.reading.settings import Settings


class BestMatch:
    """Of some images of each cluster: how many the matcher puts to their cluster's own name,
    rather than to that of any other cluster.

    matcher: scores phrases against images, as labelers/clip.py does. An image agrees where no other
    name fits it as well. By chance one in as many agrees as there are different names, or as many
    as of the other clusters' images, where these are more: a name that fits every image says
    nothing. Clusters whose names differ by a number alone count as having the same name.
    """

    needs_evidence = False

    def __init__(self, *, matcher: Matcher) -> None:
        self.matcher = matcher
        self.nested = {"matcher": matcher}
        who = getattr(matcher, "name", type(matcher).__name__)
        self.told = f"{who}, which put images of the cluster to the best fitting of all names"

    def usable(self, clusters: Clusters) -> np.ndarray:
        return np.ones(len(clusters.collection), dtype=bool)

    def counts(
        self,
        names: Sequence[Name],
        clusters: Clusters,
        settings: Settings,
        *,
        n_asked: int,
        evidence: Evidence | None,
    ) -> dict[int, Count]:
        del evidence
        phrases = list(dict.fromkeys(name.phrase for name in names))
        if len(phrases) < 2:
            alone = Count(why="there is no other name that it could be compared with")
            return {name.cluster: alone for name in names}
        asked = {
            name.cluster: sample(
                clusters,
                clusters.members(name.cluster),
                n_asked,
                cluster=name.cluster,
                seen=name.seen,
            )
            for name in names
        }
        rows = np.unique(np.concatenate(list(asked.values())))
        images = clusters.collection.take(clusters.collection.ids[row] for row in rows.tolist())
        with own_words("namer.verifier.matcher"):
            best = _best(np.asarray(self.matcher.scores(images, phrases, settings)))
        own = {name.cluster: phrases.index(name.phrase) for name in names}
        chosen = {c: best[np.searchsorted(rows, found)] for c, found in asked.items()}
        return {cluster: _count(cluster, chosen, own, len(phrases)) for cluster in asked}


UNREADABLE = -2
UNDECIDED = -1


def _best(scores: np.ndarray) -> np.ndarray:
    """(n,) int, the phrase that fits each image best; negative where several do, or none."""
    readable = np.isfinite(scores).all(axis=1)
    best = np.where(readable, np.where(readable[:, None], scores, 0).argmax(axis=1), UNREADABLE)
    ties = readable & ((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1)
    best[ties] = UNDECIDED
    return best


def _count(
    cluster: int, chosen: dict[int, np.ndarray], own: dict[int, int], n_phrases: int
) -> Count:
    mine = chosen[cluster][chosen[cluster] != UNREADABLE]
    if not len(mine):
        return Count(why="none of its images could be read")
    others = [best for other, best in chosen.items() if own[other] != own[cluster]]
    theirs = np.concatenate(others)
    theirs = theirs[theirs != UNREADABLE]
    elsewhere = float((theirs == own[cluster]).mean()) if len(theirs) else 0.0
    agreeing = int((mine == own[cluster]).sum())
    return Count.by_share(agreeing, len(mine), max(1 / n_phrases, elsewhere))
