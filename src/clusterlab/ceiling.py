"""What passes between the stages about how well labels can be learned from the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

SCALED = "scaler fitted on test images"


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """What a plain classifier that sees the labels of the training images reaches with the same
    features: no clustering of them can be expected to find more.

    table: one row a (label, split, metric): label (the column), split ("train" or "test"), metric
        (accuracy, macro_f1, weighted_f1, mean_class_accuracy, ..., and the baselines majority and
        uniform), value in [0, 1], NaN where it is undefined, n (images), marks (such as
        "supervised", "seen in training" and SCALED, joined by "; ").
    classes: one row a (label, class): label, class, n_train, n_test, accuracy (of its test images,
        NaN where there are none), marks. Of a multi-valued column a class is a value, and its
        accuracy the share of the test images with the value that are said to have it.
    headline: flat "ceiling_<metric>/<label>" -> value, as in metrics.json.
    told: the classifier, its settings and the split, in words. notes: what a reader must know
        first.
    """

    table: pd.DataFrame
    classes: pd.DataFrame
    headline: Mapping[str, float]
    told: str
    notes: tuple[str, ...] = ()
