"""How far two label columns of the same categories agree."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from sklearn.metrics import cohen_kappa_score

from clusterlab.meaning import Agreement
from clusterlab.metrics.ari import ari
from clusterlab.types import Collection


def agreement(collection: Collection, one: str, other: str) -> Agreement:
    """Of two single-valued columns, over the images that both have a label for.

    kappa is NaN where both give one and the same label to all: there is nothing to agree by chance
    about. Everything is NaN where no image has both. Cohen 1960.
    """
    both = collection.labels[[one, other]].dropna()
    names, codes = np.unique(both.to_numpy(dtype=object).astype(str), return_inverse=True)
    first, second = codes.reshape(-1, 2).T
    n = len(both)
    return Agreement(
        one=one,
        other=other,
        n=n,
        share=float((first == second).mean()) if n else np.nan,
        kappa=float(cohen_kappa_score(first, second)) if len(names) > 1 else np.nan,
        ari=ari(first, second) if n else np.nan,
    )


def agreements(collection: Collection) -> tuple[Agreement, ...]:
    """Of every two columns that models made, where an image has one value, in their order."""
    columns = [
        str(column)
        for column in collection.labels.columns
        if column in collection.synthetic and column not in collection.multi_valued
    ]
    return tuple(agreement(collection, *pair) for pair in combinations(columns, 2))
