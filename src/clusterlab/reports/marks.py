"""Marks: the words that stand beside every number of a run, such as "random weights"."""

from __future__ import annotations

from collections.abc import Sequence

COLUMN = "marks"
_MEANINGS = {
    "random weights": "a model was never trained, so no score says what it can do",
}


def joined(marks: Sequence[str]) -> str:
    """The marks as one cell of a table.

    >>> joined(["random weights", "mine"])
    'random weights; mine'
    """
    return "; ".join(marks)


def explain(mark: str) -> str:
    """What the mark says, in a sentence.

    >>> explain("random weights")
    'Random weights: a model was never trained, so no score says what it can do.'
    >>> explain("mine")
    'Mine: every number is made of features that carry this mark.'
    """
    meaning = _MEANINGS.get(mark, "every number is made of features that carry this mark")
    return f"{mark[:1].upper()}{mark[1:]}: {meaning}."
