"""Scores of a clustering within one space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from clusterlab.errors import DataError
from clusterlab.metrics._geometry import why_undefined
from clusterlab.metrics._noise import CLUSTER, SINGLETONS, policies
from clusterlab.metrics._rows import Row
from clusterlab.metrics.calinski_harabasz import calinski_harabasz
from clusterlab.metrics.davies_bouldin import davies_bouldin
from clusterlab.metrics.dbcv import dbcv
from clusterlab.metrics.silhouette import silhouette_samples, stratified_mean

INTERNAL = ("silhouette", "davies_bouldin", "calinski_harabasz")


@dataclass
class Internal:
    """rows: rows of scores.csv without split and space. notes: what is undefined or sampled.
    silhouettes: (n,) with noise as one cluster, NaN where not drawn; None where undefined."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    silhouettes: np.ndarray | None = None


def internal(
    X: np.ndarray,
    labels: np.ndarray,
    *,
    has_noise: bool,
    max_images: int,
    random_state: int,
    with_dbcv: bool = False,
) -> Internal:
    """X: (n, d). labels: (n,) int, -1 = noise.

    Noise is one cluster, or is dropped. There is no row for noise as singletons: a cluster of one
    image has no inside to measure. DBCV has its own way, in which noise counts against the
    clusters: it has the headline's row alone.
    """
    found = Internal()
    for policy, clusters, kept in policies(labels, has_noise=has_noise):
        if policy == SINGLETONS:
            continue
        points = X if kept.all() else X[kept]
        reason = why_undefined(points, clusters)
        if reason:
            if policy == CLUSTER:
                names = (*INTERNAL, "dbcv") if with_dbcv else INTERNAL
                found.notes.append(f"{', '.join(names)} are undefined {reason}: left out.")
            continue
        values = silhouette_samples(
            points, clusters, max_images=max_images, random_state=random_state
        )
        drawn = int(np.isfinite(values).sum())
        found.rows.append(_row("silhouette", policy, stratified_mean(values, clusters), drawn))
        if policy == CLUSTER:
            found.silhouettes = values
            if drawn < len(values):
                found.notes.append(
                    f"silhouette is the mean over {drawn:,} of {len(values):,} images, drawn by "
                    "cluster, each against all."
                )
        for metric in (davies_bouldin, calinski_harabasz):
            _add(found, metric, points, clusters, policy)
        if with_dbcv and policy == CLUSTER:
            _add(found, dbcv, points, clusters, policy)
    return found


def _add(
    found: Internal,
    metric: Callable[[np.ndarray, np.ndarray], float],
    points: np.ndarray,
    clusters: np.ndarray,
    policy: str,
) -> None:
    try:
        value = metric(points, clusters)
    except DataError as error:
        if policy == CLUSTER:
            found.notes.append(f"{str(error).rstrip('.')}: left out.")
        return
    found.rows.append(_row(metric.__name__, policy, value, len(points)))


def _row(metric: str, policy: str, value: float, n: int) -> Row:
    return {
        "metric": metric,
        "label": "",
        "noise": policy,
        "value": value,
        "chance": np.nan,
        "chance_std": np.nan,
        "n": n,
    }
