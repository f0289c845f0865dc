"""The same images clustered again: under other seeds, on bootstrap samples, in other orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from tqdm import tqdm

from clusterlab.errors import ClusterlabError
from clusterlab.types import NOISE

ABSENT = -2
BOOTSTRAP, SEEDS, ORDERS = "bootstrap", "seeds", "orders"
KINDS = (BOOTSTRAP, SEEDS, ORDERS)
_SEEDS = 2**31


class Reclusterer(Protocol):
    """Clusters any images as a run does, such as clusterers.recluster.Recluster.

    seeded: whether random_state changes anything.
    """

    seeded: bool

    def __call__(self, X: np.ndarray, random_state: int | None = None) -> np.ndarray:
        """X: (m, d). Returns (m,) int, -1 is noise. random_state: None keeps its own."""
        ...


@dataclass(frozen=True)
class Again:
    """labels: (n,) int32 of the whole collection, -1 = noise, -2 = an image that was not clustered.
    failed: why there are no clusters, "" where there are; its images are all noise then."""

    labels: np.ndarray
    failed: str = ""

    @cached_property
    def held(self) -> np.ndarray:
        """(n,) bool."""
        return np.asarray(self.labels != ABSENT)

    @cached_property
    def is_one(self) -> bool:
        """Whether all images are in one cluster, or all are noise."""
        return len(np.unique(self.labels[self.held])) < 2


def clustered_again(
    X: np.ndarray,
    recluster: Reclusterer,
    *,
    n_repeats: int,
    random_state: int,
    kinds: Sequence[str] = KINDS,
) -> Mapping[str, Sequence[Again]]:
    """Kind -> `n_repeats` clusterings of X, none of a kind in which nothing varies.

    A bootstrap sample is drawn with replacement and then holds each of its images once, in their
    old order: doubled rows would look dense to a density-based clusterer. Each kind varies one
    thing: samples and orders are clustered under the clusterer's own seed.
    """
    # Each kind has its own numbers: leaving one out changes no other.
    streams = np.random.SeedSequence(random_state).spawn(len(KINDS))
    found: dict[str, list[Again]] = {
        kind: [] for kind in KINDS if kind in kinds and (kind != SEEDS or recluster.seeded)
    }
    total = len(found) * n_repeats
    with tqdm(total=total, desc="cluster again", disable=None, leave=False) as bar:
        for kind, stream in zip(KINDS, streams, strict=True):
            if kind not in found:
                continue
            for rows, seed in _ways(kind, len(X), n_repeats, np.random.default_rng(stream)):
                found[kind].append(_one(X, recluster, rows, seed))
                bar.update()
    return found


def _ways(
    kind: str, n: int, n_repeats: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, int | None]]:
    """Which rows, in which order, under which seed."""
    for _ in range(n_repeats):
        if kind == BOOTSTRAP:
            yield np.unique(rng.integers(n, size=n)), None
        elif kind == SEEDS:
            yield np.arange(n), int(rng.integers(_SEEDS))
        else:
            yield rng.permutation(n), None


def _one(X: np.ndarray, recluster: Reclusterer, rows: np.ndarray, seed: int | None) -> Again:
    labels = np.full(len(X), ABSENT, dtype=np.int32)
    try:
        # X[rows] is a copy, whichever the rows: a careless clusterer may change what it is given.
        labels[rows] = recluster(X[rows], seed)
    except ClusterlabError as error:
        labels[rows] = NOISE
        return Again(labels, str(error))
    return Again(labels)
