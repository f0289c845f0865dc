"""Names are made of one half of each cluster's images and checked on the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clusterlab.errors import ConfigError
from clusterlab.namers._names import Name
from clusterlab.namers._sample import elsewhere, half
from clusterlab.namers._terms import Evidence
from clusterlab.namers._verdict import ALONE, Count
from clusterlab.namers.name import Clusters
from clusterlab.reading.settings import Settings
from clusterlab.types import NOISE


class HeldOut:
    """Whether what is said of the images that a name was not made of bears it out.

    An image agrees where its labels, or the words of its text, have one of the name's terms. By
    chance as many agree as of the images that were held out of clusters of other names; the
    difference is judged by Fisher's exact test. It costs nothing, but shares the mistakes of
    whoever made the labels or texts: it says that a name holds for the cluster, not that they are
    true.
    """

    told = "what is said of the half of each cluster's images that the name was not made of"
    needs_evidence = True

    def usable(self, clusters: Clusters) -> np.ndarray:
        return ~half(clusters)

    def counts(
        self,
        names: Sequence[Name],
        clusters: Clusters,
        settings: Settings,
        *,
        n_asked: int,
        evidence: Evidence | None,
    ) -> dict[int, Count]:
        """All images of the other half are counted, whatever `n_asked`: they are known already."""
        del settings, n_asked
        if evidence is None:
            raise made_of_neither()
        labels, known = clusters.clustering.labels, evidence.known
        # Noise is in no half: no name is made of it.
        kept = (half(clusters) | (labels == NOISE)) & known
        found = {}
        for name in names:
            agrees = evidence.has_one_of(name.terms)
            rows = kept & (labels == name.cluster)
            if not rows.any():
                found[name.cluster] = Count(why="no image is left to check it on")
                continue
            others = elsewhere(name, names, clusters)
            others = others[kept[others]]
            if not len(others):
                found[name.cluster] = Count(why=ALONE)
                continue
            found[name.cluster] = Count.against(agrees[rows].tolist(), agrees[others].tolist())
        return found


def made_of_neither() -> ConfigError:
    """The error where names are made of pictures."""
    return ConfigError(
        "namer/verifier=held_out checks names against labels or texts, and these names are made of "
        "neither. Choose namer/verifier=clip, asked or none."
    )
