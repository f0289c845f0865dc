"""Which labels, and which images' labels, the numbers of a run were learned from."""

from __future__ import annotations

import numpy as np

from clusterlab.outcome import Outcome
from clusterlab.types import Collection


def seen_labels(outcome: Outcome) -> frozenset[str]:
    """The label columns that went into the features, or into what was clustered."""
    return frozenset((*outcome.features.seen_labels, *outcome.reduced.seen_labels))


def seen_splits(outcome: Outcome) -> frozenset[str]:
    """The splits of the images whose labels the features, or the reduction, were learned from."""
    return frozenset((*outcome.features.seen_splits, *outcome.reduced.seen_splits))


def mixture(outcome: Outcome) -> tuple[int, int]:
    """How many of the clustered images were seen in training, and how many were not."""
    seen = np.isin(outcome.collection.split, list(seen_splits(outcome)))
    return int(seen.sum()), int((~seen).sum())


def labelled(outcome: Outcome) -> Collection:
    """All images that predictions are of, also where only some of them were clustered."""
    return outcome.collection if outcome.labelled is None else outcome.labelled


def scored(outcome: Outcome) -> np.ndarray:
    """(n,) bool: the clustered images that the headline is about."""
    split = outcome.evaluation.scored_split
    if split == "all":
        return np.ones(len(outcome.clustering.labels), dtype=bool)
    return np.asarray(outcome.collection.split == split)
