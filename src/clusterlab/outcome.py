"""What a finished run hands to its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clusterlab.labelling import Labelling
from clusterlab.macro import MacroCategories
from clusterlab.meaning import Naming
from clusterlab.training import Classification, Predictions, Training
from clusterlab.types import (
    Clustering,
    Collection,
    Decoding,
    Evaluation,
    Failure,
    Features,
    Text,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything a finished run knows: what the report is drawn from.

    collection, features, reduced, clustering and views have the same rows in the same order.
    choices: stage -> the option chosen ("extractor" -> "hog"). components: stage -> the resolved
    arguments. failures: every image left out, by any stage. views: name -> (n, 2) float.
    explained_variance: share per component where the reducer is a PCA, else None.
    timings: stage -> {"seconds", "peak_memory_mb", "store"}. fitted: stage -> arrays it learned.
    summary: of the dataset (datasets/summary.py). texts: what was said about the images, in the
    order of their ids. compute: the device and precision that models ran with.
    training, predictions, classification: of a fine-tuned model, where there is one; predictions
    are of every image with features, also of those that were not clustered, which `labelled` has.
    labelling: what labelers said about the images. naming: what the clusters are called.
    macro: the hierarchy of the classes, where the evaluator was asked for it. highlight: classes to
    be shown among all others on maps of their own.
    """

    name: str
    choices: Mapping[str, str]
    components: Mapping[str, Any]
    collection: Collection
    features: Features
    reduced: Features
    clustering: Clustering
    views: Mapping[str, np.ndarray]
    evaluation: Evaluation
    failures: Sequence[Failure]
    summary: Mapping[str, Any]
    explained_variance: np.ndarray | None
    timings: Mapping[str, Mapping[str, Any]]
    environment: Mapping[str, Any]
    notes: tuple[str, ...]
    decoding: Decoding = field(default_factory=Decoding)
    fitted: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    texts: tuple[Text, ...] = ()
    compute: Mapping[str, Any] = field(default_factory=dict)
    training: Training | None = None
    predictions: tuple[Predictions, ...] = ()
    classification: Classification | None = None
    labelled: Collection | None = None
    labelling: Labelling | None = None
    naming: Naming | None = None
    macro: MacroCategories | None = None
    highlight: tuple[str, ...] = ()
