"""Clusters again, with a fresh clusterer like the one that a run used."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterlab.clusterers.cluster import cluster


@dataclass(frozen=True)
class Recluster:
    """clusterer: as the run was given it; it is never fitted here."""

    clusterer: Any

    def __call__(self, X: np.ndarray, random_state: int | None = None) -> np.ndarray:
        """X: (n, r) float32. Returns (n,) int, -1 is noise. random_state: None keeps its own."""
        fresh = deepcopy(self.clusterer)
        if random_state is not None and hasattr(fresh, "set_params"):
            fresh.set_params(random_state=random_state)
        return cluster(fresh, X)[0].labels
