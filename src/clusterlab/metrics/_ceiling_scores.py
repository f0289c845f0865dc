"""How well a classifier names the images of one half, beside what it takes no learning for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import precision_recall_fscore_support


@dataclass(frozen=True)
class HalfScores:
    """values: metric -> value, NaN where there is no image. accuracy: (c,) of each class, the share
    of its images that are named so, NaN for a class without one. n: (c,) images of each class."""

    values: dict[str, float]
    accuracy: np.ndarray
    n: np.ndarray


def class_scores(truth: np.ndarray, predicted: np.ndarray, taught: np.ndarray) -> HalfScores:
    """One class an image. truth, predicted: (m,) int. taught: (c,) training images of each class.

    Means over classes are over those that have an image here; the deviation is that of a sample.
    majority: the share of the commonest training class; uniform: one class out of those taught.
    """
    by_class, accuracy, n = _by_class(truth, predicted, len(taught))
    known = int((taught > 0).sum())
    own = {
        "accuracy": _mean(truth == predicted),
        **by_class,
        "majority": _mean(truth == taught.argmax()),
        "uniform": 1 / known if known else np.nan,
    }
    return HalfScores(own, accuracy, n)


def value_scores(truth: np.ndarray, predicted: np.ndarray, taught: np.ndarray) -> HalfScores:
    """Several values an image. truth, predicted: (m, c) bool. taught: (c,) share of the training
    images that have each value.

    accuracy: of all yes/no decisions; exact_match: the share of images with every value right.
    majority: the decisions that are right when each value is always, or never, said to be there.
    """
    by_class, accuracy, n = _by_class(truth, predicted, truth.shape[1])
    both = float((truth & predicted).sum())
    said = float(truth.sum() + predicted.sum())
    own = {
        "accuracy": _mean(truth == predicted),
        "exact_match": _mean((truth == predicted).all(axis=1)),
        **by_class,
        "micro_f1": 2 * both / said if said else np.nan,
        "majority": _mean(truth == (taught > 0.5)),
        "uniform": 0.5,
    }
    return HalfScores(own, accuracy, n)


def _by_class(
    truth: np.ndarray, predicted: np.ndarray, n_classes: int
) -> tuple[dict[str, float], np.ndarray, np.ndarray]:
    if not len(truth):
        nothing = dict.fromkeys(("macro_f1", "weighted_f1"), np.nan)
        return nothing | _spread(np.array([])), np.full(n_classes, np.nan), np.zeros(n_classes, int)
    _, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=np.arange(n_classes), average=None, zero_division=0
    )
    n = np.asarray(support, dtype=np.int64)
    there = n > 0
    values = {
        "macro_f1": _mean(f1[there]),
        "weighted_f1": float(np.average(f1, weights=n)) if there.any() else np.nan,
    }
    return values | _spread(recall[there]), np.where(there, recall, np.nan), n


def _spread(accuracy: np.ndarray) -> dict[str, float]:
    some = len(accuracy) > 0
    return {
        "mean_class_accuracy": _mean(accuracy),
        "median_class_accuracy": float(np.median(accuracy)) if some else np.nan,
        "std_class_accuracy": float(accuracy.std(ddof=1)) if len(accuracy) > 1 else np.nan,
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else np.nan
