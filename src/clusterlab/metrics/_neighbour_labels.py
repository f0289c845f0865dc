"""What neighbours say about one label column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clusterlab.metrics._class_pairs import Pairs, class_pairs
from clusterlab.metrics._columns import MISSING, Reference
from clusterlab.metrics._label_issues import Issues, label_issues
from clusterlab.metrics._neighbour_notes import about_images, about_rare, too_many
from clusterlab.metrics._neighbour_search import nearest
from clusterlab.types import Collection

ISSUES = {
    "label": object, "id": object, "path": object, "given": object, "suggested": object,
    "quality": float, "same_share": float,
}  # fmt: skip
PAIRS = {
    "label": object, "one": object, "other": object, "links": int, "expected": float,
    "ratio": float, "p_value": float,
}  # fmt: skip
COLUMNS = {
    "label": object, "n": int, "n_issues": int, "n_voters": int, "same_share": float,
    "chance": float,
}  # fmt: skip
# A class with fewer different pictures cannot outvote anything, whatever it looks like.
FEWEST = 3
# Probabilities of all classes for all images: above it they no longer fit into memory.
MOST_CELLS = 20_000_000
# Where nearly all images count, the others abstain; else they are left out of the search.
_NEARLY_ALL = 0.9

Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Around:
    """points: (n, d) float32. near, distances: (n, 2 * n_neighbors) of them. copies: (n,) int,
    equal for exact copies."""

    points: np.ndarray
    near: np.ndarray
    distances: np.ndarray
    copies: np.ndarray
    n_neighbors: int

    def among(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The neighbours of these images among themselves: places in `at`, distances, and which
        of them may vote. rows: (n,) bool, m of them true. All (m, v)."""
        at = np.flatnonzero(rows)
        place = np.cumsum(rows) - 1
        if rows.mean() >= _NEARLY_ALL:
            near, distances = self.near[rows], self.distances[rows]
            inside = rows[near]
            voters = np.where(inside, place[near], 0)
        else:
            voters, distances = nearest(self.points[rows], n_neighbors=2 * self.n_neighbors)
            inside = np.ones(voters.shape, dtype=bool)
        own = self.copies[at]
        told = np.column_stack([own, own[voters]])
        return voters, distances, inside & _first_time(told)[:, 1:]


@dataclass(frozen=True)
class Judged:
    """Rows of the three tables, and notes."""

    issues: Rows
    pairs: Rows
    columns: Rows
    notes: tuple[str, ...]


def among_labels(
    collection: Collection, whole: Reference, around: Around, *, learned: tuple[str, ...]
) -> Judged:
    """learned: the splits whose labels in this column the features were learned from."""
    labelled = whole.codes != MISSING
    rows = labelled & ~np.isin(collection.split, list(learned))
    codes = whole.codes[rows]
    kept = _judged_classes(codes, around.copies[rows], len(whole.names))
    n_classes, cells = int(kept.sum()), len(codes) * len(whole.names)
    notes = [*about_images(whole, labelled, rows, learned)]
    if cells > MOST_CELLS:
        return Judged([], [], [], (*notes, too_many(whole)))
    notes += about_rare(whole, codes, kept, FEWEST)
    if n_classes < 2:
        return Judged([], [], [], tuple(notes))
    voters, distances, votes = around.among(rows)
    issues = label_issues(_renumbered(codes, kept), voters, distances, votes)
    linked = votes[:, : around.n_neighbors]
    sources, places = np.nonzero(linked)
    pairs = class_pairs(codes, sources, voters[sources, places], able=kept)
    n_wrong, n_judged = int(issues.wrong.sum()), int(kept[codes].sum())
    summary = (whole.name, n_judged, n_wrong, voters.shape[1], pairs.same_share, pairs.chance)
    return Judged(
        [*_issue_rows(collection, whole, np.flatnonzero(rows), np.flatnonzero(kept), issues)],
        [*_pair_rows(whole, pairs)],
        [summary],
        tuple(notes),
    )


def _first_time(pictures: np.ndarray) -> np.ndarray:
    """(m, v) bool: whether a picture has not been there further left in its row.

    >>> _first_time(np.array([[4, 5, 4, 5, 6]]))
    array([[ True,  True, False, False,  True]])
    """
    order = np.argsort(pictures, axis=1, kind="stable")
    ordered = np.take_along_axis(pictures, order, axis=1)
    first = np.empty(pictures.shape, dtype=bool)
    new = np.column_stack([np.ones(len(first), bool), ordered[:, 1:] != ordered[:, :-1]])
    np.put_along_axis(first, order, new, axis=1)
    return first


def _judged_classes(codes: np.ndarray, copies: np.ndarray, n_classes: int) -> np.ndarray:
    """(k,) bool: the classes with enough different pictures."""
    different = np.unique(np.stack([codes, copies], axis=1), axis=0)
    return np.bincount(different[:, 0], minlength=n_classes) >= FEWEST


def _renumbered(codes: np.ndarray, kept: np.ndarray) -> np.ndarray:
    return np.where(kept[codes], (np.cumsum(kept) - 1)[codes], MISSING)


def _issue_rows(
    collection: Collection, whole: Reference, at: np.ndarray, classes: np.ndarray, issues: Issues
) -> Iterator[tuple[object, ...]]:
    wrong = np.flatnonzero(issues.wrong)
    for one in wrong[np.argsort(issues.quality[wrong], kind="stable")].tolist():
        row = int(at[one])
        yield (
            whole.name,
            collection.ids[row],
            collection.images[row].path,
            whole.names[whole.codes[row]],
            whole.names[classes[issues.suggested[one]]],
            float(issues.quality[one]),
            float(issues.same_share[one]),
        )


def _pair_rows(whole: Reference, pairs: Pairs) -> Iterator[tuple[object, ...]]:
    for one, other, links, expected, p_value in zip(
        pairs.one.tolist(),
        pairs.other.tolist(),
        pairs.links.tolist(),
        pairs.expected.tolist(),
        pairs.p_value.tolist(),
        strict=True,
    ):
        names = (whole.names[one], whole.names[other])
        yield (whole.name, *names, links, expected, links / expected, p_value)
