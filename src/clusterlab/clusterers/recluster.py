"""Clusters again, with a fresh clusterer like the one that a run used."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from clusterlab.clusterers.cluster import cluster
from clusterlab.estimators import steps

_SEED = "random_state"


class Recluster:
    """A fresh clusterer of the same settings at each call, if wanted with another seed.

    clusterer: as the run builds it, and not yet fitted: it is copied here and now, so that nothing
    it may learn later is in the copies, and it is never fitted here.
    seeded: whether it, or a step of it where it is a Pipeline, has a random_state.

    >>> from sklearn.cluster import KMeans
    >>> X = np.array([[0], [1], [8], [9]], dtype=np.float32)
    >>> again = Recluster(KMeans(n_clusters=2, n_init=1, random_state=0))
    >>> again.seeded, again(X).tolist(), again(X, random_state=0).tolist()
    (True, [1, 1, 0, 0], [1, 1, 0, 0])
    """

    def __init__(self, clusterer: Any) -> None:
        self._like = deepcopy(clusterer)
        self.seeded = any(_seeds(step) for step in steps(clusterer))

    def __call__(self, X: np.ndarray, random_state: int | None = None) -> np.ndarray:
        """X: (n, r) float32; left unchanged. Returns (n,) int, -1 is noise.

        random_state: for every seed that the clusterer has, None to keep its own. Raises
        ComponentError as `cluster` does.
        """
        fresh = deepcopy(self._like)
        if random_state is not None:
            for step in steps(fresh):
                _seed(step, int(random_state))
        return cluster(fresh, X)[0].labels


def _seeds(estimator: Any) -> list[str]:
    """The parameters that are seeds, those of nested estimators too ("kmeans__random_state")."""
    if not hasattr(estimator, "get_params"):
        return [_SEED] if hasattr(estimator, _SEED) else []
    return [key for key in estimator.get_params() if key.rpartition("__")[2] == _SEED]


def _seed(estimator: Any, random_state: int) -> None:
    for key in _seeds(estimator):
        if hasattr(estimator, "set_params"):
            estimator.set_params(**{key: random_state})
        else:
            setattr(estimator, key, random_state)
