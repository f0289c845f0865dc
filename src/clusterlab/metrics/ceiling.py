"""How well the labels can be learned from the features, by those who may see them."""

from __future__ import annotations

from clusterlab.ceiling import Ceiling
from clusterlab.types import Collection, Features


class NoCeiling:
    """Measures nothing."""

    def measure(self, collection: Collection, features: Features) -> Ceiling | None:
        return None
