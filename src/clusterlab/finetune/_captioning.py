"""Teaches a captioner to write the captions of a lesson's classes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from clusterlab.components import Tunable
from clusterlab.finetune._captions import Captions
from clusterlab.finetune._finished import Work
from clusterlab.finetune._freeze import Frozen, freeze, used_parameters
from clusterlab.finetune._lesson import Lesson
from clusterlab.finetune._material import Material
from clusterlab.finetune._placement import Placement
from clusterlab.finetune._trainer import train
from clusterlab.models.lineage import seen_by

if TYPE_CHECKING:
    from clusterlab.finetune._workshop import Workshop
    from clusterlab.finetune.captioner import Captioner

log = logging.getLogger("clusterlab")

# What adds nothing to the loss.
_IGNORED = -100
FAMILIES = ("blip", "git")
"""The families (`model_type` of transformers) that learn from an image and its caption alone."""


class Writer(Tunable, Protocol):
    """A model that writes about images. processor: its own, in a copy for this thread.
    prompt: what its texts go on from."""

    name: str
    prompt: str | None
    max_new_tokens: int

    @property
    def processor(self) -> Any: ...


def first_and_last(module: Any) -> tuple[int, int]:
    """The tokens that this model's texts begin with and end with when it writes.

    The tokenizer's may be others: it begins a text with "[CLS]", BLIP writes after "[DEC]".
    """
    if module.config.model_type == "blip":
        settings = module.config.text_config
        return settings.bos_token_id, settings.sep_token_id
    settings = module.generation_config
    last = settings.eos_token_id
    return settings.bos_token_id, last[0] if isinstance(last, list) else last


def view(processor: Any, image: np.ndarray) -> np.ndarray:
    """An image, cut and resized as the model sees it: (h, w, 3) uint8, as `prepare` goes on from.

    image: (height, width, 3) uint8.
    """
    seen = processor.image_processor(
        images=[Image.fromarray(image)], do_rescale=False, do_normalize=False, return_tensors="np"
    )["pixel_values"][0]
    return np.ascontiguousarray(np.asarray(seen, dtype=np.uint8).transpose(1, 2, 0))


class Collate:
    """Items of a lesson as one batch: what the model sees, and what it is to write."""

    def __init__(self, processor: Any, captions: Sequence[Sequence[int]]) -> None:
        """captions: tokens of each class, with the first and the last."""
        self._images = processor.image_processor
        self._padding = processor.tokenizer.pad_token_id or 0
        self._captions = [list(tokens) for tokens in captions]

    def __call__(self, items: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        """items: {"pixels": (h, w, 3) uint8, "targets": (1,) the class} each."""
        said = [self._captions[int(item["targets"][0])] for item in items]
        length = max(len(tokens) for tokens in said)
        ids = torch.full((len(said), length), self._padding)
        labels = torch.full((len(said), length), _IGNORED)
        for row, tokens in enumerate(said):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            # The first is given, not written.
            labels[row, 1 : len(tokens)] = torch.tensor(tokens[1:])
        written = torch.arange(length) < torch.tensor([len(tokens) for tokens in said])[:, None]
        seen = self._images(
            images=[item["pixels"].permute(2, 0, 1) for item in items],
            do_resize=False,
            do_center_crop=False,
            input_data_format="channels_first",
            return_tensors="pt",
        )
        return {
            "pixel_values": seen["pixel_values"],
            "input_ids": ids,
            "attention_mask": written.long(),
            "labels": labels,
        }


class Taught(nn.Module):
    """A captioner whose forward gives nothing but the loss of captions: the mean cross-entropy of
    their tokens. still: its parts that behave as in inference while all else is trained.

    Weights that the model shares between its parts are in its state dict once, as in its files.
    """

    def __init__(self, captioner: Any, still: Sequence[nn.Module] = ()) -> None:
        super().__init__()
        self.captioner = captioner
        captioner.register_state_dict_post_hook(_without_shared)
        captioner.register_load_state_dict_post_hook(_shared_not_missing)
        # As a tuple: they are parts of the captioner, not further ones.
        self._still = tuple(still)

    def train(self, mode: bool = True) -> Taught:
        super().train(mode)
        for module in self._still:
            module.eval()
        return self

    # With `**kwargs` the trainer would take the model for one that divides its loss itself.
    def forward(
        self,
        pixel_values: torch.Tensor,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        said = self.captioner(
            pixel_values=pixel_values,
            input_ids=input_ids,
            attention_mask=attention_mask,
            labels=labels,
        )
        return {"loss": said.loss}


def _without_shared(captioner: Any, state: dict[str, Any], prefix: str, _: object) -> None:
    for name in captioner.all_tied_weights_keys:
        state.pop(prefix + name, None)


def _shared_not_missing(captioner: Any, found: Any) -> None:
    shared = tuple(captioner.all_tied_weights_keys)
    found.missing_keys[:] = [name for name in found.missing_keys if not name.endswith(shared)]


class Captioning:
    """One training of a captioner; `work` is what _finished.carried_out calls."""

    def __init__(
        self,
        writer: Writer,
        lesson: Lesson,
        captions: Captions,
        options: Captioner,
        workshop: Workshop,
        placement: Placement,
    ) -> None:
        self._writer = writer
        self._lesson = lesson
        self._captions = captions
        self._options = options
        self._workshop = workshop
        self._placement = placement

    def work(self, folder: Path) -> Work:
        """Trains in `folder`. Raises ComponentError where the model cannot be trained so."""
        shown = Material(
            self._lesson,
            lambda image: view(self._writer.processor, image),
            folder,
            workshop=self._workshop,
            augment=self._options.augmentation,
            frozen=self._options.frozen_augmentation,
            random_state=self._options.random_state,
        )
        captioner: Any = self._writer.build()
        collate = self._collate(captioner)
        module, frozen = self._prepared(captioner, collate([shown.training[0]]))
        for sentence in frozen.sentences():
            log.info("%s", sentence)
        trained = train(
            module,
            shown.training,
            shown.validation,
            self._options,
            folder=folder,
            placement=self._placement,
            groups=[{"params": [p for p in module.parameters() if p.requires_grad]}],
            collate=collate,
        )
        module.load_state_dict(load_file(trained.weights))
        return Work(
            epochs=trained.epochs,
            best_epoch=trained.best_epoch,
            stopped=trained.stopped,
            trainable=frozen.sentences(),
            facts={
                **shown.facts(self._writer.source, self._placement, trained),
                "captions": {name: self._captions.text(name) for name in self._captions.classes},
            },
            seen=[*self._lesson.seen(), *seen_by([self._writer.source])],
            state=self._writer.backbone(module.captioner).state_dict(),
        )

    def _collate(self, captioner: Any) -> Collate:
        first, last = first_and_last(captioner)
        captions = [(first, *tokens, last) for tokens in self._captions.tokens]
        return Collate(self._writer.processor, captions)

    def _prepared(
        self, captioner: Any, example: Mapping[str, torch.Tensor]
    ) -> tuple[Taught, Frozen]:
        for parameter in captioner.parameters():
            parameter.requires_grad_(parameter.is_floating_point())
        options = self._options
        frozen = freeze(
            captioner,
            options.frozen,
            used=used_parameters(captioner, captioner(**example).loss),
            # What was never trained has no statistics to keep.
            batch_norm=options.freeze_batch_norm and not self._writer.source.random,
        )
        return Taught(captioner, frozen.modules), frozen
