"""What passes between the stages about what clusters mean: labels against clusters, and names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Homogeneity:
    """How much of one mind the images of each cluster are about one label column.

    column: of the labels; synthetic: whether a model made it. threshold: the homogeneity above
        which a cluster is good, where at least half of its images are labelled.
    clusters: one row a cluster, noise last: cluster, size, n_labelled, top (the most frequent
        label), homogeneity (its share among the labelled members), entropy (of their labels, in
        bits), q (homogeneity / (entropy + 1e-6)), good (bool).
    summary: one row a noise policy ("with", "without"): homogeneity and entropy weighted by the
        labelled images, q of these two; coverage (the share of all images that are labelled and
        counted); majority (the share of the commonest label: what one cluster of everything would
        score); chance and chance_std
        (the homogeneity of the same cluster sizes with the labels shuffled), entropy_chance,
        n_clusters, n_good, and good_share (the labelled images in good clusters, as a share of all
        images).
    """

    column: str
    synthetic: bool
    threshold: float
    clusters: pd.DataFrame
    summary: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far two label columns agree.

    n: images that both have labelled. share: of them, those with the same label, in [0, 1]. kappa:
    Cohen's, in [-1, 1]; ari: the adjusted Rand index. Higher is better, 0 is chance. NaN where a
    number would say nothing (metrics/agreement.py).
    """

    one: str
    other: str
    n: int
    share: float
    kappa: float
    ari: float


@dataclass(frozen=True, kw_only=True)
class ClusterName:
    """What a cluster is called, and whether its images bear that out.

    agreement: the share of the `n_asked` member images that the verifier puts to this name; chance:
        the share that a name without meaning would get. NaN and 0 where nothing was verified.
    verified: None where nobody was asked. why: in words, where it is False, or where nobody could
        be asked.
    """

    cluster: int
    name: str
    agreement: float = float("nan")
    chance: float = float("nan")
    n_asked: int = 0
    verified: bool | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """names: one a cluster, noise has none. namer: what they were made of, in words. verifier: who
    was asked, in words, "" for nobody. notes: what a reader must know before trusting a name."""

    names: tuple[ClusterName, ...]
    namer: str
    verifier: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Annotators:
    """How far people who grouped the same images agree: no clustering can be expected to agree with
    them more than they do with each other.

    columns: the label columns, one a person. pairs: of every two of them; pair_ami: the adjusted
    mutual information of each. mean_ari, ari_std: over the pairs; the deviation is that of a
    sample, NaN for one pair. mean_ami: likewise. alpha: Krippendorff's, for nominal labels, NaN
    where they do not use the same words. leave_one_out: column -> the mean ARI of that person with
    the others. notes: what a reader must know first.
    """

    columns: tuple[str, ...]
    pairs: tuple[Agreement, ...]
    pair_ami: tuple[float, ...]
    mean_ari: float
    ari_std: float
    mean_ami: float
    alpha: float
    leave_one_out: Mapping[str, float]
    notes: tuple[str, ...] = ()
