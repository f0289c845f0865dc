"""What labelers say about the images of a collection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clusterlab.types import Collection

VALID = ("exact", "mapped")
"""The states of an answer that is a label."""


@dataclass(frozen=True)
class Answer:
    """What a labeler said about one image: a row of answers.csv.

    column: the label column that it goes into. answer: verbatim. label: the categories that it
    names, joined by "|", "" for none. status: "exact", "mapped" (said in other words: case,
    punctuation, plural, a sentence around it), "refused" (the image fits no category), "invalid"
    (outside the list, or several where one was asked for), "empty", or "failed" (no answer came;
    `answer` says why). confidence: in [0, 1], NaN where the labeler has none. seconds: NaN where it
    came from the store.
    """

    id: str
    column: str
    answer: str
    label: str
    status: str
    confidence: float = math.nan
    model: str = ""
    seconds: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one labeler returns: `rows` has one answer an image that could be read, by id.

    described: how they were made, JSON-able (model, weights' hash, prompt, categories); facts: the
    device and precision it ran with. store, marks, notes: as in Labelling.
    """

    rows: tuple[Answer, ...]
    described: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    store: str = ""
    marks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """collection: the images with the labelers' columns, tagged synthetic. answers: all of them.
    labelers: column -> how it was made, JSON-able. store: a sentence on what came from it.
    marks: what must stand beside every number that involves these labels, such as "random weights".
    column_marks: column -> those of its labeler, where it has any.
    notes: what a reader must know before trusting the labels."""

    collection: Collection
    answers: tuple[Answer, ...] = ()
    labelers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    store: str = ""
    marks: tuple[str, ...] = ()
    column_marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
