"""Labels that are probably wrong, by what the neighbours of an image carry."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Issues:
    """All (m,), one entry a judged image. wrong: bool. suggested: int, the class that has the most
    votes. quality: in [0, 1], low is bad. same_share: in [0, 1], NaN where nobody votes."""

    wrong: np.ndarray
    suggested: np.ndarray
    quality: np.ndarray
    same_share: np.ndarray


def label_issues(
    codes: np.ndarray, voters: np.ndarray, distances: np.ndarray, votes: np.ndarray
) -> Issues:
    """The labels that are probably wrong, by cleanlab on leave-one-out votes of the neighbours.

    codes: (m,) int in [0, k), every class with an image and at least two classes; -1 for an image
    whose label votes for none of them: it is not judged, and its entries mean nothing. voters:
    (m, v) int rows of the neighbours. distances: (m, v) of them, ascending. votes: (m, v) bool,
    whether a neighbour may vote; a copy of the image may not, as its label is the same opinion, nor
    a second copy of another.

    Northcutt et al. 2021, Confident Learning; filter "both" and normalized margin, which found
    flipped labels among photographs better than the other choices of cleanlab.

    >>> codes = np.array([0, 0, 0, 1, 1, 1, 1])
    >>> voters = np.array([[r for r in range(7) if r != row] for row in range(7)])
    >>> places = np.array([0, 1, 2, 9, 10, 11, 1.5])
    >>> away = np.abs(places[voters] - places[:, None])
    >>> order = np.argsort(away, axis=1)[:, :3]
    >>> near, away = (np.take_along_axis(a, order, axis=1) for a in (voters, away))
    >>> label_issues(codes, near, away, np.ones(near.shape, bool)).wrong.nonzero()[0]
    array([6])
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    judged = codes >= 0
    said = _votes(codes, voters, distances, votes)
    given, probabilities = codes[judged], said[judged]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flagged = find_label_issues(given, probabilities, filter_by="both", n_jobs=1)
        quality = get_label_quality_scores(given, probabilities, method="normalized_margin")
    wrong, margin = np.zeros(len(codes), dtype=bool), np.full(len(codes), np.nan)
    wrong[judged], margin[judged] = flagged, quality
    suggested = said.argmax(axis=1)
    able = votes & (codes[voters] >= 0)
    same = (codes[voters] == codes[:, None]) & able
    asked = able.sum(axis=1)
    share = np.divide(
        same.sum(axis=1), asked, out=np.full(len(codes), np.nan), where=asked > 0, dtype=float
    )
    return Issues(wrong & (suggested != codes) & (asked > 0), suggested, margin, share)


def _votes(
    codes: np.ndarray, voters: np.ndarray, distances: np.ndarray, votes: np.ndarray
) -> np.ndarray:
    """(m, k) probabilities. A near vote counts more; one more, shared by the classes as they are
    frequent, keeps any of them from being impossible."""
    counts = np.bincount(codes[codes >= 0])
    reach = distances[:, -1:].astype(float)
    relative = np.divide(distances, reach, out=np.zeros(distances.shape), where=reach > 0)
    weights = np.exp(-2 * relative**2)
    able = votes & (codes[voters] >= 0)
    ballots = np.where(able, weights, 0)
    one_vote = ballots.sum(axis=1) / np.maximum(able.sum(axis=1), 1)
    said = np.outer(np.where(one_vote > 0, one_vote, 1), counts / counts.sum())
    rows = np.arange(len(codes))
    for place in range(voters.shape[1]):
        said[rows, codes[voters[:, place]]] += ballots[:, place]
    return np.asarray(said / said.sum(axis=1, keepdims=True))
