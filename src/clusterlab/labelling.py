"""What labelers say about the images of a collection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clusterlab.types import Collection

VALID = ("exact", "mapped")
"""The states of an answer that is a label."""
RANDOM = "random"


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

    @property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """Column -> what its labeler chose from, where it has said so."""
        known = {column: one.get("categories") for column, one in self.labelers.items()}
        return {column: tuple(map(str, names)) for column, names in known.items() if names}


def weights_in(described: Any) -> Iterator[str]:
    """The weights' hashes anywhere in a description of models.

    >>> list(weights_in({"models": [{"model": "mine", "sha256": "ab"}]}))
    ['ab']
    """
    if isinstance(described, Mapping):
        for key, part in described.items():
            if key == "sha256" and isinstance(part, str):
                # Weights that are random have no hash of their own.
                yield f"random {described.get('model')}" if part == RANDOM else part
            yield from weights_in(part)
    elif isinstance(described, list | tuple):
        for part in described:
            yield from weights_in(part)


def models_of(described: Mapping[str, Any]) -> frozenset[str]:
    """What tells the models of a labeler from others: their weights' hashes, or of a server, whose
    weights nobody sees, the model's name and revision.

    >>> sorted(models_of({"model": "llava", "revision": None, "compute": {"server": "http://..."}}))
    ['llava of a server']
    """
    hashes = frozenset(weights_in(described))
    if hashes or not described.get("model"):
        return hashes
    return frozenset({served(str(described["model"]), described.get("revision"))})


def served(model: str, revision: str | None) -> str:
    """What tells the model of a server from others."""
    return f"{model}@{revision} of a server" if revision else f"{model} of a server"
