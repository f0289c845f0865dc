"""A fine-tuned model whose features are what it says: one probability a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from clusterlab.finetune._targets import Target, places
from clusterlab.models.vision import FromPixels
from clusterlab.store import digest_of


class Intensities:
    """The probabilities of all classes of all columns, side by side, in place of the embedding of
    `extractor`: by softmax, or by a sigmoid for each value of a multi-valued column.

    heads: weight (c, d) and bias (c,) of the classes.
    """

    def __init__(
        self, extractor: Any, heads: Mapping[str, np.ndarray], targets: Sequence[Target]
    ) -> None:
        self.extractor = extractor
        self.version = extractor.version
        self.sources = extractor.sources
        self.batch_sizes = extractor.batch_sizes
        self._heads = dict(heads)
        self._targets = tuple(targets)

    def fingerprint(self) -> dict[str, Any]:
        classes = {target.column: list(target.classes) for target in self._targets}
        head = {name: digest_of(values) for name, values in self._heads.items()}
        own: dict[str, Any] = self.extractor.fingerprint()
        return {**own, "output": "probabilities", "classes": classes, "head": head}

    def prepare(self, image: np.ndarray) -> Any:
        return self.extractor.prepare(image)

    def build(self) -> nn.Module:
        module: FromPixels = self.extractor.build()
        said = _Said(self._heads, self._targets)
        return FromPixels(nn.Sequential(module.network, said).eval(), module.transform)

    def apply(self, module: Any, inputs: Sequence[Any], device: torch.device) -> Any:
        return self.extractor.apply(module, inputs, device)


class _Said(nn.Module):
    def __init__(self, heads: Mapping[str, np.ndarray], targets: Sequence[Target]) -> None:
        super().__init__()
        # No parameters, which would be rounded with the rest of the model.
        self._weight = torch.from_numpy(heads["weight"])
        self._bias = torch.from_numpy(heads["bias"])
        self._targets = tuple(targets)
        self._of = [of for _, of in places(targets)]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        device = features.device
        logits = nn.functional.linear(
            features.float(), self._weight.to(device), self._bias.to(device)
        )
        return torch.cat(
            [
                logits[:, of].sigmoid() if target.multi_valued else logits[:, of].softmax(dim=1)
                for target, of in zip(self._targets, self._of, strict=True)
            ],
            dim=1,
        )
