"""Marks: the words that stand beside every number of a run, such as "random weights"."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

COLUMN = "marks"
SEEN = "seen in training"
CHOSE = "chose the epoch"
MACRO = "circular macro-categories"
_LABELS = "labels of "
_MEANINGS = {
    "random weights": "a model was never trained, so no score says what it can do",
    "seen in training": (
        "the model's weights were trained on labels of some of these images, so no score says what "
        "it does with new ones"
    ),
    MACRO: (
        "they were made of the same features of the same images that are scored against them, so "
        "that clusters of these features agree with them is partly agreement with themselves"
    ),
}


def joined(marks: Sequence[str]) -> str:
    """The marks as one cell of a table.

    >>> joined(["random weights", "mine"])
    'random weights; mine'
    """
    return "; ".join(marks)


def of_labels(column: str, mark: str) -> str:
    """The mark of a run whose labels in this column carry one.

    >>> of_labels("clip", "random weights")
    'labels of clip: random weights'
    """
    return f"{_LABELS}{column}: {mark}"


def explain(mark: str) -> str:
    """What the mark says, in a sentence.

    >>> explain("random weights")
    'Random weights: a model was never trained, so no score says what it can do.'
    >>> explain("mine")
    'Mine: every number is made of features that carry this mark.'
    >>> explain("labels of clip: random weights")
    'Labels of clip: random weights: a model was never trained, so no score says what it can do.'
    """
    labels = mark.startswith(_LABELS)
    known = mark.rpartition(": ")[2] if labels else mark
    other = f"every number {'against' if labels else 'is made of'} "
    other += f"{'these labels carries' if labels else 'features that carry'} this mark"
    return f"{mark[:1].upper()}{mark[1:]}: {_MEANINGS.get(known, other)}."


def with_marks(table: pd.DataFrame, marks: Sequence[str]) -> pd.DataFrame:
    """The table with what all its rows are marked with, before what a row is marked with itself;
    the same mark once.

    >>> scores = pd.DataFrame({"value": [0.5, 0.9], "marks": ["", "supervised"]})
    >>> with_marks(scores, ["random weights"])["marks"].tolist()
    ['random weights', 'random weights; supervised']
    """
    if not marks:
        return table
    own = table[COLUMN] if COLUMN in table else [""] * len(table)
    cells = [joined(list(dict.fromkeys([*marks, *_split(mark)]))) for mark in own]
    return table.drop(columns=COLUMN, errors="ignore").assign(**{COLUMN: cells})


def _split(cell: str) -> list[str]:
    """The marks in a cell of a table.

    >>> _split("random weights; mine"), _split("")
    (['random weights', 'mine'], [])
    """
    return [mark for mark in cell.split("; ") if mark]
