"""What a reader must know before trusting a number, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from clusterlab.meaning import Homogeneity
from clusterlab.metrics._columns import MISSING, Reference
from clusterlab.metrics._rows import ALL, SEEN, Row
from clusterlab.types import NOISE, Clustering, Features

_ROUNDING = 1e-9


def about_clusters(clustering: Clustering) -> Iterator[str]:
    n = len(clustering.labels)
    if n and (clustering.labels == NOISE).all():
        yield (
            f"All {n:,} images are noise: no cluster was found. Density is hard to see in many "
            "dimensions: try reducer=umap, a smaller min_cluster_size (HDBSCAN) or a larger eps "
            "(DBSCAN)."
        )


def about_labels(columns: Iterable[Sequence[Reference]], within: np.ndarray) -> Iterator[str]:
    """within: (n,) bool, the scored images. Columns that lack as many labels share a sentence."""
    lacking: dict[tuple[int, int], list[str]] = {}
    for whole, *memberships in columns:
        if memberships:
            yield (
                f"{whole.name}: an image has several values, so it is scored by its whole set of "
                f"them ({len(whole.names):,} sets). scores.csv also has each value alone "
                f"({whole.name}=value); a cluster's top value is one of {len(memberships):,}."
            )
        codes = whole.codes[within]
        held = codes[codes != MISSING]
        values = np.unique(held)
        if len(values) == 0:
            yield f"{whole.name}: no scored image has a label, so there are no scores against it."
        elif len(values) == 1:
            yield (
                f"{whole.name}: '{whole.names[values[0]]}' is the only label among the scored "
                "images, so there are no scores against it."
            )
        elif len(held) < len(codes):
            lacking.setdefault((len(codes) - len(held), len(codes)), []).append(whole.name)
    for (n_lacking, n), names in lacking.items():
        yield (
            f"{', '.join(names)}: {n_lacking:,} of {n:,} images have no label and are left out of "
            f"{'its' if len(names) == 1 else 'their'} scores."
        )


def about_supervision(spaces: Mapping[str, Features], columns: Iterable[str]) -> Iterator[str]:
    seen = {column for space in spaces.values() for column in space.seen_labels}
    made_from = [column for column in columns if column in seen]
    if made_from:
        several = len(made_from) > 1
        yield (
            f"Features were made from column{'s' if several else ''} {', '.join(made_from)}: "
            f"{'their' if several else 'its'} scores are not unsupervised."
        )


def about_unseen(
    spaces: Mapping[str, Features], split: np.ndarray, scored_split: str
) -> Iterator[str]:
    """Where the features were learned from labels: which images the scores and the clusters are of.

    split: (n,) str, of the clustered images.
    """
    seen = {name for space in spaces.values() for name in space.seen_splits}
    if not seen:
        return
    counts = dict(zip(*np.unique(split, return_counts=True), strict=True))
    unseen = [str(name) for name in counts if name not in seen and name != ALL]
    n = len(split) if scored_split == ALL else int(counts[scored_split])
    if scored_split in unseen:
        before = any(SEEN in space.marks for space in spaces.values())
        yield (
            f"The features were learned from labels: the headline scores are on {n:,} "
            f"{scored_split} images, which "
            f"{'this training has not shown' if before else 'the model has not seen'}."
        )
    elif scored_split == "val":
        why = "" if "test" in counts else "there is no test image: "
        yield (
            f"The features were learned from labels, and {why}the headline scores are on {n:,} "
            "validation images, which chose the epoch that was kept. They are optimistic."
        )
    elif len(unseen) < len(counts):
        yield (
            f"The features were learned from labels, and the headline scores are on {n:,} images "
            "of which the model has seen some: they also say how well it learned these by heart. "
            "An honest score is on images that were kept apart (split: test)."
        )
    if unseen and len(unseen) < len(counts):
        yield (
            "The clusters were formed on training images too, whose features know their labels. "
            f"clustered_split={unseen[0]} clusters the unseen images alone."
        )


def about_chance(headline: Iterable[Row], found: Iterable[Homogeneity] = ()) -> Iterator[str]:
    """Where purity is within two standard deviations of its chance level, or below; and where the
    homogeneity is, or says no more about a column than one label for everything.

    The homogeneity of a single-valued column is its purity, so it is not told twice.
    """
    told = set()
    for row in headline:
        value, chance, spread = row["value"], row["chance"], row["chance_std"]
        if row["metric"] == "purity" and value <= chance + 2 * spread:
            told.add(row["label"])
            yield (
                f"{row['label']}: purity {value:.3f} is no better than chance "
                f"({chance:.3f} ± {spread:.3f} with the same cluster sizes)."
            )
    for one in found:
        row = one.summary.iloc[0]
        value, majority = row["homogeneity"], row["majority"]
        chance, spread = row["chance"], row["chance_std"]
        if majority < 1 and value <= majority + _ROUNDING:
            yield (
                f"{one.column}: the clusters' homogeneity {value:.3f} is that of one label for "
                f"everything: no cluster has another commonest label."
            )
        elif one.column not in told and majority < 1 and value <= chance + 2 * spread:
            yield (
                f"{one.column}: the clusters' homogeneity {value:.3f} is no better than chance "
                f"({chance:.3f} ± {spread:.3f} with the same cluster sizes; one label for "
                f"everything has {majority:.3f})."
            )
