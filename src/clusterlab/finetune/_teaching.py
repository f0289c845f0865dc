"""Teaches an image model the classes of a lesson."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file

from clusterlab.components import Component, Tunable
from clusterlab.environment import versions
from clusterlab.finetune._finished import Work
from clusterlab.finetune._freeze import Frozen, freeze, used_parameters
from clusterlab.finetune._heads import Heads
from clusterlab.finetune._images import Pixels
from clusterlab.finetune._lesson import Lesson
from clusterlab.finetune._material import Material
from clusterlab.finetune._placement import Placement
from clusterlab.finetune._targets import scores
from clusterlab.finetune._trainer import train
from clusterlab.models.lineage import seen_by
from clusterlab.origin import origin
from clusterlab.store import key_of

if TYPE_CHECKING:
    from clusterlab.finetune._workshop import Workshop
    from clusterlab.finetune.classifier import Classifier

log = logging.getLogger("clusterlab")

# Raised where a change of this folder changes the weights that a training ends with.
VERSION = 1
# Options that came later, at what they leave as it was: trainings from before are still the same.
_ADDED = (("frozen_augmentation", False),)
_LIBRARIES = (
    *("torch", "torchvision", "transformers", "accelerate", "timm"),
    *("pillow", "opencv-python-headless"),
)


def described(
    extractor: Component, workshop: Workshop, learned: Mapping[str, Any], placement: Placement
) -> dict[str, Any]:
    """What decides the weights; JSON-able, and without paths. learned: images and labels."""
    found = versions()
    decoding = workshop.decoding
    own = origin({"extractor": extractor.config, "finetune": workshop.config})
    inherited = seen_by([extractor.instance.source])
    return {
        "extractor": {
            "_target_": extractor.config["_target_"],
            "version": extractor.instance.version,
            **extractor.instance.fingerprint(),
        },
        "finetune": {
            key: value
            for key, value in workshop.config.items()
            if key != "features" and (key, value) not in _ADDED
        },
        "decoding": {"background": decoding.background, "reduce_to": decoding.reduce_to},
        "learned": dict(learned),
        "precision": placement.precision,
        "devices": placement.n_devices,
        "version": VERSION,
        # The weights' head says it too.
        **({"seen_before": key_of({"digests": sorted(inherited)})} if inherited else {}),
        "code": {library: found[library] for library in _LIBRARIES}
        | {name: source for name, source in own.items() if name.startswith("source of ")},
    }


class Teaching:
    """One training of an image model; `work` is what _finished.carried_out calls."""

    def __init__(
        self,
        extractor: Component,
        lesson: Lesson,
        options: Classifier,
        workshop: Workshop,
        placement: Placement,
    ) -> None:
        self._model: Tunable = extractor.instance
        self._lesson = lesson
        self._options = options
        self._workshop = workshop
        self._placement = placement

    def work(self, folder: Path) -> Work:
        """Trains in `folder`. Raises ComponentError where the model cannot be trained so."""
        shown = Material(
            self._lesson,
            self._model.prepare,
            folder,
            workshop=self._workshop,
            augment=self._options.augmentation,
            frozen=self._options.frozen_augmentation,
            random_state=self._options.random_state,
        )
        module, frozen = self._prepared(shown.pixels)
        for sentence in frozen.sentences():
            log.info("%s", sentence)
        trained = train(
            module,
            shown.training,
            shown.validation,
            self._options,
            folder=folder,
            placement=self._placement,
            groups=self._groups(module),
            scores=None if shown.validation is None else self._scores,
        )
        module.load_state_dict(load_file(trained.weights))
        return Work(
            epochs=trained.epochs,
            best_epoch=trained.best_epoch,
            stopped=trained.stopped,
            trainable=frozen.sentences(),
            facts=shown.facts(self._model.source, self._placement, trained),
            seen=[*self._lesson.seen(), *seen_by([self._model.source])],
            state=self._model.backbone(module.backbone).state_dict(),
            heads={
                "weight": np.concatenate([h.weight.detach().cpu().numpy() for h in _heads(module)]),
                "bias": np.concatenate([h.bias.detach().cpu().numpy() for h in _heads(module)]),
            },
        )

    def _prepared(self, pixels: Pixels) -> tuple[Heads, Frozen]:
        options = self._options
        backbone = self._model.build()
        for parameter in backbone.parameters():
            parameter.requires_grad_(parameter.is_floating_point())
        two = torch.from_numpy(np.array(pixels.values[:2]))
        output = backbone(torch.cat([two, two]))
        network = self._model.backbone(backbone)
        frozen = freeze(
            network,
            options.frozen,
            used=used_parameters(network, output),
            # What was never trained has no statistics to keep.
            batch_norm=options.freeze_batch_norm and not self._model.source.random,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.random_state)
            module = Heads(
                backbone,
                self._lesson.targets,
                n_features=output.shape[1],
                dropout=options.dropout,
                label_smoothing=options.label_smoothing,
                still=frozen.modules,
            )
        if any(parameter.ndim == 4 for parameter in module.parameters()):
            # Convolutions are three times as fast so.
            module = module.to(memory_format=torch.channels_last)
        return module, frozen

    def _groups(self, module: Heads) -> list[dict[str, Any]]:
        rate = self._options.head_learning_rate or self._options.learning_rate
        body = [p for p in module.backbone.parameters() if p.requires_grad]
        return [{"params": body}, {"params": list(module.heads.parameters()), "lr": rate}]

    def _scores(self, predicted: Any) -> dict[str, float]:
        logits = predicted.predictions
        logits = logits[0] if isinstance(logits, tuple) else logits
        labels = predicted.label_ids
        labels = labels[0] if isinstance(labels, tuple) else labels
        return dict(scores(self._lesson.targets, logits, labels))


def _heads(module: Heads) -> list[Any]:
    return list(module.heads)
