"""A model of images with one linear layer for each label column on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from clusterlab.finetune._targets import MISSING, Target, places


class Heads(nn.Module):
    """backbone: (b, h, w, 3) uint8 to (b, d). still: its parts that behave as in inference while
    all else is trained. The loss is Σ weight · loss over the columns: cross-entropy, or binary
    cross-entropy for a multi-valued one, over the images of the batch that have the label."""

    def __init__(
        self,
        backbone: nn.Module,
        targets: Sequence[Target],
        *,
        n_features: int,
        dropout: float,
        label_smoothing: float,
        still: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(nn.Linear(n_features, len(t.classes)) for t in targets)
        self._targets = tuple(targets)
        self._places = places(targets)
        self._smoothing = label_smoothing
        # As a tuple: they are parts of the backbone, not further ones.
        self._still = tuple(still)
        for number, target in enumerate(targets):
            weights = target.class_weights
            values = None if weights is None else torch.from_numpy(weights).float()
            self.register_buffer(f"weights_{number}", values, persistent=False)

    def train(self, mode: bool = True) -> Heads:
        super().train(mode)
        for module in self._still:
            module.eval()
        return self

    def forward(
        self, pixels: torch.Tensor, targets: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Returns logits (b, c) of all columns side by side, and the loss where there are targets
        (b, t)."""
        features = self.dropout(self.backbone(pixels))
        logits = torch.cat([head(features) for head in self.heads], dim=1)
        if targets is None:
            return {"logits": logits}
        return {"loss": self._loss(logits.float(), targets), "logits": logits}

    def _loss(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        # Zero, but with a gradient, for a batch in which no image has any label.
        loss = logits.sum() * 0
        for number, (target, (at, of)) in enumerate(zip(self._targets, self._places, strict=True)):
            known = targets[:, at][:, 0] != MISSING
            if known.any():
                said, true = logits[known][:, of], targets[known][:, at]
                loss = loss + target.weight * self._of_column(number, said, true)
        penalty: Any = getattr(getattr(self.backbone, "network", None), "penalty", None)
        return loss if penalty is None else loss + penalty()

    def _of_column(self, number: int, said: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        weights = getattr(self, f"weights_{number}")
        if self._targets[number].multi_valued:
            true = true * (1 - self._smoothing) + self._smoothing / 2
            return nn.functional.binary_cross_entropy_with_logits(said, true, pos_weight=weights)
        return nn.functional.cross_entropy(
            said, true[:, 0].long(), weight=weights, label_smoothing=self._smoothing
        )
