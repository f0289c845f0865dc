"""model/: what puts a new image to one of the clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from clusterlab.files import replacing, write_json
from clusterlab.outcome import Outcome
from clusterlab.reports import training_tables
from clusterlab.reports.marks import COLUMN
from clusterlab.types import NOISE, Features

_WITHIN = 0.95
"""The share of a cluster's own images that lie within its radius."""


def write_model(outcome: Outcome, folder: Path) -> None:
    """How features are made and reduced, with all that was learned for that, fine-tuned weights
    too, and each cluster's centroid and radius. A reducer that is no linear map has nothing to be
    kept: then the centroids of the features are what to go by.

    Arrays and JSON only, so that opening a model runs no code.
    """
    clusters = outcome.clustering.clusters
    arrays: dict[str, np.ndarray] = {"clusters": clusters.astype(np.int64)}
    nearest: dict[str, float] = {}
    for space in (outcome.features, outcome.reduced):
        centroids, radii, share = _centroids(space, outcome.clustering.labels, clusters)
        arrays[f"centroids_{space.space}"] = centroids
        arrays[f"radius_{space.space}"] = radii
        nearest |= {} if share is None else {space.space: share}
    for stage, learned in outcome.fitted.items():
        arrays |= {f"{stage}.{name}": np.ascontiguousarray(a) for name, a in learned.items()}
    training = outcome.training
    if training is not None:
        arrays |= training_tables.heads(training)
    with replacing(folder) as temporary:
        temporary.mkdir()
        if training is not None:
            training_tables.keep_weights(training, temporary)
        save_file(arrays, temporary / "model.safetensors")
        write_json(
            temporary / "model.json",
            {
                "extractor": dict(outcome.features.provenance),
                "reducer": outcome.components["reducer"],
                "clusterer": outcome.components["clusterer"],
                **_finetuned(outcome),
                "arrays": {name: list(array.shape) for name, array in arrays.items()},
                "nearest_centroid": nearest,
                "noise": int((outcome.clustering.labels == NOISE).sum()),
                **({COLUMN: list(outcome.features.marks)} if outcome.features.marks else {}),
            },
        )


def _finetuned(outcome: Outcome) -> dict[str, Any]:
    training = outcome.training
    if training is None:
        return {}
    return {"finetune": training_tables.facts(training, outcome.predictions)}


def _centroids(
    space: Features, labels: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """(c, d) float32 and (c,) float64; and the share of the images in clusters whose nearest
    centroid is that of their own cluster, None where there are none."""
    values = space.values
    rows = [values[labels == cluster].mean(axis=0) for cluster in clusters]
    centroids = np.array(rows, np.float32).reshape(-1, values.shape[1])
    held = labels != NOISE
    if not held.any():
        return centroids, np.zeros(0), None
    inside = values[held].astype(np.float64)
    distances = np.stack([np.linalg.norm(inside - one, axis=1) for one in centroids], axis=1)
    place = np.searchsorted(clusters, labels[held])
    own = distances[np.arange(len(inside)), place]
    radii = [np.quantile(own[place == code], _WITHIN) for code in range(len(clusters))]
    return centroids, np.array(radii), float((distances.argmin(axis=1) == place).mean())
