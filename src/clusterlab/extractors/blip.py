"""Captions by any image-to-text model of the transformers library."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import torch

from clusterlab.models.image_to_text import Writer
from clusterlab.models.sentence_encoder import SentenceEncoder
from clusterlab.models.source import Source
from clusterlab.models.writing import Inputs


class ImageToText:
    """What a model says an image shows, read by a sentence encoder.

    Any class behind transformers' AutoModelForImageTextToText: BLIP, BLIP-2, GIT, Florence-2, and
    chat models such as SmolVLM. The image is prepared by the model's own processor.

    model: a hub id, at `revision`, or a local folder.
    weights: None for the model's own; a local file or folder; or "random".
    prompt: words that the caption goes on from (BLIP: "a photo of"), a task (Florence-2:
        "<CAPTION>") or, to a chat model, which needs one, a request. Where the model repeats it,
        it is not part of the text.
    max_new_tokens: at which a caption is cut off.
    num_beams: 1 takes the likeliest word each time; more search wider, and take as much longer.
        Neither draws at random.
    encoder: the sentence encoder, a hub id at `encoder_revision` or a local folder.
    random_state: of random weights.

    Raises ComponentError for arguments that do not fit. Li et al. 2022, "BLIP: Bootstrapping
    language-image pre-training".
    """

    version = 1
    batch_sizes = Writer.batch_sizes

    def __init__(
        self,
        *,
        model: str = "Salesforce/blip-image-captioning-base",
        revision: str | None = None,
        weights: str | None = None,
        prompt: str | None = None,
        max_new_tokens: int = 30,
        num_beams: int = 1,
        encoder: str = "sentence-transformers/all-mpnet-base-v2",
        encoder_revision: str | None = None,
        random_state: int = 0,
    ) -> None:
        self._writer = Writer(
            Source(model=model, revision=revision, weights=weights),
            max_new_tokens=max_new_tokens,
            num_beams=num_beams,
            random_state=random_state,
        )
        self.name = self._writer.name
        self.source = self._writer.source
        self.sources = self._writer.sources
        self.encoder = SentenceEncoder(model=encoder, revision=encoder_revision)
        self.prompt = prompt
        self.max_new_tokens = max_new_tokens
        self.num_beams = num_beams

    def fingerprint(self) -> dict[str, Any]:
        """Raises ComponentError where the model cannot be found, or does not take the prompt."""
        self._writer.check(self.prompt)
        return {
            **self._writer.fingerprint(),
            "prompt": self.prompt,
            "max_new_tokens": self.max_new_tokens,
            "num_beams": self.num_beams,
        }

    def prepare(self, image: np.ndarray) -> Inputs:
        """Returns what the model's processor makes of one image, and of the prompt."""
        return self._writer.request(image, self.prompt)

    def build(self) -> torch.nn.Module:
        """Raises ComponentError for weights that are absent, broken or another model's."""
        self._writer.check(self.prompt)
        return self._writer.build()

    def apply(self, module: Any, inputs: Sequence[Inputs], device: torch.device) -> list[str]:
        """Returns the captions, without the prompt; an empty one where the model says nothing."""
        return self._writer.apply(module, inputs, device)

    @property
    def processor(self) -> Any:
        """The model's own, in a copy for this thread; a trainer makes captions into input by it."""
        return self._writer.processor

    def backbone(self, module: Any) -> torch.nn.Module:
        own: torch.nn.Module = module
        return own

    def with_weights(self, weights: str) -> ImageToText:
        other = copy(self)
        other._writer = self._writer.with_weights(weights)
        other.source = other._writer.source
        other.sources = other._writer.sources
        return other
