"""What stands beside every number against labels that a model made, or the features."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from clusterlab.labelling import Labelling, weights_in
from clusterlab.outcome import Outcome
from clusterlab.reports.marks import CIRCULAR, COLUMN, MACRO, joined, of_ceiling, of_labels
from clusterlab.types import Features

SYNTHETIC = "synthetic"


def synthetic(outcome: Outcome) -> list[str]:
    """The label columns that models made, in the order of the collection."""
    made = outcome.collection.synthetic
    return [str(name) for name in outcome.collection.labels.columns if name in made]


def labeler_marks(outcome: Outcome, column: str) -> tuple[str, ...]:
    """What the labeler of a column is marked with, such as "random weights"."""
    if outcome.labelling is None:
        return ()
    return tuple(outcome.labelling.column_marks.get(column, ()))


def column_tags(outcome: Outcome, column: str) -> tuple[str, ...]:
    """What stands beside every number against a column, after what the features are marked with;
    nothing for one that the collection brought."""
    tags: list[str] = []
    if column in outcome.collection.synthetic:
        known = outcome.features.marks
        tags += [SYNTHETIC, *(m for m in labeler_marks(outcome, column) if m not in known)]
    return (*tags, CIRCULAR) if column in outcome.collection.circular else tuple(tags)


def run_marks(outcome: Outcome) -> tuple[str, ...]:
    """What the whole run is marked with: its features, and its labels and its ceiling by the
    column's name."""
    ceiling = outcome.evaluation.ceiling
    tested = () if ceiling is None else of_ceiling(ceiling.table)
    return (*outcome.features.marks, *label_marks(outcome), *tested)


def label_marks(outcome: Outcome) -> tuple[str, ...]:
    """The marks of the labelers, each with its column: "labels of clip: random weights"; and one
    for the columns that were made of the features."""
    made = (MACRO,) if outcome.collection.circular else ()
    return (*_label_marks(outcome), *made)


def with_column_tags(table: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """The table with `column_tags` in its `marks`, before what a row is marked with already.

    table: its column `label` names a label column, or one and a value of it ("column=value").
    As it is, where no row is about a column that a model, or the features, made.
    """
    columns = map(str, outcome.collection.labels.columns)
    tags = {name: found for name in columns if (found := column_tags(outcome, name))}
    own = table[COLUMN].fillna("").tolist() if COLUMN in table else [""] * len(table)
    held = outcome.collection.multi_valued
    cells = [
        joined(
            list(
                dict.fromkeys([*_tags_of(str(label), tags, held), *filter(None, mark.split("; "))])
            )
        )
        for label, mark in zip(table["label"], own, strict=True)
    ]
    if cells == own:
        return table
    return table.drop(columns=COLUMN, errors="ignore").assign(**{COLUMN: cells})


def circular(labelling: Labelling, features: Features) -> Iterator[str]:
    """A sentence for each column that was labelled by weights which also made the features."""
    ours = set(weights_in(features.provenance))
    for column, described in labelling.labelers.items():
        if ours & set(weights_in(described)):
            yield (
                f"The model that made the features also made the labels of “{column}”: that the "
                "clusters agree with them is partly its agreement with itself."
            )


def _label_marks(outcome: Outcome) -> Iterator[str]:
    for column in synthetic(outcome):
        for mark in labeler_marks(outcome, column):
            yield of_labels(column, mark)


def _tags_of(
    label: str, tags: dict[str, tuple[str, ...]], multi_valued: frozenset[str]
) -> tuple[str, ...]:
    if label in tags:
        return tags[label]
    of = (name for name in tags if name in multi_valued and label.startswith(f"{name}="))
    return tags.get(next(of, ""), ())
