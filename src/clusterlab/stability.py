"""How firmly a clustering stands when the same images are clustered again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Stability:
    """What clustering again, in other ways of equal right, leaves of a clustering.

    n_repeats: re-clusterings a kind.
    kinds: one row a kind ("bootstrap", "seeds", "orders"; none in which nothing varies), on the
        scored images: ari (the mean over all pairs of clusterings of the kind, the original among
        them; 0 for a pair with one that failed or put all into one), ari_std, n_pairs, and
        n_clusters_low and n_clusters_high, without noise.
    clusters: one row a cluster without noise: cluster, jaccard (the mean over the bootstrap samples
        of its best overlap) and survival (the share of them in which that is above one half).
    confidence: (n,) in [0, 1], the share of the bootstrap samples holding an image in which it
        stayed with its cluster, or stayed noise; NaN for one that no sample held.
    notes: what a reader must know before trusting a number.
    """

    n_repeats: int
    kinds: pd.DataFrame
    clusters: pd.DataFrame
    confidence: np.ndarray
    notes: tuple[str, ...] = ()
