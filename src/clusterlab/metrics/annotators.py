"""How far people who grouped the same images agree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from clusterlab.meaning import Agreement, Annotators
from clusterlab.metrics.agreement import agreement
from clusterlab.metrics.ami import ami
from clusterlab.types import Collection

OURS = ("ari", "entropy")


def annotators(collection: Collection, *, within: np.ndarray | None = None) -> Annotators | None:
    """Of the people of `collection.annotators`; None where there are none. A single one has no
    agreement: every number is NaN then, and a note says so.

    within: (n,) bool, the images to look at, so that the ceiling is of the same images as the
    clustering's scores; by default all. Whether people use the same words is asked of all.
    """
    columns = collection.annotators
    if not columns:
        return None
    alike = _same_words(collection, columns)
    kept = collection
    if within is not None:
        kept = collection.take(np.array(collection.ids, dtype=object)[within])
    # On few images one may lack a word of the others: the whole collection says what each uses.
    words = {column: ["the same" if alike else column] for column in columns}
    pairs = tuple(agreement(kept, *pair, words) for pair in combinations(columns, 2))
    amis = tuple(_ami(kept.labels, pair) for pair in pairs)
    aris = [pair.ari for pair in pairs if math.isfinite(pair.ari)]
    return Annotators(
        columns=columns,
        pairs=pairs,
        pair_ami=amis,
        mean_ari=_mean(aris),
        ari_std=float(np.std(aris, ddof=1)) if len(aris) > 1 else np.nan,
        mean_ami=_mean(amis),
        alpha=krippendorff_alpha(kept.labels[list(columns)]) if alike and pairs else np.nan,
        leave_one_out={
            column: _mean([pair.ari for pair in pairs if column in (pair.one, pair.other)])
            for column in columns
        },
        notes=tuple(_notes(kept, columns, pairs, alike)),
    )


def annotators_headline(found: Annotators | None, scores: Mapping[str, float]) -> dict[str, float]:
    """annotators_ari, annotators_ami, annotators_alpha: of the people with each other; and
    "mean_ari/annotators", "mean_entropy/annotators": the mean score of the clustering against each.

    scores: "<metric>/<label column>" -> value, of the clustering.
    """
    if found is None:
        return {}
    means = {
        f"mean_{metric}/annotators": _mean(
            [scores.get(f"{metric}/{column}", np.nan) for column in found.columns]
        )
        for metric in OURS
    }
    if not found.pairs:
        return means
    return {
        "annotators_ari": found.mean_ari,
        "annotators_ami": found.mean_ami,
        "annotators_alpha": found.alpha,
        **means,
    }


def krippendorff_alpha(labels: pd.DataFrame) -> float:
    """Krippendorff's alpha for nominal labels: 1 - observed / expected disagreement.

    labels: (n, raters), one row an image, missing as None or NaN. An image that fewer than two have
    labelled says nothing and is left out. Returns at most 1, higher is better, 0 by chance; NaN
    where no image is left, or all that are have one and the same label. Krippendorff 2004; Hayes &
    Krippendorff 2007.

    >>> alike = pd.DataFrame({"one": ["a", "a", "b"], "other": ["a", "a", "b"]})
    >>> krippendorff_alpha(alike)
    1.0
    """
    cells = labels.to_numpy(dtype=object)
    known = pd.notna(cells)
    names, codes = np.unique(cells[known].astype(str), return_inverse=True)
    rows = np.nonzero(known)[0]
    counts = np.zeros((len(labels), len(names)))
    np.add.at(counts, (rows, codes), 1)
    raters = counts.sum(axis=1)
    counts, raters = counts[raters > 1], raters[raters > 1]
    # Each image's pairs of labels weigh as much as its labels: o_ck in the literature.
    alike = (counts * (counts - 1) / (raters - 1)[:, None]).sum()
    values = counts.sum(axis=0)
    n = values.sum()
    expected = n**2 - (values**2).sum()
    if not expected:
        return float("nan")
    return float(1 - (n - 1) * (n - alike) / expected)


def _ami(labels: pd.DataFrame, pair: Agreement) -> float:
    if not math.isfinite(pair.ari):
        return np.nan
    both = labels[[pair.one, pair.other]].dropna()
    first, second = (pd.factorize(both[name])[0] for name in both)
    return ami(first, second)


def _mean(values: Sequence[float]) -> float:
    found = [value for value in values if math.isfinite(value)]
    return float(np.mean(found)) if found else float("nan")


def _same_words(collection: Collection, columns: Sequence[str]) -> bool:
    """Whether of every two people one uses no word that the other does not."""
    used = [set(collection.labels[column].dropna()) for column in columns]
    return all(one <= other or other <= one for one, other in combinations(used, 2))


def _notes(
    collection: Collection, columns: Sequence[str], pairs: Sequence[Agreement], alike: bool
) -> Iterator[str]:
    if not pairs:
        yield (
            f"Only one person grouped the images ('{columns[0]}'): how far people agree is not "
            "known, so there is no ceiling to judge the clustering by."
        )
        return
    for pair in pairs:
        if not math.isfinite(pair.ari):
            why = "both grouped no image" if not pair.n else "one of them made a single group"
            yield (
                f"'{pair.one}' and '{pair.other}': {why}, so how far they agree is not known; they "
                "are left out of the mean."
            )
    if not alike:
        yield (
            "The annotators do not use the same names for their groups: Krippendorff's alpha and "
            "the share of equal names say nothing, and only which images each put together counts "
            "(adjusted Rand index)."
        )
    elif _numbered(collection, columns):
        yield (
            "The annotators number their groups. Krippendorff's alpha takes the same number for "
            "the same group; where each person numbered in another order, only the adjusted Rand "
            "index says anything."
        )


def _numbered(collection: Collection, columns: Sequence[str]) -> bool:
    used = {value for column in columns for value in collection.labels[column].dropna()}
    return bool(used) and all(value.isdigit() for value in used)
