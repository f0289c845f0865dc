"""How much of one mind the images of each cluster are about one label column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import xlogy

from clusterlab.meaning import Homogeneity
from clusterlab.metrics import entropy, purity
from clusterlab.metrics._columns import MISSING, Reference
from clusterlab.metrics._contingency import codes
from clusterlab.metrics._external import Tabulated
from clusterlab.metrics._noise import CLUSTER, DROPPED
from clusterlab.types import NOISE

WITH, WITHOUT = "with", "without"
_EPSILON = 1e-6
_DENSE_CELLS = 1_000_000


def quality(homogeneity: float, bits: float) -> float:
    """Q of the study: homogeneity over entropy; higher is better, up to a million.

    It rewards throwing images away: read it beside the coverage.

    >>> round(quality(0.797, 0.696), 3)
    1.145
    """
    return homogeneity / (bits + _EPSILON)


def semantic_homogeneity(
    labels: np.ndarray,
    column: Sequence[Reference],
    tables: Sequence[Tabulated],
    *,
    within: np.ndarray | None = None,
    synthetic: bool = False,
    threshold: float = 0.75,
    n_permutations: int = 100,
    random_state: int = 0,
) -> Homogeneity:
    """labels: (n,) int, -1 = noise. column: its labelling and, where it is multi-valued, its
    memberships. tables: of the labelling, as _external.tabulated makes them; they carry the chance
    level. within: (n,) bool, the images that count, None for all. threshold: a cluster is good
    above it, where at least half of its images are labelled.

    An image without a label counts in `size` and in no share. Averages are weighted by the labelled
    images, so that with noise as a cluster ("with") the homogeneity of a single-valued column is
    its purity and the entropy its entropy; the q of a summary is that of the averages. Noise is
    never a good cluster, and n_clusters does not count it.
    An image with several values counts for each of them: the top is the value that most members
    have, the homogeneity their share, so that it is 1 where all have one value in common. The
    entropy is that of the members' whole sets.
    """
    images = np.ones(len(labels), dtype=bool) if within is None else within
    clusters = _cluster_rows(labels, column, images, threshold)
    made = {table.policy: table for table in tables}
    has_noise = bool((labels == NOISE).any())
    rows = []
    for noise in (WITH, WITHOUT):
        kept = images & (labels != NOISE) if noise == WITHOUT else images
        chance = _chance(
            labels,
            _held(column, kept),
            made.get(DROPPED if noise == WITHOUT and has_noise else CLUSTER),
            n_permutations=n_permutations,
            random_state=random_state,
        )
        counted = clusters if noise == WITH else clusters[clusters["cluster"] != NOISE]
        rows.append({"noise": noise, **_summary(counted, int(images.sum())), **chance})
    return Homogeneity(
        column=column[0].name,
        synthetic=synthetic,
        threshold=threshold,
        clusters=clusters,
        summary=pd.DataFrame(rows),
    )


@dataclass(frozen=True)
class _Held:
    """Who holds which value: images[i] holds values[i]. labelled: the images that hold any;
    names: of the values; several: whether an image may hold more than one."""

    images: np.ndarray
    values: np.ndarray
    labelled: np.ndarray
    names: Sequence[str]
    several: bool


def _held(column: Sequence[Reference], kept: np.ndarray) -> _Held:
    whole, *memberships = column
    labelled = np.flatnonzero(kept & (whole.codes != MISSING))
    if not memberships:
        return _Held(labelled, whole.codes[labelled], labelled, whole.names, several=False)
    holders = [np.flatnonzero(kept & (one.codes == 1)) for one in memberships]
    values = np.repeat(np.arange(len(holders)), [len(rows) for rows in holders])
    names = [one.name.removeprefix(f"{whole.name}=") for one in memberships]
    return _Held(np.concatenate(holders), values, labelled, names, several=True)


def _cluster_rows(
    labels: np.ndarray, column: Sequence[Reference], images: np.ndarray, threshold: float
) -> pd.DataFrame:
    numbers, sizes = np.unique(labels[images], return_counts=True)
    k = len(numbers)
    own = np.searchsorted(numbers, labels)
    held = _held(column, images)
    n_labelled = np.bincount(own[held.labelled], minlength=k)
    top, most = _most_frequent(own[held.images], held.values, k)
    bits = _entropies(own[held.labelled], column[0].codes[held.labelled], k)
    known = n_labelled > 0
    share = np.where(known, most / np.maximum(n_labelled, 1), np.nan)
    bits = np.where(known, bits, np.nan)
    table = pd.DataFrame(
        {
            "cluster": numbers,
            "size": sizes,
            "n_labelled": n_labelled,
            "top": [held.names[value] if value != MISSING else "" for value in top.tolist()],
            "homogeneity": share,
            "entropy": bits,
            "q": share / (bits + _EPSILON),
            "good": (share > threshold) & (2 * n_labelled >= sizes) & (numbers != NOISE),
        }
    )
    return pd.concat([table[numbers != NOISE], table[numbers == NOISE]], ignore_index=True)


def _most_frequent(own: np.ndarray, values: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """(k,) the value that is most frequent in each cluster, of equals the first, and how often."""
    top, most = np.full(k, MISSING), np.zeros(k, dtype=np.int64)
    n_values = int(values.max(initial=0)) + 1
    cells, counts = np.unique(own * n_values + values, return_counts=True)
    cluster, value = np.divmod(cells, n_values)
    order = np.lexsort((value, -counts, cluster))
    found, first = np.unique(cluster[order], return_index=True)
    top[found], most[found] = value[order][first], counts[order][first]
    return top, most


def _entropies(own: np.ndarray, codes: np.ndarray, k: int) -> np.ndarray:
    """(k,) the entropy of the codes within each cluster, in bits."""
    n_codes = int(codes.max(initial=0)) + 1
    cells, counts = np.unique(own * n_codes + codes, return_counts=True)
    sizes = np.maximum(np.bincount(own, minlength=k), 1)
    joint = np.bincount(cells // n_codes, weights=xlogy(counts, counts), minlength=k)
    return np.asarray(np.maximum(np.log2(sizes) - joint / sizes / np.log(2), 0.0))


def _summary(clusters: pd.DataFrame, n: int) -> dict[str, float]:
    known = clusters[clusters["n_labelled"] > 0]
    labelled = int(known["n_labelled"].sum())
    share, bits = (
        float((known[key] * known["n_labelled"]).sum() / labelled) if labelled else np.nan
        for key in ("homogeneity", "entropy")
    )
    good = clusters[clusters["good"]]
    return {
        "homogeneity": share,
        "entropy": bits,
        "q": quality(share, bits),
        "coverage": labelled / n,
        "n_clusters": int((clusters["cluster"] != NOISE).sum()),
        "n_good": len(good),
        "good_share": float(good["n_labelled"].sum() / n),
    }


def _chance(
    labels: np.ndarray,
    held: _Held,
    made: Tabulated | None,
    *,
    n_permutations: int,
    random_state: int,
) -> dict[str, float]:
    """majority, and what the same cluster sizes give with the labels shuffled."""
    n = len(held.labelled)
    if not n:
        return dict.fromkeys(("majority", "chance", "chance_std", "entropy_chance"), np.nan)
    majority = float(np.bincount(held.values).max() / n)
    if made is None:
        # One label for everything: shuffling it changes nothing.
        shuffled, bits = np.full(2, majority), 0.0
    else:
        bits = float(entropy.of_table(made.chance, base=2).mean())
        shuffled = (
            _shuffled(labels, held, n_permutations=n_permutations, random_state=random_state)
            if held.several
            else purity.of_table(made.chance)
        )
    return {
        "majority": majority,
        "chance": float(shuffled.mean()),
        "chance_std": float(shuffled.std(ddof=1)),
        "entropy_chance": bits,
    }


def _shuffled(
    labels: np.ndarray, held: _Held, *, n_permutations: int, random_state: int
) -> np.ndarray:
    """(n_permutations,) the homogeneity where images trade their sets of values."""
    rng = np.random.default_rng(random_state)
    clusters = codes(labels[held.labelled])
    holder = np.searchsorted(held.labelled, held.images)
    k, n_values = int(clusters.max()) + 1, int(held.values.max()) + 1
    found = []
    for _ in range(n_permutations):
        own = rng.permutation(clusters)[holder]
        if k * n_values > _DENSE_CELLS:
            found.append(_most_frequent(own, held.values, k)[1].sum())
            continue
        counts = np.bincount(own * n_values + held.values, minlength=k * n_values)
        found.append(counts.reshape(k, n_values).max(axis=1).sum())
    return np.array(found) / len(held.labelled)
