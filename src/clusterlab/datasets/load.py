"""Loads a collection, and decides whether enough of its images could be used."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.components import Component
from clusterlab.errors import DataError
from clusterlab.types import Collection, Failure


def load(component: Component) -> Collection:
    """The collection of a dataset component. Raises DataError where it has no image at all."""
    collection: Collection = component.instance.load()
    if not len(collection):
        first = f" The first: {collection.failures[0].message}" if collection.failures else ""
        raise DataError(f"Collection '{collection.name}' has no usable image.{first}")
    return collection


def usable(collection: Collection, ids: Sequence[str], failures: Sequence[Failure]) -> Collection:
    """The part of a collection that has features.

    Raises DataError where more than `dataset.max_failed_share` of all images failed.
    """
    n_all = len(collection) + len(collection.failures)
    share = len(failures) / n_all
    if share > collection.max_failed_share:
        examples = "; ".join(f"{failure.id}: {failure.message}" for failure in failures[:3])
        raise DataError(
            f"{len(failures)} of {n_all} images ({share:.0%}) could not be used, more than "
            f"dataset.max_failed_share={collection.max_failed_share:g} allows. {examples}. "
            "Mend the images, or raise the share."
        )
    return collection if len(ids) == len(collection) else collection.take(ids)
