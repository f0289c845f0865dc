"""Names from what is said of each image: its labels, or the words of its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from clusterlab.namers._names import Proposal, n_words, says_more
from clusterlab.types import NOISE

# A name is long enough once this share of the images has one of its terms.
ENOUGH = 0.5
# What a smaller share of them has is no name of theirs; what tells two names apart may be rarer.
LEAST = 0.2
LEAST_SPARE = 0.1
FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is said of each image.

    counts: (n, t) sparse, how often each term is. terms: (t,) in alphabetical order. known: (n,)
    bool, the images of which anything is said.
    """

    counts: Any
    terms: tuple[str, ...]
    known: np.ndarray

    def has_one_of(self, terms: Sequence[str]) -> np.ndarray:
        """(n,) bool, the images of which one of these terms is said."""
        index = {term: at for at, term in enumerate(self.terms)}
        columns = [index[term] for term in terms]
        return np.asarray(self.counts[:, columns].sum(axis=1)).ravel() > 0


def class_tf_idf(counts: Any) -> Any:
    """How much each term sets a class apart, for (k, t) sparse counts of terms in classes.

    Returns (k, t) sparse, at least 0: the term's share of all that is said of the class, times
    log(1 + A / f), with f how often it is said in all and A the mean of what is said of a class.
    Grootendorst 2022, "BERTopic: neural topic modeling with a class-based TF-IDF procedure".

    >>> scores = class_tf_idf(sparse.csr_matrix([[3, 1], [0, 4]]))
    >>> scores.toarray().round(3).tolist()
    [[0.635, 0.147], [0.0, 0.588]]
    """
    said = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    often = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    weight = np.log1p(said.mean() / np.maximum(often, 1))
    share = 1 / np.maximum(said, 1)
    return (sparse.diags(share) @ counts @ sparse.diags(weight)).tocsr()


def propose(
    evidence: Evidence,
    labels: np.ndarray,
    usable: np.ndarray,
    *,
    most_terms: int,
    most_words: int | None = None,
    with_majority: bool = False,
) -> list[Proposal]:
    """A proposal a cluster, noise has none but counts as what the others are set apart from.

    labels: (n,) int, -1 = noise. usable: (n,) bool, the images to go by. Terms that are rarer in
    the cluster than elsewhere are none of its name; of the others the most telling are taken until
    half of its images have one of them, at most `most_terms` of together `most_words` words.
    with_majority: where they are too few, a term that half of the images have is added, though it
    be as common elsewhere.
    """
    rows = np.flatnonzero(usable & evidence.known)
    every = np.unique(labels[labels != NOISE]).tolist()
    if not len(rows):
        return [Proposal(cluster=cluster, terms=()) for cluster in every]
    clusters, codes = np.unique(labels[rows], return_inverse=True)
    groups = sparse.csr_matrix(
        (np.ones(len(rows)), (codes, np.arange(len(rows)))), shape=(len(clusters), len(rows))
    )
    counts = evidence.counts[rows]
    scores = class_tf_idf(groups @ counts)
    held = (counts > 0).astype(np.int64)
    images = (groups @ held).toarray()
    sizes, everywhere = np.bincount(codes, minlength=len(clusters)), images.sum(axis=0)
    found = {}
    for at, cluster in enumerate(clusters.tolist()):
        elsewhere = (everywhere - images[at]) / max(len(rows) - sizes[at], 1)
        own = _Own(
            terms=evidence.terms,
            scores=scores[at].toarray().ravel(),
            images=images[at],
            elsewhere=elsewhere,
            held=held[codes == at].tocsc(),
        )
        terms, spare = own.chosen(most_terms, most_words, with_majority)
        found[cluster] = Proposal(cluster=cluster, terms=terms, spare=spare)
    return [found.get(cluster, Proposal(cluster=cluster, terms=())) for cluster in every]


@dataclass(frozen=True, kw_only=True)
class _Own:
    """What is said of one cluster's images. scores, images, elsewhere: (t,): how much a term sets
    it apart, in how many of its images it is, in which share of the others. held: (m, t) sparse."""

    terms: Sequence[str]
    scores: np.ndarray
    images: np.ndarray
    elsewhere: np.ndarray
    held: Any

    def chosen(
        self, most_terms: int, most_words: int | None, with_majority: bool
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The terms of the name, and the spare ones."""
        share, ranked = self.images / self.held.shape[0], self._ranked()
        name: list[int] = []
        covered = np.zeros(self.held.shape[0], dtype=bool)
        for term in [t for t in ranked if share[t] >= LEAST] or ranked:
            words = [self.terms[t] for t in name]
            if (name and covered.mean() >= ENOUGH) or len(name) == most_terms:
                break
            fits = most_words is None or n_words([*words, self.terms[term]]) <= most_words
            if not name or (fits and says_more(self.terms[term], words)):
                name.append(term)
                covered |= self.held[:, [term]].toarray().ravel() > 0
        commonest = int(share.argmax())
        short = covered.mean() < ENOUGH <= share[commonest] and len(name) < most_terms
        if with_majority and short:
            name.append(commonest)
        spare = [t for t in ranked if t not in name and share[t] >= LEAST_SPARE]
        spare = [t for t in spare if self.images[t] >= FEWEST]
        return tuple(self.terms[t] for t in name), tuple(self.terms[t] for t in spare)

    def _ranked(self) -> list[int]:
        """The terms that are commoner here than elsewhere, the most telling first; where none is,
        those that there are, the commonest first. Of equals the shortest goes first."""
        scores = self.scores
        own = np.flatnonzero(self.images / self.held.shape[0] > self.elsewhere)
        if not len(own):
            own, scores = np.flatnonzero(self.images), self.images
        # Rounded: sums of the same numbers in another order differ in their last digits.
        return sorted(
            own.tolist(),
            key=lambda t: (-round(float(scores[t]), 12), len(self.terms[t]), self.terms[t]),
        )
