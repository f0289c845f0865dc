"""Answers to a question about the image, by ViLT."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image

from clusterlab.errors import ComponentError, DataError, closest
from clusterlab.models.pretrained import load_config, load_pretrained
from clusterlab.models.processor import Processor, name_of
from clusterlab.models.sentence_encoder import SentenceEncoder
from clusterlab.models.source import Source
from clusterlab.models.writing import Inputs, together

DECODES = ("label", "token")
# ViLT's processor keeps the long side within 5 / 3 of what it wants for the short one.
_LONG = 5
_drawing = threading.Lock()


class Vilt:
    """What a visual question answering model answers, read by a sentence encoder.

    The image is prepared by the model's own processor: short side 384, proportions kept.

    model: a hub id, at `revision`, or a local folder.
    weights: None for the model's own; a local file or folder; or "random".
    question: asked about every image; as long as the model takes, for ViLT 40 tokens with the two
        around it.
    decode: "label" gives the likeliest answer by its name. "token" looks the answer's number up
        among the words of the tokenizer, which has nothing to do with it ("[unused295]"): a
        mistake of the food study, kept to repeat its numbers.
    encoder: the sentence encoder, a hub id at `encoder_revision` or a local folder.
    random_state: of random weights.

    Raises ComponentError for arguments that do not fit. Kim, Son & Kim 2021, "ViLT:
    Vision-and-language transformer without convolution or region supervision".
    """

    version = 1
    batch_sizes = (8, 32)

    def __init__(
        self,
        *,
        model: str = "dandelin/vilt-b32-finetuned-vqa",
        revision: str | None = None,
        weights: str | None = None,
        question: str = "Which dish is in this image ?",
        decode: str = "label",
        encoder: str = "sentence-transformers/all-mpnet-base-v2",
        encoder_revision: str | None = None,
        random_state: int = 0,
    ) -> None:
        if decode not in DECODES:
            raise ComponentError(
                f"Unknown extractor.decode '{decode}'.{closest(decode, DECODES)} "
                "Use label, or token to repeat the study's mistake."
            )
        self.name = name_of(model)
        self.source = Source(model=model, revision=revision, weights=weights)
        self.sources = (self.source,)
        self.encoder = SentenceEncoder(model=encoder, revision=encoder_revision)
        self.question = question
        self.decode = decode
        self.random_state = random_state
        self._processor = Processor(self.source)

    def fingerprint(self) -> dict[str, Any]:
        """Raises ComponentError where the model cannot be found, or the question is too long."""
        assert self._question_tokens
        return {
            **self._processor.identity(self.random_state),
            "question": self.question,
            "decode": self.decode,
        }

    def prepare(self, image: np.ndarray) -> Inputs:
        """Returns pixel_values (1, 3, h, w), h and w by the image's proportions.

        Raises DataError for an image so long and narrow that not one patch is left of it.
        """
        height, width = image.shape[:2]
        try:
            inputs = self._processor.own.image_processor(
                images=Image.fromarray(image), return_tensors="pt"
            )
        except ValueError as error:
            if max(height, width) < _LONG * min(height, width):
                raise
            raise DataError(
                f"An image of {width} x {height} pixels is too long and narrow for '{self.name}', "
                "which keeps its proportions: not one patch is left of the short side."
            ) from error
        return {"pixel_values": inputs["pixel_values"]}

    def build(self) -> torch.nn.Module:
        """Raises ComponentError for weights that are absent, broken or another model's."""
        assert self._question_tokens
        module: Any = load_pretrained(
            transformers.AutoModelForVisualQuestionAnswering,
            self.source,
            random_state=self.random_state,
        )
        # Some configs have ViLT look at a random choice of the patches only.
        module.config.max_image_length = -1
        return module  # type: ignore[no-any-return]

    def apply(self, module: Any, inputs: Sequence[Inputs], device: torch.device) -> list[str]:
        """Returns the answers. Images of one size are one batch: padded, as transformers would,
        they would see patches drawn at random and answers would depend on their neighbours."""
        answers = [""] * len(inputs)
        for rows in together(inputs):
            pixels = torch.cat([inputs[row]["pixel_values"] for row in rows])
            for row, answer in zip(rows, self._answers(module, pixels, device), strict=True):
                answers[row] = self._text(module, answer)
        return answers

    def _answers(self, module: Any, pixels: torch.Tensor, device: torch.device) -> list[int]:
        tokens = {
            name: torch.tensor(values, device=device).expand(len(pixels), -1)
            for name, values in self._question_tokens.items()
        }
        seen = torch.ones_like(pixels[:, 0], dtype=torch.long, device=device)
        pixels = pixels.to(device, next(module.parameters()).dtype)
        with torch.inference_mode(), _draws():
            logits = module(**tokens, pixel_values=pixels, pixel_mask=seen).logits
        answers: list[int] = logits.argmax(dim=1).tolist()
        return answers

    def _text(self, module: Any, answer: int) -> str:
        if self.decode == "label":
            return str(module.config.id2label[answer])
        return str(self._processor.loaded.tokenizer.decode([answer]))

    @cached_property
    def _question_tokens(self) -> Mapping[str, list[int]]:
        """The question as the model reads it. Raises ComponentError where it is too long."""
        config = load_config(self.source)
        if config.model_type != "vilt":
            raise ComponentError(
                f"'{self.name}' is a {config.model_type} model, not a ViLT one. Choose another "
                "extractor.model, or extractor=blip for a model that writes captions."
            )
        tokens = dict(self._processor.loaded.tokenizer(self.question))
        length, limit = len(tokens["input_ids"]), config.max_position_embeddings
        if length > limit:
            raise ComponentError(
                f"The question has {length} tokens, and '{self.name}' takes {limit} at most: "
                f"'{self.question}'. Ask a shorter extractor.question."
            )
        return tokens


@contextmanager
def _draws() -> Iterator[None]:
    """The order in which ViLT reads the patches is drawn at random, on the CPU whatever the device;
    it must neither depend on what ran before nor disturb what runs beside it or after."""
    with _drawing, torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would seed all GPUs as well.
        torch.default_generator.manual_seed(0)
        yield
