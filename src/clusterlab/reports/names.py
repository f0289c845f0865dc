"""The names of the figures' files: the figures are written and the page is built from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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
