"""From what a dataset found to a Collection: the steps that all datasets share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clusterlab.datasets.duplicates import digests
from clusterlab.datasets.listing import Listing
from clusterlab.datasets.options import Options
from clusterlab.datasets.sampling import keep
from clusterlab.errors import DataError, closest
from clusterlab.splits import pooled, stratified, without_straddling
from clusterlab.types import Collection


def assemble(listing: Listing, options: Options) -> Collection:
    """Sorts by id, drops small classes, samples, hashes what is left and splits it.

    A split that is asked for replaces one that the images come with. Raises DataError where no
    image is left, or the options ask for what the images do not have.
    """
    if not listing.ids:
        raise DataError(_nothing_left(listing))
    listing = listing.take(sorted(range(len(listing.ids)), key=listing.ids.__getitem__))
    column = _class_column(listing, options)
    rows, notes = keep(listing.ids, _classes(listing, column), options, column=column)
    listing, found = _hashed(listing.take(rows))
    listing, found, split, split_notes = _split(listing, found, options, column)
    return Collection(
        name=listing.name,
        ids=tuple(listing.ids),
        images=tuple(listing.images),
        digests=tuple(found),
        labels=listing.labels,
        multi_valued=listing.multi_valued,
        derived=listing.derived,
        annotators=listing.annotators,
        split=split,
        numeric=listing.numeric,
        text=None if listing.text is None else tuple(listing.text),
        failures=tuple(listing.failures),
        notes=(*listing.notes, *notes, *split_notes, *_label_notes(listing)),
        max_failed_share=options.max_failed_share,
    )


def _class_column(listing: Listing, options: Options) -> str | None:
    known = [str(column) for column in listing.labels.columns]
    wanted = options.class_column
    if wanted is None:
        return known[0] if known else None
    if wanted not in known:
        raise DataError(
            f"Unknown class column '{wanted}'.{closest(wanted, known)} Label columns of "
            f"{listing.where}: {', '.join(known) or 'none'}."
        )
    return wanted


def _classes(listing: Listing, column: str | None) -> list[str | None]:
    """The class of each image; a set of values is one class."""
    if column is None:
        return [None] * len(listing.ids)
    values: list[Any] = listing.labels[column].tolist()
    if column in listing.multi_valued:
        return ["|".join(value) or None for value in values]
    return values


def _hashed(listing: Listing) -> tuple[Listing, list[str]]:
    """Moves images that cannot be read to the failures; returns the digests of the others."""
    found = digests(listing.images)
    failed = {
        row: (
            type(error).__name__,
            (error.strerror if isinstance(error, OSError) else None) or str(error),
        )
        for row, error in enumerate(found)
        if isinstance(error, Exception)
    }
    listing = listing.without(failed)
    if not listing.ids:
        raise DataError(_nothing_left(listing))
    return listing, [digest for digest in found if isinstance(digest, str)]


def _split(
    listing: Listing, found: list[str], options: Options, column: str | None
) -> tuple[Listing, list[str], np.ndarray, list[str]]:
    """The listing and digests of what is left, its split, and notes."""
    if options.split is not None:
        classes = _classes(listing, column)
        split = stratified(
            pooled(classes) if column in listing.multi_valued else classes,
            found,
            shares=options.split,
            random_state=options.random_state,
        )
        notes = _split_notes(split, options.split, replaces=listing.split is not None)
        return listing, found, split, notes
    if listing.split is None:
        return listing, found, np.full(len(found), "all", dtype="<U5"), []
    kept = without_straddling(listing.split, found)
    notes = _straddling_note(listing, kept)
    listing, found = listing.take(kept), [found[row] for row in kept]
    return listing, found, np.array(listing.split, dtype="<U5"), notes


def _nothing_left(listing: Listing) -> str:
    if not listing.failures:
        return f"There is no image in {listing.where}."
    first = listing.failures[0]
    return (
        f"None of the {len(listing.failures)} images of {listing.where} can be read; the first, "
        f"'{first.path or first.id}': {first.message}."
    )


def _straddling_note(listing: Listing, kept: Sequence[int]) -> list[str]:
    dropped = len(listing.ids) - len(kept)
    if not dropped:
        return []
    return [
        "Images left out because an exact copy is in a later split (train, val, test), and no "
        f"image may be in two: {dropped}."
    ]


def _split_notes(split: np.ndarray, shares: Mapping[str, float], *, replaces: bool) -> list[str]:
    notes = ["dataset.split replaces the split that the images come with."] if replaces else []
    return notes + [
        f"The split '{name}' is empty: {len(split)} images are too few for a share of {share:g}."
        for name, share in shares.items()
        if share > 0 and not (split == name).any()
    ]


def _label_notes(listing: Listing) -> list[str]:
    notes = []
    for column in listing.labels.columns:
        values = {value for value in listing.labels[column] if value}
        if not values:
            notes.append(f"Label column '{column}' is missing for every image that is left.")
        elif len(values) == 1:
            (value,) = values
            shown = "|".join(value) if isinstance(value, tuple) else value
            notes.append(
                f"Label column '{column}' has only one value, '{shown}': scores on it say nothing."
            )
    return notes
