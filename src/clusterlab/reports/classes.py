"""A label column as the figures and the page draw it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from clusterlab.reports.palette import MISSING_GREY, OTHER_GREY, class_colours
from clusterlab.types import Collection

MISSING = -1
MOST_COLOURS = 20


@dataclass(frozen=True)
class Classes:
    """names: the classes, most frequent first, ties by name. counts: (k,) images a class.
    codes: (n,) int into names, -1 is missing."""

    column: str
    names: tuple[str, ...]
    counts: np.ndarray
    codes: np.ndarray

    @property
    def n_missing(self) -> int:
        return int((self.codes == MISSING).sum())


@dataclass(frozen=True)
class Group:
    """One entry of a legend. role: "class", "other", "missing", "cluster" or "noise"."""

    name: str
    colour: str
    count: int
    role: str


def classes_of(collection: Collection, column: str) -> Classes:
    """The classes of a label column; a multi-valued image's class is its set, joined by ' | '."""
    values = collection.labels[column].tolist()
    if column in collection.multi_valued:
        values = [" | ".join(sorted(value)) or None for value in values]
    counted = Counter(value for value in values if value is not None)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    code = {name: position for position, (name, _) in enumerate(ordered)}
    return Classes(
        column=column,
        names=tuple(name for name, _ in ordered),
        counts=np.array([count for _, count in ordered], dtype=int),
        codes=np.array([MISSING if v is None else code[v] for v in values], dtype=int),
    )


def legend(classes: Classes) -> tuple[list[Group], np.ndarray]:
    """The groups to colour and the group of each image.

    Above 20 classes the 19 most frequent keep a colour and the others share a grey. Missing
    values, where there are any, come last. Returns the groups and (n,) int indices into them.
    """
    kept = len(classes.names) if len(classes.names) <= MOST_COLOURS else MOST_COLOURS - 1
    colours = class_colours(classes.names[:kept])
    groups = [
        Group(name, colours[name], int(classes.counts[rank]), "class")
        for rank, name in enumerate(classes.names[:kept])
    ]
    codes = np.minimum(classes.codes, kept)
    if kept < len(classes.names):
        rest = len(classes.names) - kept
        count = int(classes.counts[kept:].sum())
        groups.append(Group(f"{rest} other classes", OTHER_GREY, count, "other"))
    if classes.n_missing:
        codes = np.where(classes.codes == MISSING, len(groups), codes)
        groups.append(Group("no value", MISSING_GREY, classes.n_missing, "missing"))
    return groups, codes
