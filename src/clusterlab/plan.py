"""What a run is to be made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clusterlab.components import Component
from clusterlab.store import Store
from clusterlab.types import Compute, Decoding


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is made of. config: the resolved config, enough to run again.
    choices: group -> the option chosen. notes: what a reader must know of how these came to be."""

    name: str
    seed: int
    dataset: Component
    extractor: Component
    finetune: Component
    reducer: Component
    clusterer: Component
    views: Mapping[str, Component]
    evaluator: Component
    namer: Component
    labelers: Mapping[str, Component] = field(default_factory=dict)
    decoding: Decoding = field(default_factory=Decoding)
    clustered_split: str = "all"
    scored_split: str = "auto"
    store: Store | None = None
    workers: int | None = None
    batch_size: int | None = None
    compute: Compute = field(default_factory=Compute)
    max_thumbnails: int = 2000
    highlight: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def users_of_models(self) -> dict[str, Any]:
        """What may need models, by the key that sets it."""
        labelers = {f"labeler.{name}": one.instance for name, one in self.labelers.items()}
        return {"extractor": self.extractor.instance, **labelers, "namer": self.namer.instance}
