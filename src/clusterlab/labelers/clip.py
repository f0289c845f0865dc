"""Labels without training, by a model that compares images with texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clusterlab.components import Component
from clusterlab.errors import ComponentError
from clusterlab.labelling import Answer, Answers
from clusterlab.models.processor import name_of
from clusterlab.models.source import Source
from clusterlab.models.text_side import N_BESIDE, TextSide
from clusterlab.reading.encoding import Encoded, encode
from clusterlab.reading.image_vectors import image_vectors, marks_of
from clusterlab.reading.settings import Extraction, Settings
from clusterlab.types import Collection

PLACE = "{}"
TEMPLATES = ("a photo of {}.", "a photo that shows {}.", "{}.")


class Clip:
    """Gives each image the category whose name comes nearest to it, by CLIP or SigLIP.

    Each category is put into each of `templates`; the vectors of these sentences, at length 1, are
    averaged. CLIP's confidence is the softmax of the scaled cosines over the categories: a share
    of 1 that they divide among themselves, whether or not any of them fits. SigLIP's is the sigmoid
    of scaled cosine and bias: the probability that this category and this image belong together,
    whatever the others.

    The vectors of images and texts are in the store: those of images are the ones that an
    extractor of the same model makes, and other categories, templates or names of clusters cost no
    pass over the images.

    model: a hub id, at `revision`, or a local folder.
    weights: None for the model's own; a local file or folder; or "random".
    images: the extractor of the same model, `output: pooled`.
    categories: what it chooses from.
    templates: sentences with {} in the place of the category.
    min_confidence: in [0, 1]; an image whose best category is below it gets none ("refused").
    column: the label column that is filled; None is the labeler's name.
    random_state: of random weights.

    Raises ComponentError for values that do not fit. Radford et al. 2021, "Learning transferable
    visual models from natural language supervision"; Zhai et al. 2023, "Sigmoid loss for language
    image pre-training".
    """

    version = 1
    multi_valued = False

    def __init__(
        self,
        *,
        model: str,
        images: Any,
        revision: str | None = None,
        weights: str | None = None,
        categories: Sequence[str] = (),
        templates: Sequence[str] = TEMPLATES,
        min_confidence: float = 0.0,
        column: str | None = None,
        random_state: int = 0,
    ) -> None:
        wrong = [template for template in templates if template.count(PLACE) != 1]
        if wrong or not templates:
            what = f"holds {wrong[0]!r}" if wrong else "is empty"
            raise ComponentError(
                f"labeler.templates {what}; it must hold sentences with {PLACE} in the place of "
                f"the category, once in each: ['a photo of {PLACE}.']."
            )
        if not 0 <= min_confidence <= 1:
            raise ComponentError(
                f"labeler.min_confidence must be in [0, 1], not {min_confidence:g}."
            )
        source = Source(model=model, revision=revision, weights=weights, setting="labeler.weights")
        self._texts = TextSide(source, random_state=random_state)
        self.name = name_of(model)
        self.sources = (source,)
        self.nested = {"images": images}
        self.categories = tuple(categories)
        self.templates = tuple(templates)
        self.min_confidence = min_confidence
        self.column = column

    def answers(self, collection: Collection, settings: Settings, *, column: str) -> Answers:
        """Raises ComponentError for a model that matches no texts, DataError where no image can be
        read."""
        texts, images, logits = self._matched(collection, self.categories, settings)
        confidences = sure(logits, pairwise=self._texts.pairwise)
        rows = tuple(
            self._answer(id_, column, values)
            for id_, values in zip(images.features.ids, confidences, strict=True)
        )
        return Answers(
            rows=rows,
            described=self._described(),
            facts=images.compute,
            store=f"{images.store}; categories: {texts.sentence}",
            marks=marks_of([*self.sources, *self.nested["images"].sources], collection),
        )

    def scores(
        self, collection: Collection, phrases: Sequence[str], settings: Settings
    ) -> np.ndarray:
        """How well each phrase, put into the templates, fits each image: scaled cosine and bias, of
        which CLIP takes the softmax over phrases and SigLIP the sigmoid.

        Returns (n, p) float32, higher fits better; NaN in the rows of unreadable images.
        """
        _, images, logits = self._matched(collection, phrases, settings)
        found = np.full((len(collection), len(phrases)), np.nan, np.float32)
        row_of = {id_: row for row, id_ in enumerate(collection.ids)}
        found[[row_of[id_] for id_ in images.features.ids]] = logits
        return found

    def _matched(
        self, collection: Collection, phrases: Sequence[str], settings: Settings
    ) -> tuple[Encoded, Extraction, np.ndarray]:
        """Texts, images, and the logits of (readable image, phrase)."""
        sentences = [one.replace(PLACE, name) for name in phrases for one in self.templates]
        # First, since it takes seconds to find out here that the model does not read.
        texts = encode(sentences, self._texts, settings)
        images = self._images(collection, settings)
        per_phrase = texts.values.reshape(len(phrases), len(self.templates), -1).astype(np.float64)
        names = _unit(per_phrase[:, :, :-N_BESIDE].mean(axis=1))
        scale, bias = per_phrase[0, 0, -N_BESIDE:]
        values = _unit(images.features.values.astype(np.float64))
        if values.shape[1] != names.shape[1]:
            raise ComponentError(
                f"labeler.images makes vectors of {values.shape[1]} numbers, and labeler.model "
                f"reads texts as {names.shape[1]}: they must be one model, with "
                "labeler.images.output=pooled."
            )
        return texts, images, scale * values @ names.T + bias

    def _images(self, collection: Collection, settings: Settings) -> Extraction:
        extractor = self.nested["images"]
        kind = type(extractor)
        # As the store knows it where it is the run's extractor.
        target = {"_target_": f"{kind.__module__}.{kind.__qualname__}"}
        component = Component(name=self.name, config=target, instance=extractor)
        try:
            return image_vectors(collection, component, settings)
        except ComponentError as error:
            # It names its arguments as an extractor does.
            text = str(error).replace("extractor.", "labeler.images.")
            raise ComponentError(text) from error

    def _answer(self, id_: str, column: str, confidences: np.ndarray) -> Answer:
        best = int(np.argmax(confidences))
        category, confidence = self.categories[best], float(confidences[best])
        enough = confidence >= self.min_confidence
        return Answer(
            id_,
            column,
            f"{category} {confidence:.2f}",
            category if enough else "",
            "exact" if enough else "refused",
            confidence=confidence,
            model=self.name,
        )

    def _described(self) -> Mapping[str, Any]:
        return {
            **self.sources[0].describe(),
            "categories": list(self.categories),
            "templates": list(self.templates),
            "min_confidence": self.min_confidence,
        }


def sure(logits: np.ndarray, *, pairwise: bool) -> np.ndarray:
    """logits: (n, p). Returns (n, p) in [0, 1]: the sigmoid of each, or the softmax of each row.

    >>> sure(np.array([[0.0, 0.0]]), pairwise=False).tolist()
    [[0.5, 0.5]]
    """
    if pairwise:
        return np.asarray(1 / (1 + np.exp(-logits)))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """The vectors at length 1; one of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths))
