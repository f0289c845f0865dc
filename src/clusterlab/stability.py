"""How firmly a clustering stands when the same images are clustered again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

DISSOLVED = 0.5
STABLE = 0.75


def verdict(jaccard: float) -> str:
    """What a cluster's mean Jaccard says of it: below .5 it dissolves, below .75 it is doubtful;
    "" for NaN. Hennig 2007.

    >>> verdict(0.49), verdict(0.5), verdict(0.75)
    ('dissolves', 'doubtful', 'stable')
    """
    if np.isnan(jaccard):
        return ""
    return "dissolves" if jaccard < DISSOLVED else "doubtful" if jaccard < STABLE else "stable"


@dataclass(frozen=True, kw_only=True)
class Stability:
    """What clustering again, in other ways of equal right, leaves of a clustering.

    n_repeats: re-clusterings a kind.
    kinds: one row a kind ("bootstrap", "seeds", "orders"; none in which nothing varies), on the
        scored images: ari (the mean over all pairs of clusterings of the kind, the original among
        them; 0 for a pair with one that failed or put all into one), ari_std, n_pairs, and
        n_clusters_low and n_clusters_high, without noise.
    clusters: one row a cluster without noise: cluster, jaccard (the mean over the bootstrap samples
        of its best overlap), jaccard_chance (the same with the new labels of each sample permuted)
        and survival (the share of the samples in which the overlap is above one half).
    confidence: (n,) in [0, 1], the share of the bootstrap samples holding an image in which it
        stayed with its cluster, or stayed noise; NaN for one that no sample held.
    notes: what a reader must know before trusting a number. standing: those of them that are true
        of every run, and need no room where there is little.
    """

    n_repeats: int
    kinds: pd.DataFrame
    clusters: pd.DataFrame
    confidence: np.ndarray
    notes: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
