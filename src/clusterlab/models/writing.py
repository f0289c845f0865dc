"""How a transformers model writes about images: what it is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image

from clusterlab.models.pretrained import load_config
from clusterlab.models.source import Source

Inputs = Mapping[str, torch.Tensor]
# Their processor ends the prompt, as if nothing were to follow.
_ENDS_PROMPT = ("git",)


def ask(processor: Any, model_type: str, image: np.ndarray, prompt: str | None) -> Inputs:
    """What `processor` makes of one image and the prompt: tensors whose first axis is the batch."""
    picture = Image.fromarray(image)
    if getattr(processor, "chat_template", None):
        parts = [{"type": "image", "image": picture}, {"type": "text", "text": prompt}]
        return dict(
            processor.apply_chat_template(
                [{"role": "user", "content": parts}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
        )
    if prompt is None:
        return dict(processor(images=picture, return_tensors="pt"))
    inputs = dict(processor(images=picture, text=prompt, return_tensors="pt"))
    if model_type in _ENDS_PROMPT:
        for name in ("input_ids", "attention_mask"):
            inputs[name] = inputs[name][:, :-1]
    return inputs


def together(inputs: Sequence[Inputs]) -> list[list[int]]:
    """The rows that can be one batch, because all their tensors have the same shapes."""
    groups: dict[Any, list[int]] = {}
    for row, tensors in enumerate(inputs):
        shapes = tuple((name, tuple(values.shape)) for name, values in sorted(tensors.items()))
        groups.setdefault(shapes, []).append(row)
    return list(groups.values())


def write(
    module: Any, tokenizer: Any, batch: Inputs, *, max_new_tokens: int, num_beams: int
) -> list[str]:
    """What the model writes about each image, without the prompt where it repeats it."""
    dtype = next(module.parameters()).dtype
    asked = batch.get("input_ids")
    # BLIP writes into the prompt that it is given.
    asked = None if asked is None else asked.clone()
    with torch.inference_mode():
        written = module.generate(
            **{
                name: values.to(dtype) if values.is_floating_point() else values
                for name, values in batch.items()
            },
            max_new_tokens=max_new_tokens,
            num_beams=num_beams,
            do_sample=False,
        )
    if asked is None or module.config.is_encoder_decoder:
        return _read(tokenizer, written)
    length = asked.shape[1]
    repeated = torch.equal(written[:, :length], asked)
    texts, echoes = _read(tokenizer, written), _read(tokenizer, asked)
    tails = _read(tokenizer, written[:, length:]) if repeated else texts
    # By its words rather than by their number: the first and last of them may be others, as BLIP's
    # are, and where the text goes on within the last word, the tail alone would begin with "##".
    return [
        text.removeprefix(echo).strip() if text.startswith(echo) else tail
        for text, echo, tail in zip(texts, echoes, tails, strict=True)
    ]


def own_settings(source: Source) -> Any:
    """How the model was meant to write, by the file beside its config or by the config itself."""
    settings = transformers.GenerationConfig
    try:
        return settings.from_pretrained(str(source.folder()), local_files_only=True)
    except OSError:
        return settings.from_model_config(load_config(source))


def _read(tokenizer: Any, tokens: torch.Tensor) -> list[str]:
    texts = tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return [text.strip() for text in texts]
