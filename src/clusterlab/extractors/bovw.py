"""Bag of visual words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from clusterlab.errors import ComponentError
from clusterlab.extractors._picture import Picture, check_size
from clusterlab.extractors.sift import keypoints


class Bovw:
    """How often each visual word occurs: SIFT descriptors, counted by their nearest word.

    The words are learned from the training images (all images where there is no split): the
    centroids of a mini-batch k-means over a uniform sample of their descriptors. An image without
    any keypoint is all zeros.

    size: side in pixels of the square that an image is resized to, bilinear.
    vocabulary_size: words, which is the length of a vector.
    max_descriptors: descriptors that the words are learned from; also bounds the memory, 128
        bytes each (and 512 more while learning).
    normalize: shares of the image's descriptors (they sum to 1) instead of counts.

    Sivic & Zisserman 2003, "Video Google"; Csurka et al. 2004, "Visual categorization with bags
    of keypoints".
    """

    version = 1

    def __init__(
        self,
        *,
        size: int = 224,
        vocabulary_size: int = 500,
        max_descriptors: int = 200_000,
        normalize: bool = True,
        random_state: int = 0,
    ) -> None:
        if not 1 <= vocabulary_size <= max_descriptors:
            raise ComponentError(
                "The bovw extractor needs 1 <= vocabulary_size <= max_descriptors; got "
                f"vocabulary_size={vocabulary_size}, max_descriptors={max_descriptors}."
            )
        self.size = check_size("bovw", size, least=2)
        self.vocabulary_size = vocabulary_size
        self.max_descriptors = max_descriptors
        self.normalize = normalize
        self.random_state = random_state
        self._words: np.ndarray | None = None

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Returns the descriptors, (m, 128) uint8: OpenCV's are whole numbers up to 255."""
        return keypoints(Picture(image).grey(self.size))[1].astype(np.uint8)

    def fit(self, inputs: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
        """Learns the vocabulary. Returns "words", (vocabulary_size, 128) float32.

        Raises ComponentError where the images have fewer different descriptors than words.
        """
        sample = _uniform_sample(inputs, self.max_descriptors, self.random_state)
        different = len(np.unique(sample, axis=0))
        if different < self.vocabulary_size:
            raise ComponentError(
                f"The training images have only {different:,} different SIFT descriptors, too few "
                f"for a vocabulary of {self.vocabulary_size:,} words. Use more images, set "
                f"extractor.vocabulary_size to {different:,} or less, or use another extractor."
            )
        means = MiniBatchKMeans(
            self.vocabulary_size, n_init=3, batch_size=4096, random_state=self.random_state
        )
        means.fit(sample.astype(np.float32))
        return {"words": means.cluster_centers_.astype(np.float32)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Takes the vocabulary that `fit` returned."""
        self._words = arrays["words"]

    def embed(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        if self._words is None:
            raise ComponentError("The bovw extractor has no vocabulary yet: call fit and restore.")
        return np.stack([self._histogram(descriptors, self._words) for descriptors in inputs])

    def _histogram(self, descriptors: np.ndarray, words: np.ndarray) -> np.ndarray:
        # Squared distance less the descriptor's own length, which is the same for every word.
        distances = (words**2).sum(axis=1) - 2 * descriptors.astype(np.float32) @ words.T
        counts = np.bincount(distances.argmin(axis=1), minlength=len(words)).astype(np.float32)
        return counts / np.float32(max(1, len(descriptors))) if self.normalize else counts


def _uniform_sample(parts: Iterable[np.ndarray], limit: int, random_state: int) -> np.ndarray:
    """At most `limit` rows of all parts together, each row equally likely, in flat memory.

    Every row draws a number, and the rows with the smallest numbers stay.
    """
    rng = np.random.default_rng(random_state)
    rows = np.zeros((0, 128), np.uint8)
    draws = np.zeros(0)
    waiting: list[np.ndarray] = []
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= limit:
            rows, draws = _smallest(rows, draws, waiting, limit, rng)
            waiting = []
    return _smallest(rows, draws, waiting, limit, rng)[0]


def _smallest(
    rows: np.ndarray,
    draws: np.ndarray,
    added: list[np.ndarray],
    limit: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    rows = np.concatenate([rows, *added])
    draws = np.concatenate([draws, rng.random(len(rows) - len(draws))])
    if len(rows) <= limit:
        return rows, draws
    kept = np.sort(np.argpartition(draws, limit - 1)[:limit])
    return rows[kept], draws[kept]
