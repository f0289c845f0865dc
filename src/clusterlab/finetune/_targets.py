"""Label columns as what a model is to say about an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

MISSING = -100.0
"""Stands for a label that an image does not have: it adds nothing to the loss."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One label column. classes: the values the model learns, sorted. weight: of its loss among
    those of several columns. class_weights: (c,) float32, or None for equal ones."""

    column: str
    classes: tuple[str, ...]
    multi_valued: bool = False
    weight: float = 1.0
    class_weights: np.ndarray | None = None

    def encode(self, cells: Sequence[object]) -> np.ndarray:
        """The column's cells as numbers: (n, 1) class indices, or (n, c) of 0 and 1 for a
        multi-valued column; MISSING where there is no label, or only ones that are not learned.

        >>> Target(column="x", classes=("a", "b")).encode(["b", None]).ravel().tolist()
        [1.0, -100.0]
        """
        index = {name: code for code, name in enumerate(self.classes)}
        if not self.multi_valued:
            codes = [index.get(cell, MISSING) if cell else MISSING for cell in cells]  # type: ignore[call-overload]
            return np.array(codes, dtype=np.float32).reshape(-1, 1)
        encoded = np.zeros((len(cells), len(self.classes)), dtype=np.float32)
        for row, cell in enumerate(cells):
            values = [index[value] for value in cell or () if value in index]  # type: ignore[attr-defined]
            if not values:
                encoded[row] = MISSING
            encoded[row, values] = 1
        return encoded


def encode(targets: Sequence[Target], labels: pd.DataFrame) -> np.ndarray:
    """All columns side by side, (n, t) float32."""
    return np.concatenate([t.encode(labels[t.column].tolist()) for t in targets], axis=1)


def places(targets: Sequence[Target]) -> list[tuple[slice, slice]]:
    """For each target where it is among the encoded columns, and its logits among all logits."""
    found, at, logit = [], 0, 0
    for target in targets:
        width = len(target.classes) if target.multi_valued else 1
        found.append((slice(at, at + width), slice(logit, logit + len(target.classes))))
        at, logit = at + width, logit + len(target.classes)
    return found


def scores(
    targets: Sequence[Target], logits: np.ndarray, encoded: np.ndarray
) -> Mapping[str, float]:
    """accuracy and macro_f1, the mean over the columns, of (n, c) logits against encoded labels.

    Of a multi-valued column, accuracy is the share of right decisions. Macro F1 is over the classes
    that are there.
    """
    from sklearn.metrics import accuracy_score, f1_score

    accuracies, f1s = [], []
    for target, (at, of) in zip(targets, places(targets), strict=True):
        known = encoded[:, at][:, 0] != MISSING
        if not known.any():
            continue
        true = encoded[known][:, at].astype(int)
        if target.multi_valued:
            said = (logits[known][:, of] > 0).astype(int)
            accuracies.append(float((true == said).mean()))
            present = np.flatnonzero(true.any(axis=0))
            f1s.append(f1_score(true, said, labels=present, average="macro", zero_division=0))
        else:
            said = logits[known][:, of].argmax(axis=1)
            accuracies.append(float(accuracy_score(true[:, 0], said)))
            present = np.unique(true)
            f1s.append(f1_score(true[:, 0], said, labels=present, average="macro", zero_division=0))
    if not accuracies:
        return {}
    return {"accuracy": float(np.mean(accuracies)), "macro_f1": float(np.mean(f1s))}
