"""Several extractors side by side, each with its say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clusterlab.errors import ComponentError, closest

NORMALIZATIONS = ("variance", "l2", "none")


class Fusion:
    """Joins what several extractors say about an image: its looks, its caption, its metadata.

    parts: name -> extractor, in the order of the vector; any extractor can be a part.
    part_weights: name -> how much a part has to say, 1 where it is not named; a part of weight 0
        is left out. With d_i the distances in the parts, as normalised, d^2 = sum of
        weight_i * d_i^2.
    normalize: "variance" scales each image's vector to length 1 in each part, and then each part so
        that its values vary by 1 in all over the training images (all images where there is no
        split): then equal weights are an equal say. "l2" stops at length 1: a part whose vectors
        differ little says little. "none" takes the vectors as they are. A zero vector (an empty
        text) stays zero.

    Raises ComponentError for weights that are negative, all zero, or of unknown parts.
    """

    version = 1

    def __init__(
        self,
        *,
        parts: Mapping[str, Any],
        part_weights: Mapping[str, float] | None = None,
        normalize: str = "variance",
    ) -> None:
        if not parts:
            raise ComponentError(
                "The fusion extractor needs parts, for example extractor@extractor.parts.image=vit."
            )
        if normalize not in NORMALIZATIONS:
            raise ComponentError(
                f"Unknown extractor.normalize '{normalize}'.{closest(normalize, NORMALIZATIONS)} "
                f"There are: {', '.join(NORMALIZATIONS)}."
            )
        self.part_weights = _checked(dict.fromkeys(parts, 1.0), part_weights or {})
        self.parts = {name: part for name, part in parts.items() if self.part_weights[name]}
        self.normalize = normalize
        self.fitted: dict[str, np.ndarray] = {}

    def join(self, parts: Mapping[str, np.ndarray], training: np.ndarray) -> np.ndarray:
        """parts: name -> (n, d_i) float32. training: (n,) bool. Returns (n, sum of d_i) float32."""
        blocks = []
        for name in self.parts:
            block = parts[name].astype(np.float64)
            if self.normalize != "none":
                lengths = np.linalg.norm(block, axis=1, keepdims=True)
                block = np.divide(block, lengths, out=np.zeros_like(block), where=lengths > 0)
            scale = float(np.sqrt(self.part_weights[name]))
            if self.normalize == "variance":
                scale /= _spread(block[training])
            self.fitted[f"scale.{name}"] = np.array([scale])
            blocks.append(block * scale)
        return np.hstack(blocks).astype(np.float32)


def _spread(block: np.ndarray) -> float:
    """The square root of the values' variances summed; 1 where nothing varies."""
    total = float(np.sqrt(block.var(axis=0).sum()))
    return total if total > 1e-9 else 1.0


def _checked(ones: dict[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    for name, weight in weights.items():
        if name not in ones:
            raise ComponentError(
                f"extractor.part_weights names '{name}', which is no part of the fusion."
                f"{closest(name, ones)} Parts: {', '.join(ones)}."
            )
        if not 0 <= weight < float("inf"):
            raise ComponentError(
                f"extractor.part_weights.{name} is {weight}; it must be 0 or more."
            )
    wanted = {**ones, **{name: float(weight) for name, weight in weights.items()}}
    if not any(wanted.values()):
        raise ComponentError("extractor.part_weights are all 0, which leaves nothing to go by.")
    return wanted
