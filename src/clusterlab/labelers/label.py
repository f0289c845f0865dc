"""The optional stage after loading: models say what the images show, and that becomes labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pandas as pd

from clusterlab.components import Component, Labeler
from clusterlab.errors import ComponentError, ConfigError
from clusterlab.labelers.parse import check_categories
from clusterlab.labelling import VALID, Answer, Answers, Labelling
from clusterlab.reading.settings import Settings
from clusterlab.run_folder import NOTHING
from clusterlab.types import Collection

# How the answers are told of that are no label, in this order.
_WITHOUT = {
    "refused": "fit no category (refused)",
    "invalid": "got an answer outside the list (invalid)",
    "empty": "got an empty answer",
    "failed": "got none (failed)",
}


def check_labelers(collection: Collection, labelers: Mapping[str, Component]) -> None:
    """Raises ConfigError, before any model is looked for, where a labeler has nothing to choose
    from, or its column is there already."""
    problems: list[str] = []
    for name, component in labelers.items():
        categories = getattr(component.instance, "categories", None)
        if categories is None:
            # A user's own labeler may know by itself what there is.
            continue
        try:
            check_categories(categories)
        except ConfigError as error:
            problems += [f"Labeler '{name}': {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(problems)
    _columns(collection, labelers)


def promised(collection: Collection, labelers: Mapping[str, Component]) -> Collection:
    """The collection with the labelers' columns, empty as yet: for checks that need no labels."""
    for name, column in _columns(collection, labelers).items():
        collection = _with_column(collection, column, (), labelers[name].instance.multi_valued)
    return collection


def label(
    collection: Collection, labelers: Mapping[str, Component], settings: Settings
) -> Labelling:
    """The collection with one more label column a labeler.

    labelers: name -> component. An image that cannot be read has no label; that it cannot is said
    where features are extracted. Raises ConfigError as `check_labelers` does, ComponentError where
    a model cannot be asked.
    """
    if not labelers:
        return Labelling(collection=collection, store=NOTHING)
    check_labelers(collection, labelers)
    found: dict[str, Answers] = {}
    for name, column in _columns(collection, labelers).items():
        labeler: Labeler = labelers[name].instance
        with _named(name):
            found[column] = labeler.answers(collection, settings, column=column)
        multi_valued = labeler.multi_valued
        collection = _with_column(collection, column, found[column].rows, multi_valued)
    return Labelling(
        collection=collection,
        answers=tuple(row for answers in found.values() for row in answers.rows),
        labelers={
            column: {**answers.described, "compute": dict(answers.facts)}
            for column, answers in found.items()
        },
        store="; ".join(f"{column}: {answers.store}" for column, answers in found.items()),
        marks=tuple(dict.fromkeys(mark for one in found.values() for mark in one.marks)),
        column_marks={column: answers.marks for column, answers in found.items() if answers.marks},
        notes=tuple(
            note
            for column, answers in found.items()
            for note in (_note(column, answers.rows, len(collection)), *answers.notes)
        ),
    )


@contextmanager
def _named(name: str) -> Iterator[None]:
    """A labeler names its arguments as if it were the only one."""
    try:
        yield
    except ComponentError as error:
        text = re.sub(rf"\blabeler\.(?!{re.escape(name)}\.)", f"labeler.{name}.", str(error))
        raise ComponentError(text) from error


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


def _note(column: str, answers: tuple[Answer, ...], n_images: int) -> str:
    """What a reader must know of a column: who made it, and how much of it there is."""
    counts = Counter(answer.status for answer in answers)
    models = ", ".join(sorted({answer.model for answer in answers if answer.model}))
    n_labelled = sum(counts[status] for status in VALID)
    without = [f"{counts[s]:,} {how}" for s, how in _WITHOUT.items() if counts[s]]
    if n_images > len(answers):
        without.append(f"{n_images - len(answers):,} could not be read")
    rest = f" Of the others, {', '.join(without)}." if without else ""
    return (
        f"The labels in '{column}' are synthetic, made by {models or 'a model'}, and no person has "
        f"checked them: {n_labelled:,} of {n_images:,} images have one.{rest}"
    )
