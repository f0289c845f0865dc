"""A fine-tuned extractor, from what a run kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def restored(
    extractor: Any,
    weights: str,
    *,
    features: str,
    facts: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> Any:
    """extractor: as it was before the fine-tuning. weights: the file of the run. features: what the
    fine-tuning gave, "embedding" or "probabilities". facts: the entry `finetune` of model.json.
    arrays: model.safetensors, with the heads."""
    model = extractor.with_weights(weights)
    if features != "probabilities":
        return model
    # PyTorch is there already where a model is.
    from clusterlab.finetune._targets import Target
    from clusterlab.finetune.intensities import Intensities

    targets = [
        Target(
            column=column,
            classes=tuple(facts["classes"][column]),
            multi_valued=column in facts["multi_valued"],
        )
        for column in facts["columns"]
    ]
    heads = {name: arrays[f"finetune.{name}"] for name in ("weight", "bias")}
    return Intensities(model, heads, targets)
