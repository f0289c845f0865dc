"""Vectors by any vision model of the transformers library."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from copy import copy
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
import transformers

from clusterlab.errors import ComponentError, closest
from clusterlab.models.own_transform import own_transform
from clusterlab.models.pretrained import config_digest, load_pretrained, load_processor
from clusterlab.models.source import Source
from clusterlab.models.transform import Side, Transform, changed, check_patch
from clusterlab.models.vision import FromPixels, checked, embed_pixels

OUTPUTS = ("cls", "mean", "pooled")


class Transformers:
    """What a vision model of transformers makes of an image.

    model: a hub id ("facebook/dinov2-base"), at `revision`, or a local folder.
    weights: None for the model's own; a local file or folder; or "random".
    output: "cls", the class token of the last layer; "mean" of its patches; or "pooled", what the
        model itself sums an image up in: for CLIP and SigLIP the vector that texts are compared
        with, for others the pooler's.
    resize, crop, interpolation, mean, std: what the model sees, where it is not to be what its
        own image processor says; see models/transform.py.
    random_state: of random weights.

    Raises ComponentError for arguments that do not fit. Wolf et al. 2020, "Transformers".
    """

    version = 1
    batch_sizes = (8, 128)

    def __init__(
        self,
        *,
        model: str,
        weights: str | None = None,
        revision: str | None = None,
        output: str = "cls",
        resize: Side | None = None,
        crop: Side | None = None,
        interpolation: str | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        random_state: int = 0,
    ) -> None:
        if output not in OUTPUTS:
            raise ComponentError(
                f"Unknown extractor.output '{output}'.{closest(output, OUTPUTS)} "
                f"A model of transformers gives {', '.join(OUTPUTS)}."
            )
        self.model = model
        self.source = Source(model=model, revision=revision, weights=weights)
        self.sources = (self.source,)
        self.output = output
        self.random_state = random_state
        self._as_told = partial(
            changed, resize=resize, crop=crop, interpolation=interpolation, mean=mean, std=std
        )
        self._told_all = None not in (resize, mean, std)

    @cached_property
    def transform(self) -> Transform:
        """What the model sees."""
        own = own_transform(load_processor(self.source), self.model, told=self._told_all)
        return self._as_told(own)

    def fingerprint(self) -> dict[str, Any]:
        return {
            "weights": self.source.digest(),
            "config": config_digest(self.source),
            "output": self.output,
            "transform": self.transform.describe(),
            "transformers": transformers.__version__,
            **({"random_state": self.random_state} if self.source.random else {}),
        }

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Returns (h, w, 3) uint8, as large as the model wants it."""
        return self.transform.apply(image)

    def build(self) -> torch.nn.Module:
        """Raises ComponentError for weights that are absent, broken or another model's, and for an
        `output` that this model does not have."""
        network = load_pretrained(
            transformers.AutoModel,
            self.source,
            random_state=self.random_state,
            # Many checkpoints come without a pooler; random numbers in it matter to `pooled` alone.
            may_lack=() if self.output == "pooled" else ("pooler.", "vision_model.head."),
        )
        patch = _vision_config(network).get("patch_size")
        if isinstance(patch, int):
            check_patch(self.transform, patch)
        summary = _Summary(network, self.output, self.model, self.transform)
        return checked(FromPixels(summary.eval(), self.transform), self.model)

    def apply(self, module: Any, inputs: Sequence[np.ndarray], device: torch.device) -> np.ndarray:
        return embed_pixels(module, inputs, device)

    def backbone(self, module: Any) -> torch.nn.Module:
        network: torch.nn.Module = module.network.network
        return network

    def with_weights(self, weights: str) -> Transformers:
        other = copy(self)
        other.source = self.source.with_weights(weights)
        other.sources = (other.source,)
        return other


class _Summary(torch.nn.Module):
    """An image's vector out of what a network says about its patches."""

    def __init__(self, network: Any, output: str, name: str, transform: Transform) -> None:
        super().__init__()
        self.network = network
        self._output = output
        self._name = name
        config = _vision_config(network)
        patch = config.get("patch_size")
        height, width = transform.size
        self._patches = (height // patch) * (width // patch) if isinstance(patch, int) else 0
        self._resized = {}
        if config.get("image_size") not in (None, height) or height != width:
            self._resized = {"interpolate_pos_encoding": True}

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        # Models of images and texts have a part that sees; the others are nothing else.
        sees = getattr(self.network, "vision_model", self.network)
        if self._output == "pooled":
            describe = getattr(self.network, "get_image_features", sees)
            return self._pooled(describe(pixel_values=values, **self._accepted(describe)))
        tokens: torch.Tensor = sees(pixel_values=values, **self._accepted(sees)).last_hidden_state
        if tokens.ndim == 4:
            tokens = tokens.flatten(2).transpose(1, 2)
        n_prefix = self._n_prefix(tokens.shape[1])
        if self._output == "mean":
            return tokens[:, n_prefix:].mean(dim=1)
        if not n_prefix:
            raise ComponentError(
                f"'{self._name}' has no class token. Use extractor.output=pooled or mean."
            )
        return tokens[:, 0]

    def _n_prefix(self, n_tokens: int) -> int:
        """Class and register tokens come before those of the patches, which are a square where
        their number is not known."""
        if self._patches:
            return max(0, n_tokens - self._patches)
        return n_tokens - math.isqrt(n_tokens) ** 2

    def _pooled(self, output: Any) -> torch.Tensor:
        pooled = output if isinstance(output, torch.Tensor) else output.pooler_output
        if pooled is None:
            raise ComponentError(
                f"'{self._name}' has no pooled output. Use extractor.output=cls or mean."
            )
        flat: torch.Tensor = pooled.flatten(1)
        return flat

    def _accepted(self, function: Any) -> dict[str, bool]:
        """Models that know one size of image stretch their positions only if told to."""
        called = getattr(function, "forward", function)
        known = inspect.signature(called).parameters
        return {name: value for name, value in self._resized.items() if name in known}


def _vision_config(network: Any) -> dict[str, Any]:
    config = network.config.to_dict()
    return dict(config.get("vision_config") or config)
