"""What a label column says about each image, as a table of zeros and ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from clusterlab.errors import ComponentError, DataError, closest
from clusterlab.types import Collection


def memberships(
    collection: Collection, column: str, categories: Sequence[str] | None = None
) -> tuple[tuple[str, ...], np.ndarray]:
    """The categories of a label column, and which of them each image has.

    categories: the column's full list, in the order wanted; by default those that occur, sorted.
        Name them where one may be absent from the data and should still have its place.
    Returns (c,) names and (n, c) float32 of 0 and 1; a missing value is a row of zeros, a row of a
    multi-valued column may hold several ones.
    Raises DataError for an unknown column, one without any value, or a value that is not in
    `categories`.
    """
    values = _values(collection, column)
    found = sorted({value for row in values for value in row})
    if not found:
        raise DataError(
            f"Column '{column}' of '{collection.name}' has no value at all. Choose another column."
        )
    names = tuple(found if categories is None else categories)
    unlisted = [value for value in found if value not in names]
    if unlisted:
        raise DataError(
            f"Column '{column}' of '{collection.name}' holds '{unlisted[0]}', which is not among "
            f"the categories {list(names)}.{closest(unlisted[0], names)} Add it to "
            f"extractor.categories.{column}, or leave that list out."
        )
    position = {name: index for index, name in enumerate(names)}
    table = np.zeros((len(values), len(names)), np.float32)
    for row, row_values in enumerate(values):
        for value in row_values:
            table[row, position[value]] = 1
    return names, table


def all_memberships(
    collection: Collection,
    columns: Sequence[str],
    categories: Mapping[str, Sequence[str]] | None,
) -> list[np.ndarray]:
    """`memberships` of each column: a list of (n, c) float32."""
    full = categories or {}
    return [memberships(collection, column, full.get(column))[1] for column in columns]


def check_columns(
    component: str, columns: Sequence[str], categories: Mapping[str, Sequence[str]] | None = None
) -> tuple[str, ...]:
    """The columns as a tuple. Raises ComponentError where they are no list, none, or repeated, or
    where `categories` names a column that is not used."""
    if isinstance(columns, str):
        raise ComponentError(
            f"The {component} extractor takes a list of columns, not '{columns}'. "
            f"Write extractor.columns=[{columns}]."
        )
    if not columns or len(set(columns)) < len(columns):
        raise ComponentError(
            f"The {component} extractor needs one or more different columns, not {list(columns)}."
        )
    for column in categories or {}:
        if column not in columns:
            raise ComponentError(
                f"The {component} extractor has categories for the column '{column}', which is "
                f"not among its columns {list(columns)}.{closest(column, columns)}"
            )
    return tuple(columns)


def _values(collection: Collection, column: str) -> list[tuple[str, ...]]:
    """The values of each image, none where missing."""
    known = [str(name) for name in collection.labels.columns]
    if column not in known:
        columns = f"Label columns: {', '.join(known)}." if known else "It has no label columns."
        raise DataError(
            f"Unknown column '{column}' in '{collection.name}' (extractor.columns)."
            f"{closest(column, known)} {columns}"
        )
    cells = collection.labels[column]
    if column in collection.multi_valued:
        return [tuple(cell) for cell in cells]
    return [() if cell is None else (cell,) for cell in cells]
