"""What a trial pays for images thrown away, and for too many or too few clusters."""

from __future__ import annotations

import numpy as np

from clusterlab.searching import Objective
from clusterlab.tuning.plan import Settings
from clusterlab.types import NOISE


def penalties(labels: np.ndarray, settings: Settings) -> dict[str, float]:
    """What each penalty costs, at least 0; one that the settings leave out is not there.

    labels: (n,) int, -1 = noise. "noise": noise_penalty times the share of noise. "n_clusters":
    cluster_penalty times how far the number of clusters k is outside [low, high], as a share:
    (low - k) / low or (k - high) / high, at most 1.

    >>> labels = np.array([0, 0, 1, -1])
    >>> penalties(labels, Settings(noise_penalty=0.4, n_clusters=(4, 8), cluster_penalty=2.0))
    {'noise': 0.1, 'n_clusters': 1.0}
    """
    found = {}
    if settings.noise_penalty:
        found["noise"] = settings.noise_penalty * float((labels == NOISE).mean())
    if settings.n_clusters is not None and settings.cluster_penalty:
        low, high = settings.n_clusters
        k = len(np.unique(labels[labels != NOISE]))
        outside = max((low - k) / low, (k - high) / high, 0.0)
        found["n_clusters"] = settings.cluster_penalty * min(outside, 1.0)
    return found


def largest(settings: Settings) -> float:
    """The most that the penalties can come to together."""
    in_all = settings.noise_penalty
    return in_all + (settings.cluster_penalty if settings.n_clusters is not None else 0.0)


def penalised(raw: float, objective: Objective, paid: float) -> float:
    """The value that the sampler is told.

    >>> penalised(0.5, Objective(name="silhouette", maximize=True), 0.25)
    0.25
    >>> penalised(0.5, Objective(name="davies_bouldin", maximize=False), 0.25)
    0.75
    """
    return raw - paid if objective.maximize else raw + paid
