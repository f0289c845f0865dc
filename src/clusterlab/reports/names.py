"""The names of the figures' files: the figures are written and the page is built from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from clusterlab.types import Collection


def slugs(names: Iterable[str]) -> dict[str, str]:
    """A file name part for each name, in letters that any file system takes, all different.

    >>> slugs(["Tipo de matéria-prima", "a/b", "a b"])
    {'Tipo de matéria-prima': 'tipo_de_matéria_prima', 'a/b': 'a_b', 'a b': 'a_b_2'}
    """
    taken: dict[str, str] = {}
    for name in names:
        stem = re.sub(r"\W+", "_", str(name).lower()).strip("_")[:60] or "column"
        slug, number = stem, 2
        while slug in taken.values():
            slug, number = f"{stem}_{number}", number + 1
        taken[name] = slug
    return taken


def label_slugs(collection: Collection) -> dict[str, str]:
    """The slug of every label column."""
    return slugs(map(str, collection.labels.columns))


def projection_names(
    views: Mapping[str, object], collection: Collection
) -> dict[tuple[str, str | None], str]:
    """(view, label column, or None for the clusters) -> file name, without a folder."""
    labels, view_slugs = label_slugs(collection), slugs(views)
    found: dict[tuple[str, str | None], str] = {}
    for view, slug in view_slugs.items():
        found[view, None] = f"projection_{slug}_cluster.png"
        for column, part in labels.items():
            found[view, column] = f"projection_{slug}_label_{part}.png"
    return found


def split_map_names(views: Iterable[str], collection: Collection) -> dict[str, str]:
    """view -> file name of its map coloured by split; none where there is but one split."""
    if len(np.unique(collection.split)) < 2:
        return {}
    return {view: f"projection_{slug}_split.png" for view, slug in slugs(views).items()}


def highlight_names(views: Iterable[str]) -> dict[str, str]:
    """view -> file name of its map of the chosen classes.

    >>> highlight_names(["pca"])
    {'pca': 'projection_pca_highlight.png'}
    """
    return {view: f"projection_{slug}_highlight.png" for view, slug in slugs(views).items()}


def confusion_name(slug: str) -> str:
    """The file of the confusion matrix of a label column with this slug."""
    return f"confusion_{slug}.png"


def distribution_name(slug: str) -> str:
    """The file of the class distribution of a label column with this slug."""
    return f"distribution_{slug}.png"


def stacked_name(slug: str) -> str:
    """The file of the labels inside each cluster, of a label column with this slug."""
    return f"stacked_{slug}.png"
