"""A model of transformers that writes about images, whoever asks it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
import transformers

from clusterlab.errors import ComponentError
from clusterlab.models.pretrained import load_config, load_pretrained
from clusterlab.models.processor import Processor, name_of
from clusterlab.models.source import Source
from clusterlab.models.writing import Inputs, ask, own_settings, together, write
from clusterlab.store import key_of

# What makes greedy writing less than the likeliest word each time, or is of no use to it. A penalty
# for words that were there before would fall on those that the prompt offers to choose from.
_PLAIN = {
    "do_sample": False,
    "temperature": None,
    "top_p": None,
    "top_k": None,
    "min_p": None,
    "typical_p": None,
    "epsilon_cutoff": None,
    "eta_cutoff": None,
    "repetition_penalty": None,
    "no_repeat_ngram_size": None,
}


class Writer:
    """Any class behind transformers' AutoModelForImageTextToText: captioners such as BLIP and GIT,
    and chat models such as LLaVA, Qwen-VL and SmolVLM. The image is prepared by the model's own
    processor.

    source: its files. max_new_tokens: at which a text is cut off. num_beams: 1 takes the likeliest
    word each time. random_state: of random weights. chats: it answers requests, for which it must
    be a chat model; it then writes plainly, whatever its own settings for writing are, and in 16
    bits on a GPU, unless the user says otherwise.

    What it is asked comes with each image and is no part of `fingerprint`, so that a model which
    answers several requests is loaded once.
    """

    version = 1
    batch_sizes: tuple[int, int] = (8, 32)

    def __init__(
        self,
        source: Source,
        *,
        max_new_tokens: int,
        num_beams: int = 1,
        random_state: int = 0,
        chats: bool = False,
    ) -> None:
        self.setting = source.setting.rpartition(".")[0]
        for name, value in (("max_new_tokens", max_new_tokens), ("num_beams", num_beams)):
            if value < 1:
                raise ComponentError(f"{self.setting}.{name} must be 1 or more, not {value}.")
        self.name = name_of(source.model)
        self.source = source
        self.sources: Sequence[Source] = (source,)
        self.max_new_tokens = max_new_tokens
        self.num_beams = num_beams
        self.random_state = random_state
        self.halved_on_gpu = chats
        self._chats = chats
        if chats:
            self.batch_sizes = (4, 16)
        self._processor = Processor(source)

    def fingerprint(self) -> dict[str, Any]:
        return {
            **self._processor.identity(self.random_state),
            "generation": key_of(self._settings().to_dict()),
        }

    def check(self, prompt: str | None) -> None:
        """Tries the processor on a grey image. Raises ComponentError where the model cannot be
        found, does not write, or does not take the prompt."""
        kind = transformers.AutoModelForImageTextToText
        if type(self._config) not in kind._model_mapping:
            raise ComponentError(
                f"'{self.name}' is a {self._config.model_type} model, which writes nothing about "
                f"images. Choose another {self.setting}.model, such as {self._example}."
            )
        template = getattr(self._processor.loaded, "chat_template", None)
        if self._chats and not template:
            raise ComponentError(
                f"'{self.name}' is no chat model (its folder has no chat template), so that it "
                f"answers no request. Choose another {self.setting}.model, such as "
                f"{self._example}; or copy chat_template.json or .jinja from where it comes from."
            )
        if prompt is None and template:
            raise ComponentError(
                f"'{self.name}' is a chat model: it answers a request. Say what to write, such as "
                f"{self.setting}.prompt='Describe this image in one sentence.'"
            )
        try:
            self.request(np.full((64, 64, 3), 128, np.uint8), prompt)
        except Exception as error:
            first = " ".join(str(error).split())[:200].rstrip(".")
            raise ComponentError(
                f"The processor of '{self.name}' does not take an image with {self.setting}.prompt="
                f"{prompt!r}: {first}. Change the prompt (null for none)."
            ) from error

    def request(self, image: np.ndarray, prompt: str | None) -> Inputs:
        """What the model's processor makes of one image, (height, width, 3) uint8 RGB, and of what
        is asked about it."""
        return ask(self._processor.own, self._config.model_type, image, prompt)

    def build(self) -> torch.nn.Module:
        """Raises ComponentError for weights that are absent, broken or another model's."""
        module: Any = load_pretrained(
            transformers.AutoModelForImageTextToText,
            self.source,
            random_state=self.random_state,
            # Chat models are large and come in 16 bits: in float32 they would first need twice as
            # much memory as their files.
            dtype=None if self._chats else torch.float32,
        )
        module.generation_config = self._settings()
        return module  # type: ignore[no-any-return]

    def apply(self, module: Any, inputs: Sequence[Inputs], device: torch.device) -> list[str]:
        """Returns the texts, without the prompt; an empty one where the model says nothing.

        Only inputs of one shape are one batch: what a model answers about an image does not depend
        on others that padding would have to make as long.
        """
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
        """The model's own, in a copy for this thread."""
        return self._processor.own

    def with_weights(self, weights: str) -> Writer:
        """The same with the weights in this file."""
        return Writer(
            self.source.with_weights(weights),
            max_new_tokens=self.max_new_tokens,
            num_beams=self.num_beams,
            random_state=self.random_state,
            chats=self._chats,
        )

    @cached_property
    def _config(self) -> Any:
        return load_config(self.source)

    @property
    def _example(self) -> str:
        if self._chats:
            return "llava-hf/llava-1.5-7b-hf"
        return "Salesforce/blip-image-captioning-base"

    def _settings(self) -> Any:
        settings = own_settings(self.source)
        if self._chats:
            settings.update(**_PLAIN)
            last = settings.eos_token_id
            if settings.pad_token_id is None and last is not None:
                # As transformers does, which would say so for every batch.
                settings.pad_token_id = last[0] if isinstance(last, list) else last
        return settings
