"""Names by a model that is shown a contact sheet of each cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from clusterlab.components import Asked, Component
from clusterlab.errors import ConfigError
from clusterlab.meaning import Naming
from clusterlab.members import central_first, showcase
from clusterlab.namers._answers import MOST_WORDS, name_in
from clusterlab.namers._names import Proposal, distinct
from clusterlab.namers._own_words import check_asked, own_words
from clusterlab.namers._pictures import pictures, sheet
from clusterlab.namers._random import is_random
from clusterlab.namers._same import Maker, models_in
from clusterlab.namers._verdict import Bar, Verifier, check_verifier, verified
from clusterlab.namers.name import Clusters
from clusterlab.namers.verifiers.held_out import made_of_neither
from clusterlab.namers.verifiers.none import Nobody
from clusterlab.reading.settings import Settings
from clusterlab.types import Collection

QUESTION = (
    "These {count} pictures belong to one group. What do they have in common that a name for the "
    "group should say? Answer with the name alone: at most four words, no sentence."
)
CONTRAST = (
    " Groups that look much like it are called {others}. The name must fit these pictures, and "
    "none of those groups."
)
_AT_ONCE = 16
NAMELESS = "what the model answered is no name"
UNANSWERED = "no answer came about its images"


class ContactSheet:
    """Shows a model some of each cluster's images, side by side, and asks for a short name.

    Half of the images are the most central ones, the others are drawn at random: central ones alone
    make a cluster look purer than it is. Every cluster is asked about twice, the second time with
    what its nearest clusters, by their centroids, were called the first time, so that the name sets
    it apart from them. The siblings are named and not shown: on one picture of both, small models
    name what they see most of.

    asked: a model that answers in words about a picture.
    n_shown: images on a sheet. side: of each, in pixels.
    n_siblings: how many of the nearest clusters are named; 0 asks only once.
    verifier: whoever checks the names; threshold, n_asked: as in _verdict.Bar.

    Raises ConfigError for values that do not fit.
    """

    def __init__(
        self,
        *,
        asked: Asked,
        n_shown: int = 9,
        side: int = 224,
        n_siblings: int = 3,
        verifier: Verifier | None = None,
        threshold: float = 0.5,
        n_asked: int = 20,
    ) -> None:
        for key, value, least in (
            ("n_shown", n_shown, 1),
            ("side", side, 16),
            ("n_siblings", n_siblings, 0),
        ):
            if value < least:
                raise ConfigError(f"namer.{key} is {value}; it must be at least {least}.")
        self.asked = asked
        self.n_shown = n_shown
        self.side = side
        self.n_siblings = n_siblings
        self.verifier: Verifier = verifier or Nobody()
        self.bar = Bar(threshold=threshold, n_asked=n_asked)
        self.nested: Mapping[str, Any] = {"asked": asked, "verifier": self.verifier}

    def check(self, collection: Collection, extractor: Component) -> None:
        """Raises ConfigError where the verifier cannot check names like these, ComponentError
        where a model is known not to answer."""
        del collection, extractor
        if self.verifier.needs_evidence:
            raise made_of_neither()
        check_asked(self.asked, "namer.asked")
        check_verifier(self.verifier)

    def name(self, clusters: Clusters, settings: Settings) -> Naming:
        first = self._answers(clusters, settings, siblings={})
        nearest = _siblings(clusters, self.n_siblings)
        known = {c: list(filter(None, map(first.get, near))) for c, near in nearest.items()}
        again = {cluster: others for cluster, others in known.items() if others}
        second = self._answers(clusters, settings, siblings=again) if again else {}
        proposals = []
        for cluster, rows in self._shown(clusters).items():
            answers = [second.get(cluster), first[cluster]]
            terms = [answer for answer in answers if answer]
            proposals.append(
                Proposal(
                    cluster=cluster,
                    terms=tuple(terms[:1]),
                    spare=tuple(terms[1:]),
                    seen=tuple(rows.tolist()),
                    why=UNANSWERED if first[cluster] is None else NAMELESS,
                )
            )
        return verified(
            distinct(proposals, most_terms=2, most_words=MOST_WORDS),
            self.verifier,
            clusters,
            settings,
            bar=self.bar,
            made_of=f"contact sheets, as {self.asked.name} saw them",
            maker=Maker(models=models_in(self.asked), did="gave them"),
            notes=self._notes(),
        )

    def _answers(
        self, clusters: Clusters, settings: Settings, *, siblings: Mapping[int, Sequence[str]]
    ) -> dict[int, str | None]:
        """Cluster -> the name that the model gives it, "" for none, None where it gave no answer.
        siblings: what others are called; where there are any, only their clusters are asked
        about."""
        shown = self._shown(clusters)
        wanted = list(siblings or shown)
        found: dict[int, str | None] = dict.fromkeys(wanted)
        for part in _parts(wanted):
            rows = [row for cluster in part for row in shown[cluster].tolist()]
            seen = pictures(clusters.collection, rows, self.side, settings)
            sheets, prompts, asked = [], [], []
            for cluster in part:
                tiles = [seen[row] for row in shown[cluster].tolist() if row in seen]
                if tiles:
                    sheets.append(sheet(tiles, self.side))
                    prompts.append(_prompt(len(tiles), siblings.get(cluster, ())))
                    asked.append(cluster)
            with own_words("namer.asked"):
                answers = self.asked.ask(sheets, prompts, settings) if asked else []
            said = zip(asked, answers, strict=True)
            found |= {cluster: name_in(answer) for cluster, answer in said if answer is not None}
        return found

    def _notes(self) -> list[str]:
        notes = [
            f"A model named the clusters by up to {self.n_shown} images of each: a name may fit "
            "those and not the others."
        ]
        if is_random(self.asked):
            notes.append("The cluster names were made by random weights: they mean nothing.")
        return notes

    def _shown(self, clusters: Clusters) -> dict[int, np.ndarray]:
        """Cluster -> the rows on its sheet."""
        values = clusters.space.values
        found = {}
        for cluster in clusters.clustering.clusters.tolist():
            rows = clusters.members(cluster)
            ordered = central_first(values, rows, clusters.medoids.get(cluster))
            found[cluster] = showcase(ordered, self.n_shown)[0]
        return found


def _prompt(count: int, others: Sequence[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in dict.fromkeys(others))
    contrast = CONTRAST.format(others=quoted) if others else ""
    return QUESTION.format(count=count) + contrast


def _parts(wanted: Sequence[int]) -> Iterator[Sequence[int]]:
    """A few at once, so that not all sheets are in memory."""
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]


def _siblings(clusters: Clusters, count: int) -> dict[int, list[int]]:
    """Cluster -> those whose centroids are nearest to its own, the nearest first."""
    numbers = clusters.clustering.clusters
    if not len(numbers):
        return {}
    centroids = np.stack(
        [clusters.space.values[clusters.members(c)].mean(axis=0, dtype=np.float64) for c in numbers]
    )
    found = {}
    for at, cluster in enumerate(numbers.tolist()):
        away = np.linalg.norm(centroids - centroids[at], axis=1)
        away[at] = np.inf
        order = np.argsort(away, kind="stable")[: min(count, len(numbers) - 1)]
        found[cluster] = numbers[order].tolist()
    return found
