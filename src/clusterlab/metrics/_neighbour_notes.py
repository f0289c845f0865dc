"""What a reader must know about labels beside each other, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from clusterlab.metrics._columns import Reference
from clusterlab.types import Collection, Features


def why_not(collection: Collection, features: Features, column: str) -> str:
    """Why nothing is said about the labels of a column, "" where there is no reason."""
    source = collection.derived.get(column)
    if column in collection.multi_valued:
        return (
            f"{column}: an image has several values, so neither wrong labels nor pairs of classes "
            "are sought in it."
        )
    if column in collection.circular:
        return f"{column}: it was made of these features, so that its neighbours agree with it."
    if source in collection.labels.columns:
        return f"{column}: it is made of {source}, whose wrong labels and pairs are listed."
    if column in features.seen_labels and not features.seen_splits:
        return (
            f"{column}: the features were made from it, so that neighbours say nothing about it "
            "that it does not say itself."
        )
    return ""


def about_images(
    whole: Reference, labelled: np.ndarray, rows: np.ndarray, learned: Sequence[str]
) -> Iterator[str]:
    """labelled, rows: (n,) bool; those with a label, those that are judged."""
    if learned:
        yield (
            f"{whole.name}: the features were learned from the labels of "
            f"{int((labelled & ~rows).sum()):,} images, whose neighbours were chosen to agree with "
            f"them. Wrong labels and pairs are sought among the other {int(rows.sum()):,} only."
        )
    if not labelled.all():
        yield (
            f"{whole.name}: {int((~labelled).sum()):,} images have no label, neither to judge nor "
            "to vote with."
        )


def about_rare(whole: Reference, codes: np.ndarray, kept: np.ndarray, fewest: int) -> Iterator[str]:
    """codes: (m,) int of the images that could be judged. kept: (k,) bool, the judged classes."""
    present = np.bincount(codes, minlength=len(kept))
    n_rare, n_images = int(((present > 0) & ~kept).sum()), int(present[~kept].sum())
    if kept.sum() < 2:
        yield (
            f"{whole.name}: fewer than two classes have {fewest} different pictures here, so there "
            "is nothing to compare."
        )
    elif n_rare:
        classes = "1 class has" if n_rare == 1 else f"{n_rare:,} classes have"
        images = "its 1 image is" if n_images == 1 else f"their {n_images:,} images are"
        images = images if n_rare > 1 else images.replace("their", "its")
        yield (
            f"{whole.name}: {classes} fewer than {fewest} different pictures, too few to judge a "
            f"label by: {images} left out."
        )


def too_many(whole: Reference) -> str:
    return (
        f"{whole.name}: {len(whole.names):,} classes are too many for so many images; wrong labels "
        "and pairs of classes are not sought in it."
    )
