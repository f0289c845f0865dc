"""Whether the images of a cluster bear its name out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.stats import binomtest, fisher_exact

from clusterlab.errors import ConfigError
from clusterlab.meaning import ClusterName, Naming
from clusterlab.namers._names import Name
from clusterlab.namers._random import is_random
from clusterlab.namers._same import Maker
from clusterlab.namers._terms import Evidence
from clusterlab.namers.name import Clusters
from clusterlab.reading.settings import Settings

SIGNIFICANCE = 0.05
ALONE = "there is no cluster of another name that it could be compared with"


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many of the images that were asked about agree with a name.

    chance: the share of images that would agree with a name without meaning, in [0, 1]. p_value:
    of so many or more agreeing by chance. why: in words, where nothing could be asked.
    """

    agreeing: int = 0
    asked: int = 0
    chance: float = float("nan")
    p_value: float = 1.0
    why: str = ""

    @classmethod
    def by_share(cls, agreeing: int, asked: int, chance: float) -> Count:
        """Against a share that is known: a one-sided binomial test."""
        p_value = binomtest(agreeing, asked, min(chance, 1.0), alternative="greater").pvalue
        return cls(agreeing=agreeing, asked=asked, chance=chance, p_value=float(p_value))

    @classmethod
    def against(cls, mine: Sequence[bool], theirs: Sequence[bool]) -> Count:
        """Against what images of other clusters say: Fisher's exact test, one-sided.

        mine, theirs: at least one image each, and whether it agrees.
        """
        table = [[sum(said), len(said) - sum(said)] for said in (mine, theirs)]
        return cls(
            agreeing=sum(mine),
            asked=len(mine),
            chance=sum(theirs) / len(theirs),
            p_value=float(fisher_exact(table, alternative="greater").pvalue),
        )


class Verifier(Protocol):
    """Asks images whether a name fits them. told: who is asked and how, in words; "" for nobody.
    needs_evidence: whether it can only check names that are made of what is said of each image."""

    told: str
    needs_evidence: bool

    def usable(self, clusters: Clusters) -> np.ndarray:
        """(n,) bool: the images that a name may be made of; the others are to check it."""
        ...

    def counts(
        self,
        names: Sequence[Name],
        clusters: Clusters,
        settings: Settings,
        *,
        n_asked: int,
        evidence: Evidence | None,
    ) -> Mapping[int, Count]:
        """Cluster -> what its images say; {} where nobody is asked. names: those with terms.
        n_asked: images a cluster, where asking costs anything."""
        ...


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What a name has to reach to be verified.

    threshold: the share of the images asked about that agree. n_asked: images a cluster. It must
    also be more than chance, at a significance of 5 %. n_terms: of the name, for namers that have
    it. Raises ConfigError.
    """

    threshold: float
    n_asked: int
    n_terms: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ConfigError(
                f"namer.threshold is {self.threshold}; it is the share of a cluster's images that "
                "must agree with its name, above 0 and at most 1."
            )
        if self.n_asked < 1:
            raise ConfigError(
                f"namer.n_asked is {self.n_asked}; it is the number of images a cluster that are "
                "asked about, at least 1. To ask nobody: namer/verifier=none."
            )
        if self.n_terms < 1:
            raise ConfigError(f"namer.n_terms is {self.n_terms}; a name has at least 1.")

    def judged(self, name: Name, count: Count | None) -> ClusterName:
        """The name with what its images say. count: None where nobody was asked."""
        if not name.terms:
            return ClusterName(cluster=name.cluster, name=name.text, why=name.why)
        if count is None or not count.asked:
            why = count.why if count else ""
            return ClusterName(cluster=name.cluster, name=name.text, why=why)
        agreement = count.agreeing / count.asked
        enough, better = agreement >= self.threshold, count.p_value < SIGNIFICANCE
        return ClusterName(
            cluster=name.cluster,
            name=name.text,
            agreement=agreement,
            chance=count.chance,
            n_asked=count.asked,
            verified=enough and better,
            why="" if enough and better else _why(count, enough),
        )


def verified(
    names: Sequence[Name],
    verifier: Verifier,
    clusters: Clusters,
    settings: Settings,
    *,
    bar: Bar,
    made_of: str,
    maker: Maker | None = None,
    evidence: Evidence | None = None,
    notes: Sequence[str] = (),
) -> Naming:
    """The names, judged by their images. made_of: what they were made of, in words. maker: the
    models that they go back to, where there are any."""
    known = [name for name in names if name.terms]
    counts = (
        verifier.counts(known, clusters, settings, n_asked=bar.n_asked, evidence=evidence)
        if known
        else {}
    )
    judged = tuple(bar.judged(name, counts.get(name.cluster)) for name in names)
    said = _notes(names, judged, asked=bool(verifier.told))
    if counts and is_random(verifier):
        said.append(
            "The cluster names were checked by random weights: whether they agree means nothing."
        )
    told = verifier.told
    if counts and maker is not None and maker.checks(verifier):
        told = f"the same model that {maker.did}, {told}"
        said.append(
            f"The cluster names were checked by the same model that {maker.did}: that the images "
            "bear them out is partly its agreement with itself. Another model says more "
            "(namer/verifier)."
        )
    return Naming(names=judged, namer=made_of, verifier=told, notes=(*notes, *said))


def check_verifier(verifier: Verifier) -> None:
    """Raises a ClusterlabError where the verifier can tell that nobody will answer it."""
    if hasattr(verifier, "check"):
        verifier.check()


def _why(count: Count, enough: bool) -> str:
    expected = f"{count.chance * count.asked:.1f}".removesuffix(".0")
    said = f"{count.agreeing} of {count.asked} images"
    if not enough:
        return f"{said} only (by chance {expected})"
    if count.agreeing / count.asked > count.chance:
        return f"{said}, too few to rule out chance ({expected})"
    return f"{said}, no more than by chance ({expected})"


def _notes(names: Sequence[Name], judged: Sequence[ClusterName], *, asked: bool) -> list[str]:
    found = []
    n_unnamed = sum(not name.terms for name in names)
    n_numbered = sum(name.numbered for name in names)
    n_failed = sum(name.verified is False for name in judged)
    n_unknown = sum(name.verified is None for name in judged) - n_unnamed
    if n_failed:
        found.append(
            f"{n_failed:,} of {len(names) - n_unnamed:,} cluster names "
            f"{'is' if n_failed == 1 else 'are'} not borne out by the images of the cluster "
            "(name_verified in clusters.csv)."
        )
    if n_unknown and asked:
        found.append(f"{_of(n_unknown, 'cluster name')} could not be checked.")
    if n_unknown and not asked:
        found.append("Nobody has checked the names of the clusters (namer/verifier=none).")
    if n_numbered:
        found.append(
            f"{n_numbered:,} clusters are numbered beside their name: nothing that is known of "
            "them tells them apart from others of the same name."
        )
    for why, count in Counter(name.why for name in names if not name.terms).items():
        found.append(f"{_of(count, 'cluster')} without a name: {why}.")
    return found


def _of(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
