"""How well one class an image is named: over all images, over the kept classes, and by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from clusterlab.metrics._rows import Row, class_row
from clusterlab.metrics.ari import ari
from clusterlab.training import Predictions

NONE = -1
BY_CLASS = ("precision", "recall", "f1")
AVERAGED = [f"{average}_{name}" for average in ("macro", "weighted") for name in BY_CLASS]


@dataclass(frozen=True)
class SingleValued:
    """names: every class that the model knows or an image has. truth, predicted: (n,) int index
    into them; -1 is no label, or no class named. kept: (c,) bool, the classes kept by rebalancing.
    """

    names: tuple[str, ...]
    truth: np.ndarray
    predicted: np.ndarray
    kept: np.ndarray

    def rows(self, within: np.ndarray) -> Iterator[Row]:
        """within: (n,) bool, the images of a split. Rows without label and split."""
        labelled = within & (self.truth != NONE)
        everyone = np.ones(len(self.names), dtype=bool)
        yield from self._averages("all", labelled, everyone)
        # Where there is no label its index is -1, the last class; `labelled` leaves it out.
        yield from self._averages("kept", labelled & self.kept[self.truth], self.kept)
        values, support = self._by_class(labelled)
        for at, name in enumerate(self.names):
            for metric, value in zip(BY_CLASS, values[:, at], strict=True):
                known = value if support[at] else np.nan
                yield class_row("class", name, metric, known, support[at])

    def held(self, within: np.ndarray) -> dict[str, int]:
        """Class -> its images, for those that have one; in alphabetical order."""
        counts = np.bincount(self.truth[within & (self.truth != NONE)], minlength=len(self.names))
        return {self.names[at]: int(counts[at]) for at in np.flatnonzero(counts)}

    def unnamed(self, within: np.ndarray) -> int:
        """Labelled images that are put in no class."""
        return int((within & (self.truth != NONE) & (self.predicted == NONE)).sum())

    def _averages(self, scope: str, chosen: np.ndarray, classes: np.ndarray) -> Iterator[Row]:
        """The means are over the classes that have an image: one without has no recall."""
        n = int(chosen.sum())
        if not n:
            for metric in ("accuracy", *AVERAGED, "argmax_ari"):
                yield class_row(scope, "", metric, np.nan, 0)
            return
        truth, predicted = self.truth[chosen], self.predicted[chosen]
        values, support = self._by_class(chosen)
        there = classes & (support > 0)
        macro = values[:, there].mean(axis=1)
        weighted = np.average(values[:, there], axis=1, weights=support[there])
        yield class_row(scope, "", "accuracy", (truth == predicted).mean(), n)
        for metric, value in zip(AVERAGED, (*macro, *weighted), strict=True):
            yield class_row(scope, "", metric, value, n)
        yield class_row(scope, "", "argmax_ari", ari(predicted, truth), n)

    def _by_class(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(3, c) precision, recall and F1, 0 for a class that is never predicted; (c,) images."""
        if not chosen.any():
            return np.zeros((3, len(self.names))), np.zeros(len(self.names), dtype=int)
        *values, support = precision_recall_fscore_support(
            self.truth[chosen],
            self.predicted[chosen],
            labels=np.arange(len(self.names)),
            average=None,
            zero_division=0,
        )
        return np.stack(values), support


def single_valued(cells: Sequence[str | None], said: Predictions) -> SingleValued:
    """cells: the labels of the predicted images, in their order."""
    names = tuple(sorted({*said.classes, *(cell for cell in cells if cell is not None)}))
    index: dict[str | None, int] = {name: at for at, name in enumerate(names)}
    # The index of none, -1, picks the last.
    best = np.array([*(index[name] for name in said.classes), NONE])[said.named()]
    return SingleValued(
        names,
        np.array([index.get(cell, NONE) for cell in cells], dtype=int),
        best,
        np.isin(np.array(names), said.kept),
    )
