"""Trains a module by transformers.Trainer, which does the loop, the checkpoints, mixed precision,
gradient accumulation and several GPUs."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import transformers
from transformers.trainer_callback import PrinterCallback

from clusterlab.errors import ComponentError
from clusterlab.finetune import _checkpoints
from clusterlab.finetune._history import epochs_of, how_it_ended, struck_out
from clusterlab.finetune._placement import Placement
from clusterlab.finetune._watching import Progress, Watched
from clusterlab.finetune.recipe import Recipe
from clusterlab.models.pretrained import quiet

log = logging.getLogger("clusterlab")

_OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
_SEEDS_APART = 100_003
_SCHEDULES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


@dataclass(frozen=True, kw_only=True)
class Trained:
    """epochs: as in clusterlab.training.Training. weights: the state dict of the best epoch, a
    safetensors file. resumed: the epoch that training went on from, 0 where it began anew."""

    epochs: pd.DataFrame
    best_epoch: int
    stopped: str
    weights: Path
    resumed: int


def train(
    module: torch.nn.Module,
    training: Any,
    validation: Any | None,
    recipe: Recipe,
    *,
    folder: Path,
    placement: Placement,
    groups: Sequence[dict[str, Any]],
    scores: Callable[[Any], dict[str, float]] | None = None,
    collate: Callable[[Any], Any] | None = None,
) -> Trained:
    """Train to the end, from the last checkpoint in `folder` if there is one.

    training, validation: torch datasets of keyword arguments for `module`, whose forward returns a
    dict with "loss". groups: the parameters to train, as torch optimizers take them. scores: of
    the validation images, beside the loss, from a transformers.EvalPrediction.
    Raises ComponentError where the loss is no number any more, or memory runs out, ConfigError
    where the schedule needs validation images and there are none.
    """
    recipe.check_validation(selects=validation is not None)
    last = _checkpoints.last_whole(folder)
    resumed = _checkpoints.epoch_of(last) if last else 0
    with quiet(), _own_randomness():
        if last is None or not _over(last, recipe, selects=validation is not None):
            trainer = _trainer(
                module, training, validation, recipe, folder, placement, groups, scores, collate
            )
            if last is not None:
                log.info("going on from the checkpoint of epoch %d", resumed)
            try:
                trainer.train(resume_from_checkpoint=str(last) if last else None)
            except torch.OutOfMemoryError as error:
                raise ComponentError(
                    f"The memory of {placement.device} is not enough to train with "
                    f"finetune.batch_size={recipe.batch_size}. Halve it and double "
                    "finetune.gradient_accumulation: the result is nearly the same."
                ) from error
            except ValueError as error:
                if "more than 1 value per channel" not in str(error):
                    raise
                raise ComponentError(
                    "Batch norm has nothing to learn from one image at a time, and "
                    "finetune.batch_size=1 shows no more. Use 2 or more."
                ) from error
            last = _checkpoints.last_whole(folder)
    assert last is not None
    log.info("%s", how_it_ended(epochs_of(_checkpoints.state(last)["log_history"]), recipe))
    return _trained(folder, last, recipe, resumed, selects=validation is not None)


def _trainer(
    module: torch.nn.Module,
    training: Any,
    validation: Any | None,
    recipe: Recipe,
    folder: Path,
    placement: Placement,
    groups: Sequence[dict[str, Any]],
    scores: Callable[[Any], dict[str, float]] | None,
    collate: Callable[[Any], Any] | None,
) -> transformers.Trainer:
    selects = validation is not None
    plateau = recipe.schedule == "reduce_on_plateau"
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.gradient_accumulation,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="reduce_lr_on_plateau" if plateau else _SCHEDULES[recipe.schedule],
        lr_scheduler_kwargs=_plateau(recipe) if plateau else None,
        # Below 1 it is a share of all steps.
        warmup_steps=recipe.warmup,
        max_grad_norm=recipe.clip_gradient or 0.0,
        eval_strategy="epoch" if selects else "no",
        save_strategy="epoch",
        logging_strategy="epoch",
        # With 1 the trainer would in the end delete the last one, which has the whole history.
        save_total_limit=2,
        load_best_model_at_end=selects,
        metric_for_best_model=f"eval_{recipe.select_by}" if selects else None,
        greater_is_better=recipe.select_by != "loss" if selects else None,
        logging_nan_inf_filter=False,
        label_names=["targets"] if scores else None,
        prediction_loss_only=scores is None,
        remove_unused_columns=False,
        disable_tqdm=True,
        log_level="error",
        seed=recipe.random_state,
        # The library adds the epoch: neighbouring seeds would have each other's orders.
        data_seed=recipe.random_state * _SEEDS_APART,
        dataloader_pin_memory=placement.device != "cpu",
        **placement.arguments(),
    )
    placement.confine(arguments)
    optimizer = _OPTIMIZERS[recipe.optimizer](
        list(groups), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    trainer = Watched(
        model=module,
        args=arguments,
        train_dataset=training,
        eval_dataset=validation,
        compute_metrics=scores,
        data_collator=collate or transformers.default_data_collator,
        optimizers=(optimizer, None),
        callbacks=[Progress(training, recipe, selects=selects)],
    )
    # It prints to stdout, which is for results.
    trainer.remove_callback(PrinterCallback)
    return trainer


def _plateau(recipe: Recipe) -> dict[str, Any]:
    return {
        "mode": "min" if recipe.select_by == "loss" else "max",
        "factor": recipe.plateau_factor,
        # torch counts those that it lets pass before.
        "patience": recipe.plateau_patience - 1,
        "threshold": 0.0,
        "min_lr": recipe.min_learning_rate,
    }


def _over(checkpoint: Path, recipe: Recipe, *, selects: bool) -> bool:
    """Whether training had ended with this checkpoint, and was killed before it could say so."""
    if _checkpoints.epoch_of(checkpoint) >= recipe.epochs:
        return True
    return selects and struck_out(_checkpoints.state(checkpoint)["log_history"], recipe)


def _trained(folder: Path, last: Path, recipe: Recipe, resumed: int, *, selects: bool) -> Trained:
    epochs = epochs_of(_checkpoints.state(last)["log_history"])
    chosen = _checkpoints.best(folder, last) if selects else last
    return Trained(
        epochs=epochs,
        best_epoch=_checkpoints.epoch_of(chosen),
        stopped=how_it_ended(epochs, recipe),
        weights=chosen / _checkpoints.WEIGHTS,
        resumed=resumed,
    )


@contextmanager
def _own_randomness() -> Iterator[None]:
    """The trainer seeds every generator there is; others must not notice."""
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
