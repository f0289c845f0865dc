"""metrics.json: the flat headline of a run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from clusterlab.outcome import Outcome
from clusterlab.reports.marks import COLUMN
from clusterlab.types import NOISE


def metrics(outcome: Outcome, *, seconds: float) -> dict[str, Any]:
    """The counts of a run and its headline scores, "<metric>/<label column or space>".

    n_images: of the collection, also those that were not clustered.
    largest_share: of the largest cluster among the scored images; noise is none.
    explained_variance: the share of the features' variance that a PCA kept, where one reduced.
    Of a fine-tuned model also how well it names the classes, such as "accuracy/<label column>".
    marks: what must stand beside these numbers, where the features carry any.
    An undefined score is left out rather than written as NaN, which is no JSON.
    """
    labels = outcome.clustering.labels
    scored = _scored(outcome)
    clustered = labels[scored][labels[scored] != NOISE]
    largest = np.unique(clustered, return_counts=True)[1].max(initial=0)
    n_scored = int(scored.sum())
    flat: dict[str, Any] = {
        "n_images": len(outcome.labelled or outcome.collection) + len(outcome.failures),
        "n_scored": n_scored,
        "n_failed": len(outcome.failures),
        "n_features": int(outcome.features.values.shape[1]),
        "n_clusters": len(outcome.clustering.clusters),
        "noise_share": float((labels[scored] == NOISE).mean()) if n_scored else 0.0,
        "largest_share": float(largest / n_scored) if n_scored else 0.0,
        "seconds": round(seconds, 3),
        "scored_split": outcome.evaluation.scored_split,
    }
    if outcome.features.marks:
        flat[COLUMN] = list(outcome.features.marks)
    if outcome.explained_variance is not None:
        # Rounding may bring the sum of all shares a hair above 1.
        flat["explained_variance"] = min(1.0, float(outcome.explained_variance.sum()))
    headline = dict(outcome.evaluation.headline)
    if outcome.classification is not None:
        headline |= outcome.classification.headline
    headline |= _plain_classifier(outcome)
    flat.update({name: float(v) for name, v in headline.items() if math.isfinite(v)})
    return flat


def _scored(outcome: Outcome) -> np.ndarray:
    split = outcome.evaluation.scored_split
    if split == "all":
        return np.ones(len(outcome.clustering.labels), dtype=bool)
    return np.asarray(outcome.collection.split == split)


def _plain_classifier(outcome: Outcome) -> dict[str, float]:
    """What a plain classifier on a captioner's image vectors reaches on the same images."""
    training = outcome.training
    found = {} if training is None else training.facts.get("plain_classifier") or {}
    if training is None or found.get("split") != outcome.evaluation.scored_split:
        return {}
    (column,) = training.columns
    return {f"plain_classifier_{name}/{column}": found[name] for name in ("accuracy", "ari")}
