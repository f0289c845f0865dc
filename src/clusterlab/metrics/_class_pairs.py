"""Classes that neighbour each other more than chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Pairs:
    """one, other: (p,) int classes, one < other. links: (p,) int. expected: (p,) by chance.
    p_value: (p,) corrected. same_share, chance: of links within a class."""

    one: np.ndarray
    other: np.ndarray
    links: np.ndarray
    expected: np.ndarray
    p_value: np.ndarray
    same_share: float
    chance: float


def class_pairs(
    codes: np.ndarray, sources: np.ndarray, targets: np.ndarray, *, able: np.ndarray | None = None
) -> Pairs:
    """Which classes are joined by more links than when the labels are permuted over the images.

    codes: (n,) int, the class of each image. sources, targets: (m,) rows that a link leads from
    and to; never the same. able: (k,) bool, the classes that may be in a pair; all by default.

    Links share images, so that they come in clumps: a binomial test would call far too much
    significant. The mean and the variance over all permutations are known in closed form (the join
    counts of Cliff & Ord 1981, nonfree sampling), and the tail is that of the negative binomial
    with both. P-values are corrected by Benjamini & Hochberg 1995 over all pairs.

    >>> codes = np.repeat([0, 1, 2], 20)
    >>> found = class_pairs(codes, np.arange(40), np.r_[np.arange(20, 40), np.arange(20)])
    >>> found.one.tolist(), found.other.tolist(), found.links.tolist(), found.expected.round(1)
    ([0], [1], [40], array([9.]))
    """
    n, k = len(codes), int(codes.max(initial=-1)) + 1 if able is None else len(able)
    counts = np.bincount(codes, minlength=k).astype(float)
    flat = np.bincount(codes[sources] * k + codes[targets], minlength=k * k).reshape(k, k)
    m = len(sources)
    same = float(np.trace(flat)) / m if m else np.nan
    chance = float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 and m else np.nan
    one, other = np.triu_indices(k, 1)
    if able is not None:
        one, other = one[able[one] & able[other]], other[able[one] & able[other]]
    links = (flat + flat.T)[one, other]
    if not m or not len(one):
        nothing = np.empty(0)
        empty = nothing.astype(int)
        return Pairs(empty, empty, empty, nothing, nothing, same, chance)
    mean, variance = _moments(counts[one], counts[other], sources, targets, n)
    p_value = stats.false_discovery_control(_tail(links, mean, variance))
    more = np.flatnonzero((links > mean) & (p_value <= SIGNIFICANT))
    more = more[np.lexsort((other[more], one[more], -links[more] / mean[more]))]
    return Pairs(one[more], other[more], links[more], mean[more], p_value[more], same, chance)


def _moments(
    a: np.ndarray, b: np.ndarray, sources: np.ndarray, targets: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the links between two classes over the permutations of the labels.

    a, b: (p,) sizes of the two classes.
    """
    one_way = sparse.coo_array((np.ones(len(sources)), (sources, targets)), shape=(n, n)).tocsr()
    joined = one_way + one_way.T
    total, squares = joined.sum(), (joined.data**2).sum()
    shared = (np.asarray(joined.sum(axis=1)).ravel() ** 2).sum() - squares
    # The chance that two, three or four given images have the labels that a product of links asks.
    two = a * b / (n * (n - 1))
    three = two * (a + b - 2) / max(n - 2, 1)
    four = two * (a - 1) * (b - 1) / max((n - 2) * (n - 3), 1)
    mean = total * two
    apart = total**2 - 2 * squares - 4 * shared
    return mean, np.maximum(squares * two + shared * three + apart * four - mean**2, 0)


def _tail(links: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """The chance of so many links or more."""
    tail: np.ndarray = stats.poisson.sf(links - 1, mean)
    clumped = variance > mean * (1 + 1e-9)
    m, v = mean[clumped], variance[clumped]
    tail[clumped] = stats.nbinom.sf(links[clumped] - 1, m**2 / (v - m), m / v)
    return tail
