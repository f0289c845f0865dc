"""How a model is trained, whatever it learns: what every fine-tuning has to be told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from clusterlab.errors import ConfigError, closest

OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "linear", "cosine", "reduce_on_plateau")
METRICS = ("accuracy", "macro_f1", "loss")


@dataclass(kw_only=True)
class Recipe:
    """The options that all fine-tunings share; they inherit them, so that each can be set as
    `finetune.learning_rate` and the like.

    epochs: at most; fewer where `patience` stops before.
    batch_size: images a step, on each device. gradient_accumulation: steps whose gradients are
        added up before the weights change, so that a small memory trains as a large one would.
    learning_rate: at its highest. weight_decay: of `optimizer`: "adamw" and "sgd" as they are,
        "adam" adds it to the gradient (L2).
    schedule: of the learning rate: "constant"; "linear" or "cosine" down to zero; or
        "reduce_on_plateau": times `plateau_factor` after `plateau_patience` epochs without a better
        value, down to `min_learning_rate`. warmup: the share of all steps in which it rises first.
    patience: stop after this many strikes in a row, None trains all epochs. An epoch is a strike
        where its value is worse than the best so far by more than `tolerance`; with a tolerance of
        0, where it is no better. select_by: whose value: "accuracy" or "macro_f1" (mean over the
        columns) or "loss" of the validation images. The weights of its best epoch are kept.
        Without validation images all epochs are trained and the last weights kept.
    frozen: the share of the model's blocks that keep their weights, in [0, 1); above 0 what comes
        before them (the embeddings) does too. Rounded down: .8 of 12 are 9.
    freeze_batch_norm: whether batch norm keeps the statistics that it was trained with, which small
        batches would only blur; not for a model that starts from random weights.
    clip_gradient: the largest norm of a gradient, None for any.
    frozen_augmentation: what the augmentation draws of an image is drawn once, and every epoch
        shows that again, as where drawn images are kept in a cache: a mistake of the patternmind
        study, kept to repeat it.
    random_state: decides the order of the images, what is drawn, and the head's first weights.
    """

    epochs: int = 20
    batch_size: int = 16
    gradient_accumulation: int = 1
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    optimizer: str = "adamw"
    schedule: str = "constant"
    warmup: float = 0.0
    plateau_factor: float = 0.5
    plateau_patience: int = 3
    min_learning_rate: float = 0.0
    patience: int | None = 3
    tolerance: float = 0.0
    select_by: str = "loss"
    frozen: float = 0.0
    freeze_batch_norm: bool = True
    clip_gradient: float | None = 1.0
    frozen_augmentation: bool = False
    random_state: int = 0

    def __post_init__(self) -> None:
        problems = [*self._problems()]
        if problems:
            raise ConfigError([f"finetune.{problem}" for problem in problems])

    def check_validation(self, *, selects: bool) -> None:
        """selects: whether there are validation images. Raises ConfigError where it needs them."""
        if not selects and self.schedule == "reduce_on_plateau":
            raise ConfigError(
                "finetune.schedule=reduce_on_plateau looks at the validation images, and there are "
                "none that can be read and have a label. Give val a share (dataset.split='{train: "
                ".8, val: .1, test: .1}'), or use finetune.schedule=constant, linear or cosine."
            )

    def _problems(self) -> Iterator[str]:
        for name in ("epochs", "batch_size", "gradient_accumulation", "plateau_patience"):
            value = getattr(self, name)
            if value < 1 or value % 1:
                yield f"{name} is {value}; it must be a whole number of at least 1."
        if self.patience is not None and (self.patience < 1 or self.patience % 1):
            yield (
                f"patience is {self.patience}; it must be a whole number of at least 1, or null "
                "(never)."
            )
        if not 0 < self.learning_rate < math.inf:
            yield f"learning_rate is {self.learning_rate}; it must be above 0."
        for name in ("weight_decay", "tolerance", "min_learning_rate"):
            if not 0 <= getattr(self, name) < math.inf:
                yield f"{name} is {getattr(self, name)}; it must be 0 or more."
        if not 0 <= self.warmup < 1:
            yield f"warmup is {self.warmup}; it must be in [0, 1)."
        if self.warmup and self.schedule == "reduce_on_plateau":
            yield (
                f"warmup is {self.warmup}, and schedule=reduce_on_plateau begins at the full rate: "
                "set warmup=0, or another schedule."
            )
        if not 0 < self.plateau_factor < 1:
            yield f"plateau_factor is {self.plateau_factor}; it must be in (0, 1)."
        if self.clip_gradient is not None and not self.clip_gradient > 0:
            yield f"clip_gradient is {self.clip_gradient}; it must be above 0, or null."
        yield from self._frozen_problems()
        for name, known in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("select_by", METRICS),
        ):
            value = getattr(self, name)
            if value not in known:
                yield f"{name} '{value}' is unknown.{closest(value, known)} Use {_or(known)}."

    def _frozen_problems(self) -> Iterator[str]:
        if self.frozen >= 1:
            yield (
                f"frozen is {self.frozen:g}: nothing of the extractor would be trained, so its "
                "features would stay as they are. Use less than 1, or finetune=none."
            )
        elif self.frozen < 0:
            yield f"frozen is {self.frozen:g}; it must be in [0, 1)."


def _or(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
