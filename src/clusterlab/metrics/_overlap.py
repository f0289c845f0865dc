"""Which cluster of one clustering is which of another, by how much they overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clusterlab.types import NOISE


@dataclass(frozen=True)
class Overlap:
    """Each pair of clusters that share an image. own, other: (p,) their numbers, without noise.
    jaccard: (p,) in (0, 1], the images of both over the images of either."""

    own: np.ndarray
    other: np.ndarray
    jaccard: np.ndarray

    def best(self) -> dict[int, float]:
        """Own cluster -> its best Jaccard; none for a cluster that went into noise altogether."""
        order = np.argsort(self.jaccard, kind="stable")
        pairs = zip(self.own[order].tolist(), self.jaccard[order].tolist(), strict=True)
        return dict(pairs)

    def matched(self) -> dict[int, int]:
        """Own cluster -> the other that it is taken for: the pairs of the greatest Jaccard, each
        cluster in one pair at most, so that of two clusters that became one only one is found
        again. Of equal pairs that of the lower numbers."""
        found: dict[int, int] = {}
        taken = set()
        order = np.lexsort((self.other, self.own, -self.jaccard))
        for own, other in zip(self.own[order].tolist(), self.other[order].tolist(), strict=True):
            if own not in found and other not in taken:
                found[own] = other
                taken.add(other)
        return found


def overlap(labels: np.ndarray, others: np.ndarray) -> Overlap:
    """labels, others: (m,) int of the same images, -1 = noise. Memory grows with m only."""
    own_numbers, own, own_sizes = np.unique(labels, return_inverse=True, return_counts=True)
    numbers, other, sizes = np.unique(others, return_inverse=True, return_counts=True)
    cells, both = np.unique(own.astype(np.int64) * len(numbers) + other, return_counts=True)
    one, two = np.divmod(cells, len(numbers))
    jaccard = both / (own_sizes[one] + sizes[two] - both)
    kept = (own_numbers[one] != NOISE) & (numbers[two] != NOISE)
    return Overlap(own_numbers[one][kept], numbers[two][kept], jaccard[kept])
