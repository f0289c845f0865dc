"""The three ways to count images that no cluster took."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clusterlab.types import NOISE

CLUSTER, DROPPED, SINGLETONS = "cluster", "dropped", "singletons"


def policies(
    labels: np.ndarray, *, has_noise: bool
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The policies, the headline first; it alone where the clustering has no noise.

    labels: (n,) int, -1 = noise. Yields (policy, labels of the kept images, (n,) bool kept).
    """
    noise = labels == NOISE
    everything = np.ones(len(labels), dtype=bool)
    yield CLUSTER, labels, everything
    if not has_noise:
        return
    yield DROPPED, labels[~noise], ~noise
    alone = labels.copy()
    alone[noise] = labels.max(initial=NOISE) + 1 + np.arange(noise.sum())
    yield SINGLETONS, alone, everything
