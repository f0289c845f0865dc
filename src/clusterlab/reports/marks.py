"""Marks: the words that stand beside every number of a run, such as "random weights"."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clusterlab.ceiling import SCALED
from clusterlab.splits import TEST

COLUMN = "marks"
SEEN = "seen in training"
CHOSE = "chose the epoch"
CIRCULAR = "circular"
MACRO = "circular macro-categories"
_LABELS = "labels of "
_CEILING = "ceiling of "
# Of a ceiling that is supervised the columns that went into the features speak.
_LEAKS = (SEEN, CHOSE, CIRCULAR, SCALED)
_MEANINGS = {
    "random weights": "a model was never trained, so no score says what it can do",
    SEEN: (
        "the model's weights were trained on labels of some of these images, so no score says what "
        "it does with new ones"
    ),
    CHOSE: "these images chose the epoch that the features are of, so that the scores are too good",
    CIRCULAR: (
        "the macro-categories were made of the same features of some of these images, so that they "
        "are easier to tell apart than those of new ones"
    ),
    SCALED: (
        "scaler and PCA of the classifier have met the images that it is tested with, which are "
        "not quite unseen"
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


def of_ceiling(table: pd.DataFrame) -> tuple[str, ...]:
    """The marks of a run whose ceiling is tested with images that are not unseen.

    table: as Ceiling.table.

    >>> row = {"label": "duck", "split": "test", "marks": "supervised; circular"}
    >>> of_ceiling(pd.DataFrame([row, {**row, "split": "train", "marks": "seen in training"}]))
    ('ceiling of duck: circular',)
    """
    tested = table[table["split"] == TEST]
    found = (
        f"{_CEILING}{label}: {mark}"
        for label, cell in zip(tested["label"], tested[COLUMN], strict=True)
        for mark in _split(cell)
        if mark in _LEAKS
    )
    return tuple(dict.fromkeys(found))


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
    known = mark.rpartition(": ")[2] if mark.startswith((_LABELS, _CEILING)) else mark
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
