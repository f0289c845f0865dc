"""The columns of a table as ids, labels and numbers, with what can be wrong with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from clusterlab.datasets.cells import Cells
from clusterlab.datasets.read_table import Columns, as_text
from clusterlab.errors import DataError, closest


def check_names(columns: Columns, *, where: str, **named: Sequence[str]) -> None:
    """Raises DataError, listing every column that an argument names and the table has not."""
    problems = {
        name: f"Unknown column '{name}' in {where} (dataset.{argument}).{closest(name, columns)}"
        for argument, names in reversed(named.items())
        for name in names
        if name not in columns
    }
    if problems:
        raise DataError("\n".join([*problems.values(), f"Columns: {', '.join(columns)}."]))


def unique_ids(columns: Columns, column: str, *, where: str, rows: Sequence[int]) -> list[str]:
    """The ids. rows: the number of each row in the file. Raises DataError for a double or none."""
    ids = [as_text(cell) for cell in columns[column]]
    seen: dict[str, list[int]] = {}
    for id_, row in zip(ids, rows, strict=True):
        seen.setdefault(id_, []).append(row)
    if "" in seen:
        raise DataError(f"Row {seen[''][0]} of {where} has no id in column '{column}'.")
    double = [
        f"'{id_}' (rows {', '.join(map(str, found))})"
        for id_, found in seen.items()
        if len(found) > 1
    ]
    if double:
        raise DataError(
            f"{len(double)} ids of {where} occur more than once in column '{column}': "
            f"{', '.join(double[:3])}{', ...' if len(double) > 3 else ''}. Name a column of unique "
            "ids by dataset.id_column, or take the copies out."
        )
    return ids


def labels(
    columns: Columns, separators: Mapping[str, str | None], cells: Cells, *, where: str
) -> pd.DataFrame:
    """The label columns: str or None, or tuples of str where a column has a separator.

    Raises DataError for a column without any value, or with lists and no separator.
    """
    found = pd.DataFrame(index=range(len(next(iter(columns.values())))))
    for name, separator in separators.items():
        if separator is None and any(isinstance(cell, list) for cell in columns[name]):
            raise DataError(
                f"Label column '{name}' of {where} holds lists. Name it in dataset.multi_valued: "
                f"dataset.multi_valued='{{{name}: \"|\"}}'."
            )
        values = [
            cells.one(cell) if separator is None else cells.several(cell, separator)
            for cell in columns[name]
        ]
        if not any(values):
            raise DataError(
                f"Label column '{name}' of {where} is missing for all {len(values)} images: there "
                "is nothing to score against. Take it out of dataset.label_columns or "
                "dataset.annotators, or look at dataset.missing_values."
            )
        found[name] = pd.Series(values, dtype=object)
    return found


def numbers(
    columns: Columns, names: Sequence[str], cells: Cells, *, where: str, rows: Sequence[int]
) -> pd.DataFrame:
    """The numeric columns as floats, NaN for missing. Raises DataError for what is no number."""
    found = pd.DataFrame(index=range(len(rows)))
    for name in names:
        values = []
        for cell, row in zip(columns[name], rows, strict=True):
            text = cells.one(cell)
            try:
                values.append(float("nan") if text is None else float(text))
            except ValueError:
                raise DataError(
                    f"Row {row} of {where} has {text!r} in the numeric column '{name}'. Add it to "
                    "dataset.missing_values, or take the column out of dataset.numeric_columns."
                ) from None
        found[name] = pd.Series(values, dtype=float)
    return found
