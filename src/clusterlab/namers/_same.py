"""Whether a model checks what it has said itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clusterlab.labelling import served, weights_in
from clusterlab.namers._random import within


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who a name goes back to. models: as `models_in` tells them. did: what they did, in words that
    follow on "the model that"."""

    models: frozenset[str]
    did: str

    def checks(self, verifier: Any) -> bool:
        """Whether one of the models is also the verifier's."""
        return bool(self.models) and not self.models.isdisjoint(models_in(verifier))


def models_in(component: Any) -> frozenset[str]:
    """What tells the models of a component, and of those within it, from others: the SHA-256 of
    their weights, or of a server's the name and revision. Raises ComponentError where weights
    cannot be read."""
    sources = getattr(component, "sources", None)
    found = {model for source in sources or () for model in weights_in(source.describe())}
    if sources is not None and not sources and isinstance(getattr(component, "model", None), str):
        found.add(served(component.model, getattr(component, "revision", None)))
    return frozenset(found).union(*map(models_in, within(component)))
