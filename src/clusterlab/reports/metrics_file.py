"""metrics.json: the flat headline of a run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from clusterlab.types import Outcome


def metrics(outcome: Outcome, *, seconds: float) -> dict[str, Any]:
    """The counts of a run and its headline scores, "<metric>/<label column or space>".

    explained_variance: the share of the features' variance that a PCA kept, where one reduced.
    An undefined score is left out rather than written as NaN, which is no JSON.
    """
    labels = outcome.clustering.labels
    scored = _scored(outcome)
    sizes = np.unique(labels[scored], return_counts=True)[1]
    n_scored = int(scored.sum())
    flat: dict[str, Any] = {
        "n_images": len(labels) + len(outcome.failures),
        "n_scored": n_scored,
        "n_failed": len(outcome.failures),
        "n_features": int(outcome.features.values.shape[1]),
        "n_clusters": len(outcome.clustering.clusters),
        "noise_share": float((labels[scored] == -1).mean()) if n_scored else 0.0,
        "largest_share": float(sizes.max() / n_scored) if n_scored else 0.0,
        "seconds": round(seconds, 3),
        "scored_split": outcome.evaluation.scored_split,
    }
    if outcome.explained_variance is not None:
        flat["explained_variance"] = float(outcome.explained_variance.sum())
    headline = outcome.evaluation.headline
    flat.update({name: float(v) for name, v in headline.items() if math.isfinite(v)})
    return flat


def _scored(outcome: Outcome) -> np.ndarray:
    split = outcome.evaluation.scored_split
    if split == "all":
        return np.ones(len(outcome.clustering.labels), dtype=bool)
    return np.asarray(outcome.collection.split == split)
