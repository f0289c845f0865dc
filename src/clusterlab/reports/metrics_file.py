"""metrics.json: the flat headline of a run."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from clusterlab.outcome import Outcome
from clusterlab.reports.called import names_of
from clusterlab.reports.marks import COLUMN
from clusterlab.reports.seen import scored
from clusterlab.reports.synthetic import run_marks, synthetic
from clusterlab.types import NOISE


def metrics(outcome: Outcome, *, seconds: float) -> dict[str, Any]:
    """The counts of a run and its headline scores, "<metric>/<label column or space>".

    n_images: of the collection, also those that were not clustered.
    largest_share: of the largest cluster among the scored images; noise is none.
    explained_variance: the share of the features' variance that a PCA kept, where one reduced.
    Of a fine-tuned model also how well it names the classes, such as "accuracy/<label column>".
    cost: of k-modes, the mismatches between the images and their clusters' modes.
    n_invalid, coverage: of each label column that a model made, its answers outside the list, and
    the share of the scored images that it gave a label; semantic_homogeneity, semantic_q and
    good_share: how much of one mind the clusters are about it, with noise as a cluster
    (metrics/semantic_homogeneity.py). n_names_verified: the clusters whose
    name their images bear out, where somebody was asked.
    marks: what must stand beside these numbers, where the features, labels or a ceiling carry any.
    An undefined score is left out rather than written as NaN, which is no JSON.
    """
    labels, held = outcome.clustering.labels, scored(outcome)
    clustered = labels[held][labels[held] != NOISE]
    largest = np.unique(clustered, return_counts=True)[1].max(initial=0)
    n_scored = int(held.sum())
    flat: dict[str, Any] = {
        "n_images": len(outcome.labelled or outcome.collection) + len(outcome.failures),
        "n_scored": n_scored,
        "n_failed": len(outcome.failures),
        "n_features": int(outcome.features.values.shape[1]),
        "n_clusters": len(outcome.clustering.clusters),
        "noise_share": float((labels[held] == NOISE).mean()) if n_scored else 0.0,
        "largest_share": float(largest / n_scored) if n_scored else 0.0,
        "seconds": round(seconds, 3),
        "scored_split": outcome.evaluation.scored_split,
    }
    if marks := run_marks(outcome):
        flat[COLUMN] = list(marks)
    if outcome.explained_variance is not None:
        # Rounding may bring the sum of all shares a hair above 1.
        flat["explained_variance"] = min(1.0, float(outcome.explained_variance.sum()))
    if outcome.clustering.cost is not None:
        flat["cost"] = outcome.clustering.cost
    headline = dict(outcome.evaluation.headline)
    if outcome.classification is not None:
        headline |= outcome.classification.headline
    headline |= _plain_classifier(outcome)
    flat |= _meaning(outcome)
    flat.update({name: float(v) for name, v in headline.items() if math.isfinite(v)})
    return flat


def _meaning(outcome: Outcome) -> dict[str, Any]:
    """What labelers and namers left undone."""
    found: dict[str, Any] = {}
    answers = outcome.labelling.answers if outcome.labelling is not None else ()
    invalid = Counter(answer.column for answer in answers if answer.status == "invalid")
    for column in synthetic(outcome):
        cells = outcome.collection.labels[column][scored(outcome)]
        found[f"n_invalid/{column}"] = invalid[column]
        found[f"coverage/{column}"] = float(np.mean([bool(cell) for cell in cells]))
    for about in outcome.evaluation.homogeneity:
        if about.synthetic:
            row = about.summary.set_index("noise").loc["with"]
            for name in ("homogeneity", "q"):
                found[f"semantic_{name}/{about.column}"] = float(row[name])
            found[f"good_share/{about.column}"] = float(row["good_share"])
    asked = [name for name in names_of(outcome).values() if name.verified is not None]
    if asked:
        found["n_names_verified"] = sum(bool(name.verified) for name in asked)
    return found


def _plain_classifier(outcome: Outcome) -> dict[str, float]:
    """What a plain classifier on a captioner's image vectors reaches on the same images."""
    training = outcome.training
    found = {} if training is None else training.facts.get("plain_classifier") or {}
    if training is None or found.get("split") != outcome.evaluation.scored_split:
        return {}
    (column,) = training.columns
    return {f"plain_classifier_{name}/{column}": found[name] for name in ("accuracy", "ari")}
