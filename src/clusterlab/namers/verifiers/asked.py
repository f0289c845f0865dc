"""Whether a model says yes when it is asked of an image if a name fits."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from clusterlab.components import Asked
from clusterlab.namers._names import Name
from clusterlab.namers._own_words import check_asked, own_words
from clusterlab.namers._pictures import pictures
from clusterlab.namers._sample import elsewhere, sample
from clusterlab.namers._terms import Evidence
from clusterlab.namers._verdict import ALONE, Count
from clusterlab.namers.name import Clusters
from clusterlab.reading.settings import Settings
from clusterlab.spoken import plain_answer

QUESTION = 'Would "{name}" be a fitting name for this picture? Answer with yes or no.'
SIDE = 448


class YesOrNo:
    """Of some images of each cluster, and of as many from other clusters: for how many the model
    says that the name fits.

    asked: a model that answers in words about a picture. By chance as many agree as of the other
    clusters' images, because such models like to say yes; the difference is judged by Fisher's
    exact test. Whatever is neither yes nor no counts as no; an image that the model could not
    answer about does not count at all.
    """

    needs_evidence = False

    def __init__(self, *, asked: Asked) -> None:
        self.asked = asked
        self.nested = {"asked": asked}
        self.told = (
            f"{asked.name}, which was asked of images of the cluster and of others if it fits"
        )

    def check(self) -> None:
        """Raises ComponentError where the model is known not to answer."""
        check_asked(self.asked, "namer.verifier.asked")

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
        found = {}
        for name in names:
            members = clusters.members(name.cluster)
            asked = sample(clusters, members, n_asked, cluster=name.cluster, seen=name.seen)
            others = elsewhere(name, names, clusters)
            control = sample(clusters, others, len(asked), cluster=name.cluster)
            found[name.cluster] = self._count(name, asked, control, clusters, settings)
        return found

    def _count(
        self,
        name: Name,
        asked: np.ndarray,
        control: np.ndarray,
        clusters: Clusters,
        settings: Settings,
    ) -> Count:
        if not len(control):
            return Count(why=ALONE)
        rows = [*asked.tolist(), *control.tolist()]
        seen = pictures(clusters.collection, rows, SIDE, settings)
        readable = [row for row in rows if row in seen]
        question = QUESTION.format(name=name.phrase)
        shown = [seen[row] for row in readable]
        with own_words("namer.verifier.asked"):
            answers = self.asked.ask(shown, [question] * len(shown), settings)
        said = zip(readable, answers, strict=True)
        yes = {row: is_yes(answer) for row, answer in said if answer is not None}
        mine = [yes[row] for row in asked.tolist() if row in yes]
        theirs = [yes[row] for row in control.tolist() if row in yes]
        if not mine or not theirs:
            return Count(why="no answer came about its images, or about the others")
        return Count.against(mine, theirs)


def is_yes(answer: str) -> bool:
    """Whether an answer says yes before it says no.

    >>> is_yes("Yes, it does."), is_yes("**No.** Yesterday"), is_yes("Yes or no?")
    (True, False, False)
    """
    # Some models repeat what they were asked.
    own = re.sub(r"\b(?:yes|no)(?:\s*/\s*| or )(?:yes|no)\b", " ", plain_answer(answer).casefold())
    said = re.search(r"\b(yes|no|not)\b", own)
    return said is not None and said[0] == "yes"
