"""The optional stage after loading: models say what the images show, and that becomes labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from clusterlab.components import Component, Labeler
from clusterlab.errors import ConfigError
from clusterlab.labelling import VALID, Answer, Answers, Labelling
from clusterlab.reading.settings import Settings
from clusterlab.run_folder import NOTHING
from clusterlab.types import Collection


def label(
    collection: Collection, labelers: Mapping[str, Component], settings: Settings
) -> Labelling:
    """The collection with one more label column a labeler.

    labelers: name -> component. Raises ConfigError where a column of that name is there already.
    """
    if not labelers:
        return Labelling(collection=collection, store=NOTHING)
    columns = _columns(collection, labelers)
    found: dict[str, Answers] = {}
    for name, column in columns.items():
        labeler: Labeler = labelers[name].instance
        found[column] = labeler.answers(collection, settings, column=column)
        multi_valued = labeler.multi_valued
        collection = _with_column(collection, column, found[column].rows, multi_valued)
    return Labelling(
        collection=collection,
        answers=tuple(row for answers in found.values() for row in answers.rows),
        labelers={column: answers.described for column, answers in found.items()},
        store="; ".join(f"{column}: {answers.store}" for column, answers in found.items()),
        marks=tuple(dict.fromkeys(mark for one in found.values() for mark in one.marks)),
        notes=tuple(note for one in found.values() for note in one.notes),
    )


def _columns(collection: Collection, labelers: Mapping[str, Component]) -> dict[str, str]:
    """Labeler -> its column."""
    taken = {str(name) for name in collection.labels.columns}
    columns: dict[str, str] = {}
    for name, component in labelers.items():
        column = component.instance.column or name
        if column in taken:
            raise ConfigError(
                f"Labeler '{name}' would fill the label column '{column}', which there is already. "
                f"Call it otherwise: labeler.{name}.column=NAME."
            )
        taken.add(column)
        columns[name] = column
    return columns


def _with_column(
    collection: Collection, column: str, answers: tuple[Answer, ...], multi_valued: bool
) -> Collection:
    said = {answer.id: answer.label for answer in answers if answer.status in VALID}
    cells = [tuple(said.get(id_, "").split("|")) if said.get(id_) else () for id_ in collection.ids]
    values: list[object] = (
        list(cells) if multi_valued else [cell[0] if cell else None for cell in cells]
    )
    labels = collection.labels.assign(
        **{column: pd.Series(values, index=collection.labels.index, dtype=object)}
    )
    held = collection.multi_valued | ({column} if multi_valued else set())
    return replace(
        collection,
        labels=labels,
        multi_valued=frozenset(held),
        synthetic=collection.synthetic | {column},
    )
