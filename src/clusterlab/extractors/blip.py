"""Captions by any image-to-text model of the transformers library."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
import torch
import transformers

from clusterlab.errors import ComponentError
from clusterlab.models.pretrained import load_config, load_pretrained
from clusterlab.models.processor import Processor, name_of
from clusterlab.models.sentence_encoder import SentenceEncoder
from clusterlab.models.source import Source
from clusterlab.models.writing import Inputs, ask, own_settings, together, write
from clusterlab.store import key_of


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
    batch_sizes = (8, 32)

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
        for name, value in (("max_new_tokens", max_new_tokens), ("num_beams", num_beams)):
            if value < 1:
                raise ComponentError(f"extractor.{name} must be 1 or more, not {value}.")
        self.name = name_of(model)
        self.source = Source(model=model, revision=revision, weights=weights)
        self.sources = (self.source,)
        self.encoder = SentenceEncoder(model=encoder, revision=encoder_revision)
        self.prompt = prompt
        self.max_new_tokens = max_new_tokens
        self.num_beams = num_beams
        self.random_state = random_state
        self._processor = Processor(self.source)

    def fingerprint(self) -> dict[str, Any]:
        """Raises ComponentError where the model cannot be found, or does not take the prompt."""
        self._check()
        return {
            **self._processor.identity(self.random_state),
            "generation": key_of(own_settings(self.source).to_dict()),
            "prompt": self.prompt,
            "max_new_tokens": self.max_new_tokens,
            "num_beams": self.num_beams,
        }

    def prepare(self, image: np.ndarray) -> Inputs:
        """Returns what the model's processor makes of one image, and of the prompt."""
        return ask(self._processor.own, self._config.model_type, image, self.prompt)

    def build(self) -> torch.nn.Module:
        """Raises ComponentError for weights that are absent, broken or another model's."""
        self._check()
        module: Any = load_pretrained(
            transformers.AutoModelForImageTextToText, self.source, random_state=self.random_state
        )
        module.generation_config = own_settings(self.source)
        return module  # type: ignore[no-any-return]

    def apply(self, module: Any, inputs: Sequence[Inputs], device: torch.device) -> list[str]:
        """Returns the captions, without the prompt; an empty one where the model says nothing."""
        tokenizer = self._processor.loaded.tokenizer
        texts = [""] * len(inputs)
        for rows in together(inputs):
            batch = {
                name: torch.cat([inputs[row][name] for row in rows]).to(device)
                for name in inputs[rows[0]]
            }
            written = write(
                module,
                tokenizer,
                batch,
                max_new_tokens=self.max_new_tokens,
                num_beams=self.num_beams,
            )
            for row, text in zip(rows, written, strict=True):
                texts[row] = text
        return texts

    @property
    def processor(self) -> Any:
        """The model's own, in a copy for this thread; a trainer makes captions into input by it."""
        return self._processor.own

    def backbone(self, module: Any) -> torch.nn.Module:
        own: torch.nn.Module = module
        return own

    def with_weights(self, weights: str) -> ImageToText:
        other = copy(self)
        other.source = self.source.with_weights(weights)
        other.sources = (other.source,)
        other._processor = Processor(other.source)
        return other

    @cached_property
    def _config(self) -> Any:
        return load_config(self.source)

    def _check(self) -> None:
        """Before an image is read: try the processor on a grey one."""
        kind = transformers.AutoModelForImageTextToText
        if type(self._config) not in kind._model_mapping:
            raise ComponentError(
                f"'{self.name}' is a {self._config.model_type} model, which writes nothing about "
                "images. Choose another extractor.model, such as "
                "Salesforce/blip-image-captioning-base."
            )
        processor = self._processor.loaded
        if self.prompt is None and getattr(processor, "chat_template", None):
            raise ComponentError(
                f"'{self.name}' is a chat model: it answers a request. Say what to write, such as "
                "extractor.prompt='Describe this image in one sentence.'"
            )
        try:
            self.prepare(np.full((64, 64, 3), 128, np.uint8))
        except Exception as error:
            first = " ".join(str(error).split())[:200].rstrip(".")
            raise ComponentError(
                f"The processor of '{self.name}' does not take an image with extractor.prompt="
                f"{self.prompt!r}: {first}. Change the prompt (null for none)."
            ) from error
