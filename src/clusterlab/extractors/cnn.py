"""A small convolutional network to be trained from scratch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from clusterlab.errors import ComponentError, ConfigError
from clusterlab.models.checkpoint import mismatch, read_state
from clusterlab.models.source import Source
from clusterlab.models.transform import Side, Transform
from clusterlab.models.vision import FromPixels, checked, embed_pixels


class Cnn:
    """The network of the Caltech-256 study: blocks of two convolutions, then a dense layer.

    Without training its weights are random, and so say little about an image: finetune=classifier.

    weights: None or "random" for random ones; or a local file that holds all of this network.
    filters: of both convolutions of each block. dropout: in [0, 1), one a block. embedding: how
        many values an image becomes, all of them 0 or more.
    size: pixels of a side, or [height, width]; the image is squashed into it.
    l2: what a training adds to its loss is l2 times the sum of the squared kernels.
    momentum: what each batch of a training leaves of the norms' running means, as Keras counts it.
        They need some 700 batches at .99 before the network works without its batch; so few images
        that this takes many epochs want .9.
    random_state: of random weights.

    Raises ConfigError for arguments that make no network.
    """

    version = 1
    batch_sizes = (32, 256)

    def __init__(
        self,
        *,
        weights: str | None = None,
        filters: Sequence[int] = (32, 64, 128),
        dropout: Sequence[float] = (0.0, 0.25, 0.25),
        embedding: int = 256,
        size: Side = 224,
        l2: float = 1e-4,
        momentum: float = 0.99,
        random_state: int = 0,
    ) -> None:
        sides = (size, size) if isinstance(size, int) else tuple(size)
        if problems := _problems(filters, dropout, embedding, sides, l2, momentum):
            raise ConfigError(problems)
        self.source = Source(model="patternmind-cnn", weights=weights or "random", configs=False)
        self.sources = (self.source,)
        self.layers: dict[str, Any] = {
            "filters": [int(filter_) for filter_ in filters],
            "dropout": [float(share) for share in dropout],
            "embedding": embedding,
            "l2": float(l2),
            "momentum": float(momentum),
        }
        self.random_state = random_state
        self.transform = Transform(
            resize=(int(sides[0]), int(sides[1])),
            crop=None,
            interpolation="bilinear",
            mean=(0.0,) * 3,
            std=(1.0,) * 3,
        )

    def fingerprint(self) -> dict[str, Any]:
        return {
            "model": self.source.model,
            "weights": self.source.digest(),
            **self.layers,
            "transform": self.transform.describe(),
            **({"random_state": self.random_state} if self.source.random else {}),
        }

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Returns (h, w, 3) uint8, squashed to `size`."""
        return self.transform.apply(image)

    def build(self) -> FromPixels:
        """Raises ComponentError for weights that are absent, broken or another network's."""
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            network = _Network(**self.layers)
        if not self.source.random:
            self._fill(network)
        return checked(FromPixels(network.eval(), self.transform), self.source.model)

    def apply(self, module: Any, inputs: Sequence[np.ndarray], device: torch.device) -> np.ndarray:
        return embed_pixels(module, inputs, device)

    def backbone(self, module: Any) -> nn.Module:
        network: nn.Module = module.network
        return network

    def with_weights(self, weights: str) -> Cnn:
        other = copy(self)
        other.source = replace(self.source, weights=weights)
        other.sources = (other.source,)
        return other

    def _fill(self, network: nn.Module) -> None:
        files = self.source.files()
        state = read_state(files)
        wanted = {name: tuple(values.shape) for name, values in network.state_dict().items()}
        # A block too many would otherwise go unnoticed where the others fit.
        unexpected = [name for name in state if name not in wanted]
        why = mismatch(state, wanted)
        if not why and unexpected:
            why = f"{len(unexpected)} unexpected, such as '{unexpected[0]}'"
        if why:
            raise ComponentError(
                f"The weights in {', '.join(file.name for file in files)} are not those of this "
                f"network (extractor.filters={self.layers['filters']}, "
                f"extractor.embedding={self.layers['embedding']}): {why}. Set filters and "
                "embedding as they were in the training, or leave out extractor.weights."
            )
        network.load_state_dict(state)


class _Network(nn.Module):
    """(b, 3, h, w) in [0, 1] to (b, embedding), 0 or more; initialised as Keras does it."""

    def __init__(
        self,
        *,
        filters: Sequence[int],
        dropout: Sequence[float],
        embedding: int,
        l2: float,
        momentum: float,
    ) -> None:
        super().__init__()
        channels = [3, *filters[:-1]]
        self.blocks = nn.Sequential(
            *(_Block(*of, momentum) for of in zip(channels, filters, dropout, strict=True))
        )
        self.embedding = nn.Linear(filters[-1], embedding)
        self._l2 = l2
        for layer in self._with_kernels():
            nn.init.xavier_uniform_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        pooled = self.blocks(values).mean(dim=(2, 3))
        return torch.relu(self.embedding(pooled))

    def penalty(self) -> torch.Tensor:
        """l2 times the sum of the squared kernels of all convolutions and of the dense layer."""
        squares = [layer.weight.square().sum() for layer in self._with_kernels()]
        return self._l2 * torch.stack(squares).sum()

    def _with_kernels(self) -> list[nn.Conv2d | nn.Linear]:
        return [layer for layer in self.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


class _Block(nn.Module):
    """Halves both sides."""

    def __init__(self, channels: int, filters: int, dropout: float, momentum: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, filters, 3, padding=1)
        self.second = nn.Conv2d(filters, filters, 3, padding=1)
        # torch's momentum says how much is new.
        self.norm = nn.BatchNorm2d(filters, eps=1e-3, momentum=1 - momentum)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        convolved = torch.relu(self.second(torch.relu(self.first(values))))
        dropped: torch.Tensor = self.dropout(nn.functional.max_pool2d(self.norm(convolved), 2))
        return dropped


def _problems(
    filters: Sequence[int],
    dropout: Sequence[float],
    embedding: int,
    sides: Sequence[int],
    l2: float,
    momentum: float,
) -> list[str]:
    found = []
    if not filters or min(filters) < 1:
        found.append(
            f"extractor.filters={list(filters)} must be a number of 1 or more for each block."
        )
    if len(dropout) != len(filters) or not all(0 <= share < 1 for share in dropout):
        found.append(
            f"extractor.dropout={list(dropout)} must be a share from 0 to below 1 for each of the "
            f"{len(filters)} blocks in extractor.filters."
        )
    if embedding < 1:
        found.append(f"extractor.embedding={embedding} must be 1 or more.")
    least = 2 ** len(filters)
    if len(sides) != 2 or min(sides) < least:
        found.append(
            f"extractor.size={list(sides)} must be one number or [height, width], each {least} or "
            f"more: each of the {len(filters)} blocks halves both."
        )
    if not (math.isfinite(l2) and l2 >= 0):
        found.append(f"extractor.l2={l2} must be 0 or more.")
    if not 0 <= momentum < 1:
        found.append(f"extractor.momentum={momentum} must be from 0 to below 1.")
    return found
