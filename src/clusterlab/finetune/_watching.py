"""What clusterlab adds to transformers.Trainer: progress, early stopping, an eye on the loss."""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from tqdm import tqdm

from clusterlab.errors import ComponentError
from clusterlab.finetune import _checkpoints
from clusterlab.finetune._history import best_epoch, epochs_of, struck_out
from clusterlab.finetune.recipe import Recipe

log = logging.getLogger("clusterlab")

_NAMES = {
    "loss": "loss",
    "val_loss": "val loss",
    "val_accuracy": "accuracy",
    "val_macro_f1": "macro F1",
}


class Watched(transformers.Trainer):
    """Stops where the loss is no number, before that spoils the weights or a checkpoint; notes what
    epochs take."""

    def training_step(self, *args: Any, **settings: Any) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(*args, **settings)
        if not torch.isfinite(loss).all():
            epoch = int(self.state.epoch or 0) + 1
            raise self._no_number("loss", loss.sum().item(), epoch, self._get_learning_rate())
        return loss

    def get_train_dataloader(self) -> torch.utils.data.DataLoader[Any]:
        # Of a single image batch norm has no statistics: it waits for another epoch.
        shown: Any = self.train_dataset
        alone = len(shown) % self._train_batch_size == 1 < self._train_batch_size
        self.args.dataloader_drop_last = alone and _learns_statistics(self.model)
        try:
            loader: torch.utils.data.DataLoader[Any] = super().get_train_dataloader()
        finally:
            self.args.dataloader_drop_last = False
        return loader

    def evaluate(self, *args: Any, **settings: Any) -> dict[str, float]:
        metrics = super().evaluate(*args, **settings)
        if not math.isfinite(metrics["eval_loss"]):
            raise self._no_number("validation loss", metrics["eval_loss"], *self._last_epoch())
        return metrics

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            (began,) = (c.began for c in self.callback_handler.callbacks if isinstance(c, Progress))
            logs["seconds"] = round(time.perf_counter() - began, 3)
        super().log(logs, start_time)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        module: Any = self.model
        state = module.state_dict() if state_dict is None else state_dict
        # What an epoch's last step did to the weights shows in no loss where nothing validates.
        for values in state.values():
            if not torch.isfinite(values).all():
                raise self._no_number("weights", math.nan, *self._last_epoch())
        # As convolutions lie in memory for speed, they cannot be written.
        super()._save(output_dir, {name: values.contiguous() for name, values in state.items()})

    def _last_epoch(self) -> tuple[int, float]:
        """The one that has just ended, and its learning rate."""
        rates = [entry["learning_rate"] for entry in self.state.log_history if "loss" in entry]
        return round(self.state.epoch or 0), rates[-1]

    def _no_number(self, what: str, value: float, epoch: int, rate: float) -> ComponentError:
        kept = _checkpoints.last_whole(Path(str(self.args.output_dir)))
        good = (
            f"The checkpoint of epoch {_checkpoints.epoch_of(kept)} is kept: {kept}" if kept else ""
        )
        return ComponentError(
            f"The {what} became {value} in epoch {epoch} of the training, at a learning rate of "
            f"{rate:.3g}. {good or 'No epoch was finished before'}. Lower finetune.learning_rate, "
            "or use precision=fp32."
        )


def _learns_statistics(module: Any) -> bool:
    norms = torch.nn.modules.batchnorm._BatchNorm
    return any(part.training for part in module.train().modules() if isinstance(part, norms))


class Progress(transformers.TrainerCallback):
    """Says how far training is, tells the data set which epoch it draws for, and stops early."""

    def __init__(self, training: Any, recipe: Recipe, *, selects: bool) -> None:
        self.began = time.perf_counter()
        self._training = training
        self._recipe = recipe
        self._selects = selects
        self._bar: Any = None

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.began = time.perf_counter()
        epoch = round(state.epoch or 0)
        self._training.epoch = epoch
        name = f"epoch {epoch + 1}/{self._recipe.epochs}"
        steps = int(state.max_steps // args.num_train_epochs)
        self._bar = tqdm(total=steps, desc=name, disable=None, leave=False)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._bar.update()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._bar.close()

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if struck_out(state.log_history, self._recipe):
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        epochs = epochs_of(state.log_history)
        row = epochs.iloc[-1].dropna()
        best = self._selects and best_epoch(epochs, self._recipe) == row["epoch"]
        said = [f"{_NAMES[name]} {row[name]:.3f}" for name in _NAMES if name in row]
        log.info(
            "epoch %d/%d: %s, %.1f s%s",
            *(row["epoch"], self._recipe.epochs, ", ".join(said), row["seconds"]),
            " (best)" if best else "",
        )
