"""What every vision model does around its network: pixels in, vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from clusterlab.errors import ComponentError
from clusterlab.models.transform import Transform


class FromPixels(torch.nn.Module):
    """A network that takes (b, h, w, 3) uint8, normalises it and returns (b, d) vectors.

    The pixels stay bytes until they are on the device, and lie in memory as channels_last wants.
    """

    def __init__(self, network: torch.nn.Module, transform: Transform) -> None:
        super().__init__()
        self.network = network
        self.transform = transform
        self._mean = [255 * value for value in transform.mean]
        self._std = [255 * value for value in transform.std]

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        mean = torch.tensor(self._mean, device=pixels.device)
        std = torch.tensor(self._std, device=pixels.device)
        values = (pixels.to(torch.float32) - mean) / std
        # Normalised in full precision, whatever the network's own is.
        dtype = next(self.network.parameters()).dtype
        vectors: torch.Tensor = self.network(values.permute(0, 3, 1, 2).to(dtype))
        return vectors


def checked(module: FromPixels, name: str) -> FromPixels:
    """The module, if it makes one vector an image and the same one each time.

    Raises ComponentError where the network gives something else (a list of feature maps) or draws
    at random what it looks at, as masked autoencoders do.
    """
    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (1, *module.transform.size, 3), dtype=np.uint8)
    with torch.inference_mode():
        try:
            vectors = module(torch.from_numpy(np.concatenate([one, one])))
        except ComponentError:
            raise
        except Exception as error:
            raise ComponentError(
                f"The model '{name}' does not work as it is asked to ({type(error).__name__}: "
                f"{error}). Try another extractor.output, or its own extractor.crop."
            ) from error
    if not isinstance(vectors, torch.Tensor) or vectors.ndim != 2:
        raise ComponentError(
            f"The model '{name}' gives no single vector an image. Try another extractor.output."
        )
    if not torch.allclose(vectors[0], vectors[1], rtol=1e-3, atol=1e-4):
        raise ComponentError(
            f"The model '{name}' makes another vector of the same image each time: it looks at a "
            "random part of it. Choose another extractor.model."
        )
    return module


def embed_pixels(module: Any, inputs: Sequence[np.ndarray], device: torch.device) -> np.ndarray:
    """inputs: (h, w, 3) uint8 each. Returns (len(inputs), d) float32."""
    # The libraries take another way for a batch of one, with other rounding: an image's vector
    # must not depend on how many came with it.
    pairs = [*inputs, inputs[0]] if len(inputs) == 1 else list(inputs)
    pixels = torch.from_numpy(np.stack(pairs))
    vectors = module(pixels.to(device, non_blocking=True))
    return np.asarray(vectors[: len(inputs)].float().cpu().numpy(), dtype=np.float32)
