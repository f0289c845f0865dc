"""Which images of a collection are kept: sampling, and dropping small classes."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.datasets.options import Options
from clusterlab.errors import DataError
from clusterlab.shuffle import shuffled
from clusterlab.splits import rows_by_class


def keep(
    ids: Sequence[str], classes: Sequence[str | None], options: Options, *, column: str | None
) -> tuple[list[int], list[str]]:
    """The rows that `options` keep, ascending, and a note on each thing that was left out.

    ids, classes: one an image. column: the name of the class column, None where there is none.
    Raises DataError where the options need classes and there are none, or where nothing is left.
    """
    by_class = column is not None
    for name in ("sample_per_class", "min_class_size"):
        if not by_class and getattr(options, name) is not None:
            raise DataError(
                f"dataset.{name}={getattr(options, name)} needs a label column, and the images "
                "have none. Use dataset.sample_share, or name a label column."
            )
    groups = rows_by_class(classes)
    notes = []
    if options.min_class_size is not None:
        groups, note = _drop_small(groups, options.min_class_size, str(column))
        notes += note
    if options.sample_share is not None or options.sample_per_class is not None:
        groups, note = _sample(ids, groups, options, str(column) if by_class else None)
        notes += note
    return sorted(row for rows in groups.values() for row in rows), notes


def _drop_small(
    groups: dict[str | None, list[int]], smallest: int, column: str
) -> tuple[dict[str | None, list[int]], list[str]]:
    kept = {c: rows for c, rows in groups.items() if c is None or len(rows) >= smallest}
    dropped = {c: len(rows) for c, rows in groups.items() if c not in kept}
    if not any(c is not None for c in kept):
        largest = max(dropped, key=lambda c: dropped[c])
        raise DataError(
            f"No class of '{column}' has dataset.min_class_size={smallest} images; the largest, "
            f"'{largest}', has {dropped[largest]}."
        )
    if not dropped:
        return kept, []
    return kept, [
        f"Classes of '{column}' left out because they have fewer than {smallest} images: "
        f"{len(dropped)} of {len(dropped) + sum(c is not None for c in kept)}, with "
        f"{sum(dropped.values())} images."
    ]


def _sample(
    ids: Sequence[str],
    groups: dict[str | None, list[int]],
    options: Options,
    column: str | None,
) -> tuple[dict[str | None, list[int]], list[str]]:
    kept, small = {}, []
    for class_, rows in groups.items():
        if options.sample_per_class is not None:
            size = options.sample_per_class
            if len(rows) < size:
                small.append(f"{class_ or 'without a label'} ({len(rows)})")
        else:
            size = max(1, int(len(rows) * float(options.sample_share or 1) + 0.5))
        order = shuffled([ids[row] for row in rows], random_state=options.random_state)
        kept[class_] = [rows[position] for position in order[:size]]
    what = (
        f"{options.sample_per_class} images a class"
        if options.sample_per_class is not None
        else f"{options.sample_share:.4g} of the images"
    )
    within = f" of each class of '{column}'" if column and options.sample_share else ""
    notes = [
        f"A sample was taken, {what}{within}: {sum(map(len, kept.values()))} of "
        f"{sum(map(len, groups.values()))} images."
    ]
    if small:
        shown = ", ".join(small[:10]) + (", ..." if len(small) > 10 else "")
        notes.append(
            f"Classes with fewer than {options.sample_per_class} images, whole in the sample: "
            f"{shown}."
        )
    return kept, notes
