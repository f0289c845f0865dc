"""How well several values an image are named: as whole sets, as decisions, and by value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from clusterlab.metrics._rows import Row, class_row
from clusterlab.training import LEAST, Predictions

BY_VALUE = ("precision", "recall", "f1", "average_precision")
AVERAGED = [f"{average}_{m}" for average in ("micro", "macro", "weighted") for m in BY_VALUE[:3]]
OVERALL = ("exact_match", "accuracy", *AVERAGED, "mean_average_precision")


@dataclass(frozen=True)
class MultiValued:
    """names: every value that the model knows or an image has. has: (n, v) bool, the labels.
    scores: (n, v) in [0, 1]; 0 for a value that the model does not know. labelled: (n,) bool.
    kept: (v,) bool, the values kept by rebalancing.
    """

    names: tuple[str, ...]
    has: np.ndarray
    scores: np.ndarray
    labelled: np.ndarray
    kept: np.ndarray

    def rows(self, within: np.ndarray) -> Iterator[Row]:
        """within: (n,) bool, the images of a split. Rows without label and split.

        The kept scope is over the same images, and the decisions about the kept values.
        """
        chosen = within & self.labelled
        by_value, support = self._by_value(chosen)
        for scope, values in (("all", np.ones_like(self.kept)), ("kept", self.kept)):
            overall = self._overall(chosen, values, by_value[:, values], support[values])
            for metric, value in zip(OVERALL, overall, strict=True):
                yield class_row(scope, "", metric, value, chosen.sum() if np.isfinite(value) else 0)
        for at, name in enumerate(self.names):
            for metric, value in zip(BY_VALUE, by_value[:, at], strict=True):
                known = value if support[at] else np.nan
                yield class_row("class", name, metric, known, support[at])

    def held(self, within: np.ndarray) -> dict[str, int]:
        """Value -> its images, for those that have one; in alphabetical order."""
        counts = self.has[within].sum(axis=0)
        return {self.names[at]: int(counts[at]) for at in np.flatnonzero(counts)}

    def unnamed(self, _within: np.ndarray) -> int:
        """None: to have none of the values is an answer like others."""
        return 0

    def _overall(
        self, chosen: np.ndarray, values: np.ndarray, by_value: np.ndarray, support: np.ndarray
    ) -> list[float]:
        """by_value: (4, k), support: (k,) of the chosen values. The means are over the values that
        an image has."""
        there = support > 0
        if not there.any():
            return [np.nan] * len(OVERALL)
        has, says = self.has[np.ix_(chosen, values)], self.scores[np.ix_(chosen, values)] >= LEAST
        right = has == says
        micro = precision_recall_fscore_support(
            has.ravel(), says.ravel(), average="binary", zero_division=0
        )[:3]
        macro = by_value[:3, there].mean(axis=1)
        weighted = np.average(by_value[:3, there], axis=1, weights=support[there])
        precision = by_value[3, there].mean()
        return [right.all(axis=1).mean(), right.mean(), *micro, *macro, *weighted, precision]

    def _by_value(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(4, v) precision, recall, F1 (0 where no image is given the value) and average precision;
        (v,) images."""
        has, scores = self.has[chosen], self.scores[chosen]
        support = has.sum(axis=0)
        found = np.zeros((4, len(self.names)))
        for at in np.flatnonzero(support):
            found[:3, at] = precision_recall_fscore_support(
                has[:, at], scores[:, at] >= LEAST, average="binary", zero_division=0
            )[:3]
            found[3, at] = average_precision_score(has[:, at], scores[:, at])
        return found, support


def multi_valued(cells: Sequence[Sequence[str]], said: Predictions) -> MultiValued:
    """cells: the labels of the predicted images, in their order; an empty one is missing."""
    names = tuple(sorted({*said.classes, *(value for cell in cells for value in cell)}))
    index = {name: at for at, name in enumerate(names)}
    scores = np.zeros((len(cells), len(names)))
    scores[:, [index[name] for name in said.classes]] = said.scores
    has = np.zeros(scores.shape, dtype=bool)
    for row, cell in enumerate(cells):
        has[row, [index[value] for value in cell]] = True
    labelled = np.array([bool(cell) for cell in cells], dtype=bool)
    return MultiValued(names, has, scores, labelled, np.isin(np.array(names), said.kept))
