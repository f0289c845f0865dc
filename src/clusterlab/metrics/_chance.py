"""What a metric gives by chance: the same cluster sizes, labels permuted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from clusterlab.metrics._contingency import Contingency, Margins, tabulate

# Numbers held at once: tables of many permutations are counted together, but memory stays flat.
_BATCH = 500_000


def permuted(margins: Margins, *, n_permutations: int = 100, random_state: int = 0) -> Contingency:
    """The tables of `n_permutations` random permutations of the truth, by bincount."""
    rng = np.random.default_rng(random_state)
    cells = max(margins.n, len(margins.sizes) * len(margins.class_sizes))
    batch = int(np.clip(_BATCH // cells, 1, n_permutations))
    parts = []
    for start in range(0, n_permutations, batch):
        rows = min(batch, n_permutations - start)
        truths = rng.permuted(np.tile(margins.truth, (rows, 1)), axis=1)
        parts.append(tabulate(margins, truths))
    return replace(
        parts[0],
        joint=np.concatenate([part.joint for part in parts]),
        majority=np.concatenate([part.majority for part in parts]),
        squares=np.concatenate([part.squares for part in parts]),
    )
