"""How far people who grouped the same images agree."""

from __future__ import annotations

from clusterlab.meaning import Annotators
from clusterlab.types import Collection


def annotators(collection: Collection) -> Annotators | None:
    """None where fewer than two people grouped the images (`collection.annotators`)."""
    return None
