"""Several features of an image side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from clusterlab.errors import ComponentError
from clusterlab.extractors._picture import Picture, PictureFeature


class Concat:
    """The vectors of several extractors one after the other, from one decoding and resizing.

    The default parts are SIFT 512, HOG 324, colour histogram 96, Canny 64 and LBP 10, in this
    order: 1006 values.

    parts: name -> extractor, in the order of the vector. An extractor that learns from the
        images (bovw) cannot be a part.
    standardize_blocks: gives every part the same say in a distance, whatever its scale and length.
        Each value is standardised (mean 0, variance 1) over the training images, or all images
        where there is no split, and divided by the square root of the number of values of its
        part that vary, so that a part's variances sum to 1. Values that do not vary become 0.
        Without it, the unnormalised colour counts and SIFT values outweigh the rest.
    """

    def __init__(
        self, *, parts: Mapping[str, PictureFeature], standardize_blocks: bool = False
    ) -> None:
        unfit = [name for name, part in parts.items() if not hasattr(part, "describe")]
        if unfit or not parts:
            raise ComponentError(
                f"The concat extractor cannot use the parts {unfit}: they do not describe an image "
                "by itself. Remove them: ~extractor.parts.NAME."
                if unfit
                else "The concat extractor needs at least one part."
            )
        self.parts = dict(parts)
        self.standardize_blocks = standardize_blocks
        # Stored vectors are known by it: a part that changes must change the whole.
        self.version = 1 + sum(part.version for part in self.parts.values())
        self._scaling: tuple[np.ndarray, np.ndarray] | None = None

    def prepare(self, image: np.ndarray) -> list[np.ndarray]:
        picture = Picture(image)
        return [part.describe(picture) for part in self.parts.values()]

    def fit(self, inputs: Iterable[list[np.ndarray]]) -> dict[str, np.ndarray]:
        """Learns "mean" and "scale", each (d,) float64, in one pass and flat memory.

        Without `standardize_blocks` there is nothing to learn: the images are not looked at, and
        nothing is returned.
        """
        if not self.standardize_blocks:
            return {}
        n, mean, squares = 0, np.zeros(0), np.zeros(0)
        lengths: list[int] = []
        for blocks in inputs:
            vector = np.concatenate(blocks).astype(np.float64)
            if n == 0:
                lengths = [len(block) for block in blocks]
                mean, squares = np.zeros(len(vector)), np.zeros(len(vector))
            n += 1
            # Welford's update: a plain sum of squares loses the variance of large counts.
            step = vector - mean
            mean += step / n
            squares += step * (vector - mean)
        if n == 0:
            raise ComponentError("None of the training images could be read to standardise by.")
        return {"mean": mean, "scale": _scale(squares / n, lengths)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Takes what `fit` returned."""
        self._scaling = (arrays["mean"], arrays["scale"]) if arrays else None

    def embed(self, inputs: Sequence[list[np.ndarray]]) -> np.ndarray:
        values = np.stack([np.concatenate(blocks) for blocks in inputs])
        if not self.standardize_blocks:
            return values
        if self._scaling is None:
            raise ComponentError("The concat extractor is not standardised yet: call fit, restore.")
        mean, scale = self._scaling
        return np.asarray((values - mean) * scale, np.float32)


def _scale(variance: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """(d,) factors that give every value variance 1 / (varying values in its block), or 0."""
    varies = variance > 1e-12
    scale = np.zeros(len(variance))
    scale[varies] = 1 / np.sqrt(variance[varies])
    start = 0
    for length in lengths:
        block = slice(start, start + length)
        start += length
        scale[block] /= np.sqrt(max(1, int(varies[block].sum())))
    return scale
