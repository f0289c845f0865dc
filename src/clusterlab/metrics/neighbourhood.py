"""Which images lie beside which, and what that says about their labels."""

from __future__ import annotations

from clusterlab.neighbourhood import Neighbourhood
from clusterlab.types import Collection, Features


def neighbourhood(
    collection: Collection, features: Features, *, n_neighbors: int, random_state: int = 0
) -> Neighbourhood | None:
    """The nearest neighbours of every image. None for n_neighbors=0."""
    return None
