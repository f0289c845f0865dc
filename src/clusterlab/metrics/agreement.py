"""How far two label columns agree."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from sklearn.metrics import cohen_kappa_score

from clusterlab.meaning import Agreement
from clusterlab.metrics.ari import ari
from clusterlab.types import Collection

Categories = Mapping[str, Sequence[str]]


def agreement(
    collection: Collection, one: str, other: str, categories: Categories | None = None
) -> Agreement:
    """Of two single-valued columns, over the images that both have a label for.

    categories: column -> what its labels were chosen from, where that is known. share and kappa
    are NaN where the two were not chosen from the same categories: then no label of the one need be
    one of the other. Where it is not known, they are where each column has values that the other
    lacks. kappa is also NaN where both give one and the same label to all: there is nothing to
    agree by chance about; the ARI where either gives one label to all. Everything is NaN where no
    image has both. Cohen 1960.
    """
    both = collection.labels[[one, other]].dropna()
    names, codes = np.unique(both.to_numpy(dtype=object).astype(str), return_inverse=True)
    first, second = codes.reshape(-1, 2).T
    n, alike = len(both), _alike(collection, one, other, categories or {})
    several = min(len(np.unique(first)), len(np.unique(second))) > 1
    return Agreement(
        one=one,
        other=other,
        n=n,
        share=float((first == second).mean()) if n and alike else np.nan,
        kappa=float(cohen_kappa_score(first, second)) if len(names) > 1 and alike else np.nan,
        ari=ari(first, second) if several else np.nan,
    )


def agreements(
    collection: Collection, categories: Categories | None = None
) -> tuple[Agreement, ...]:
    """Of every two columns that models made, where an image has one value, in their order."""
    columns = [name for name in _made(collection) if name not in collection.multi_valued]
    return tuple(agreement(collection, *pair, categories) for pair in combinations(columns, 2))


def about_agreements(collection: Collection, found: Iterable[Agreement]) -> Iterator[str]:
    """What of the agreement of labelers could not be measured."""
    for one in found:
        if one.n and math.isnan(one.share):
            yield (
                f"'{one.one}' and '{one.other}' have labels of different categories: of how far "
                "they agree, only the adjusted Rand index says anything."
            )
    made = _made(collection)
    several = [name for name in made if name in collection.multi_valued]
    if several and len(made) > 1:
        yield (
            f"An image may have several labels in {' and '.join(map(repr, several))}: how far "
            "that agrees with other labelers is not measured."
        )


def _made(collection: Collection) -> list[str]:
    names = map(str, collection.labels.columns)
    return [name for name in names if name in collection.synthetic]


def _alike(collection: Collection, one: str, other: str, categories: Categories) -> bool:
    if one in categories and other in categories:
        return set(categories[one]) == set(categories[other])
    first, second = (set(collection.labels[name].dropna()) for name in (one, other))
    return first <= second or second <= first
