"""The maps of a run: its views, coloured by cluster, by a label column or by split."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.classes import Classes, Group, legend
from clusterlab.reports.members import clusters_by_size
from clusterlab.reports.page.text import plural
from clusterlab.reports.palette import PALETTE, class_colours, cluster_colours
from clusterlab.reports.plots.canvas import plain
from clusterlab.reports.plots.projection import draw_projection
from clusterlab.types import NOISE


def cluster_groups(labels: np.ndarray) -> tuple[list[Group], np.ndarray]:
    """The clusters, largest first, noise last, as the groups of a legend, and (n,) indices."""
    colours = cluster_colours(labels)
    clusters = clusters_by_size(labels)
    groups = [
        Group(
            "noise" if cluster == NOISE else f"cluster {cluster}",
            colours[cluster],
            int((labels == cluster).sum()),
            "noise" if cluster == NOISE else "cluster",
        )
        for cluster in clusters
    ]
    codes = np.zeros(len(labels), dtype=int)
    for position, cluster in enumerate(clusters):
        codes[labels == cluster] = position
    return groups, codes


def split_groups(split: np.ndarray, seen: Container[str]) -> tuple[list[Group], np.ndarray]:
    """The splits as the groups of a legend, and (n,) indices.

    split: (n,) str. seen: those whose labels the features were learned from; where there are any,
    each group says whether it is one of them.
    """
    order = ["train", "val", "test"]
    there = sorted(set(split.tolist()), key=lambda s: (order.index(s) if s in order else 3, s))
    told = any(name in seen for name in there)
    groups = [
        Group(
            f"{name} ({'seen' if name in seen else 'unseen'})" if told else name,
            colour,
            int((split == name).sum()),
            "class",
        )
        for name, colour in class_colours(there).items()
    ]
    index = {name: at for at, name in enumerate(there)}
    return groups, np.array([index[name] for name in split.tolist()], dtype=int)


def draw_split_map(
    points: np.ndarray, split: np.ndarray, seen: Container[str], *, view: str
) -> Figure:
    """points: (n, 2). split: (n,) str. seen: as in `split_groups`."""
    groups, codes = split_groups(split, seen)
    caption = "A 2-D map bends distances"
    if any(name in seen for name in split.tolist()):
        caption = (
            "Seen: the features were learned from the labels of these images, so they lie tidier "
            "than unseen ones would"
        )
    title = f"Splits on the {plain(view)} map, n={len(split):,}"
    return draw_projection(points, codes, groups, title=title, caption=caption)


def draw_cluster_map(points: np.ndarray, labels: np.ndarray, *, view: str) -> Figure:
    """points: (n, 2). labels: (n,) int clusters, -1 is noise."""
    groups, codes = cluster_groups(labels)
    found = len([group for group in groups if group.role == "cluster"])
    caption = "A number stands in its cluster, or above a small one. A 2-D map bends distances"
    if found > len(PALETTE):
        caption += f". Colours repeat after {len(PALETTE)}"
    title = f"Clusters on the {plain(view)} map: {count_clusters(labels)}"
    return draw_projection(points, codes, groups, title=title, caption=caption)


def draw_label_map(points: np.ndarray, classes: Classes, *, view: str) -> Figure:
    """points: (n, 2). classes: of the same n images."""
    groups, codes = legend(classes)
    count = len(classes.names)
    title = f"“{plain(classes.column)}” on the {plain(view)} map: "
    title += f"{plural(count, 'class', 'classes')}, n={len(classes.codes):,}"
    caption = "Classes in one place are alike in the features. A 2-D map bends distances"
    return draw_projection(points, codes, groups, title=title, caption=caption)


def count_clusters(labels: np.ndarray) -> str:
    """How many clusters, and how much noise or how many images.

    >>> count_clusters(np.array([0, 0, 1, -1]))
    '2 clusters, 1 of 4 images noise'
    """
    found = len(np.unique(labels[labels != NOISE]))
    text = plural(found, "cluster")
    noise = int((labels == NOISE).sum())
    if noise:
        return f"{text}, {noise:,} of {len(labels):,} images noise"
    return f"{text}, n={len(labels):,}"
