"""No fine-tuning: the extractor as it is."""

from __future__ import annotations

from clusterlab.components import Component
from clusterlab.finetune._workshop import Tuning, Workshop
from clusterlab.types import Collection


class NoFinetuning:
    """Leaves the extractor as it is, and looks at no label. columns: what it learns: nothing."""

    columns: tuple[str, ...] = ()

    def tune(self, _: Collection, extractor: Component, __: Workshop) -> Tuning:
        return Tuning(extractor=extractor)
