"""Epoch after epoch: learning rates, early stopping, which weights are kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

from clusterlab.errors import ComponentError
from clusterlab.extractors.timm import Timm
from clusterlab.extractors.transformers import Transformers
from clusterlab.finetune._history import how_it_ended, struck_out
from clusterlab.finetune._stopping import strikes
from clusterlab.finetune._workshop import Tuning
from clusterlab.finetune.recipe import Recipe
from clusterlab.store import digest_of
from tests.finetuning import cnn, collection, extractor, finetuning, tuned, weights
from tests.models import tiny_vit


@pytest.mark.parametrize(
    ("values", "tolerance", "greater", "expected"),
    [
        ([0.5], 0, True, 0),
        ([0.5, 0.6, 0.7], 0, True, 0),
        ([0.5, 0.5], 0, True, 1),
        ([0.7, 0.6, 0.65, 0.69], 0, True, 3),
        # The study's: a strike is best - accuracy > .01.
        ([0.7, 0.695, 0.69, 0.68, 0.7], 0.01, True, 0),
        ([0.7, 0.695, 0.69, 0.68], 0.01, True, 1),
        ([0.7, 0.6, 0.71, 0.6, 0.5], 0.01, True, 2),
        ([1.0, 0.9, 0.95, 0.85], 0, False, 0),
        ([1.0, 0.9, 0.95, 0.95], 0.01, False, 2),
        ([1.0, math.nan, math.nan], 0.5, False, 2),
    ],
)
def test_strikes(values: list[float], tolerance: float, greater: bool, expected: int) -> None:
    assert strikes(values, tolerance=tolerance, greater_is_better=greater) == expected


def test_patience_counts_epochs_of_the_metric_that_selects() -> None:
    history = [
        {"epoch": epoch, "eval_loss": loss, "eval_accuracy": accuracy}
        for epoch, (loss, accuracy) in enumerate([(1.0, 0.5), (1.1, 0.6), (1.2, 0.7)], start=1)
    ]
    assert struck_out(history, Recipe(patience=2, select_by="loss"))
    assert not struck_out(history, Recipe(patience=3, select_by="loss"))
    assert not struck_out(history, Recipe(patience=1, select_by="accuracy"))
    assert not struck_out(history, Recipe(patience=None, select_by="loss"))
    ended = how_it_ended(pd.DataFrame({"epoch": [1, 2, 3]}), Recipe(patience=2, epochs=9))
    assert ended.startswith("stopped after epoch 3 of 9: 2 in a row")


def rates(tmp_path: Path, **options: Any) -> list[float]:
    """The learning rate of the last step of each epoch: 24 images, 8 a step, so 3 steps each."""
    given = {"epochs": 4, "patience": None, "learning_rate": 0.01, **options}
    training = tuned(collection(40), cnn(), finetuning(**given), tmp_path).training
    assert training is not None
    return training.epochs["learning_rate"].tolist()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"schedule": "constant"}, lambda _: 1.0),
        ({"schedule": "linear"}, lambda step: 1 - step / 12),
        ({"schedule": "cosine"}, lambda step: (1 + math.cos(math.pi * step / 12)) / 2),
        ({"schedule": "constant", "warmup": 0.5}, lambda step: min(1, step / 6)),
        ({"schedule": "linear", "warmup": 0.5}, lambda step: min(step / 6, (12 - step) / 6)),
    ],
    ids=["constant", "linear", "cosine", "constant after a warmup", "linear after a warmup"],
)
def test_schedules(
    options: dict[str, Any], expected: Callable[[int], float], tmp_path: Path
) -> None:
    found = rates(tmp_path, **options)
    assert found == pytest.approx([0.01 * expected(3 * epoch - 1) for epoch in range(1, 5)])


def test_the_rate_falls_where_the_validation_images_gain_nothing(tmp_path: Path) -> None:
    options = finetuning(
        epochs=9,
        patience=None,
        learning_rate=0.05,
        schedule="reduce_on_plateau",
        plateau_factor=0.5,
        plateau_patience=2,
        min_learning_rate=0.02,
    )
    training = tuned(collection(40), cnn(), options, tmp_path).training
    assert training is not None
    rate, best, waited, expected = 0.05, math.inf, 0, []
    for loss in training.epochs["val_loss"]:
        expected.append(rate)
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited == 2:
            rate, waited = max(rate / 2, 0.02), 0
    assert expected[-1] < 0.05, "a case in which nothing happens says nothing"
    assert training.epochs["learning_rate"].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("select_by", ["loss", "accuracy", "macro_f1"])
def test_early_stopping_keeps_the_weights_of_the_best_epoch(select_by: str, tmp_path: Path) -> None:
    """And the epochs after it are told of. As good as if that epoch had been the last."""
    options = {"learning_rate": 0.05, "patience": 2, "select_by": select_by}
    stopped = tuned(collection(40), cnn(), finetuning(epochs=20, **options), tmp_path)
    training = stopped.training
    assert training is not None
    values = training.epochs[f"val_{select_by}"].to_numpy()
    best = int(np.argmin(values) if select_by == "loss" else np.argmax(values)) + 1
    assert training.best_epoch == best
    assert training.epochs["epoch"].tolist() == list(range(1, best + 3))
    assert training.stopped == (
        f"stopped after epoch {best + 2} of 20: 2 in a row had no better validation "
        f"{select_by.replace('_', ' ')}"
    )
    assert (training.selected_by, training.splits) == (f"val_{select_by}", ("train", "val"))
    short = tuned(collection(40), cnn(), finetuning(epochs=best, **options), tmp_path)
    assert weights(short) == weights(stopped)
    longer = tuned(collection(40), cnn(), finetuning(epochs=best + 1, **options), tmp_path)
    assert weights(longer) == weights(stopped), "the epoch after the best one is not kept"


def digests(tuning: Tuning) -> dict[str, str]:
    """Of each weight; the file also tells which images it has seen."""
    assert tuning.training is not None
    state = load_file(tuning.training.weights)
    return {name: digest_of(values.numpy()) for name, values in state.items()}


def test_without_validation_images_the_last_epoch_is_kept(tmp_path: Path) -> None:
    """Validation images choose among epochs, and are in none: the epochs are the same without."""
    options = {"learning_rate": 0.05, "patience": None}
    # Validation takes a random number away, which dropout would show.
    model = cnn(dropout=[0.0, 0.0])
    whole = collection(40)
    blind = collection(40, split=["train", "train", "train", "test", "test"])
    chosen = tuned(whole, model, finetuning(epochs=6, **options), tmp_path)
    assert chosen.training is not None
    best = chosen.training.best_epoch
    assert best < 6, "a case in which the last epoch is the best says nothing"
    last = tuned(blind, model, finetuning(epochs=best, **options), tmp_path)
    assert digests(last) == digests(chosen)
    beyond = tuned(blind, model, finetuning(epochs=6, **options), tmp_path)
    assert digests(beyond) != digests(chosen)
    training = beyond.training
    assert training is not None
    assert (training.best_epoch, training.selected_by, training.splits) == (6, "", ("train",))
    assert training.stopped == "all 6 epochs were trained"
    assert "val_loss" not in training.epochs
    assert any("no validation images" in note for note in training.notes)


def test_the_head_has_a_rate_of_its_own(tmp_path: Path) -> None:
    options = {"optimizer": "sgd", "learning_rate": 1e-30, "clip_gradient": None}
    model = extractor(Transformers(model=str(tiny_vit(tmp_path / "model"))))
    before = model.instance.backbone(model.instance.build()).state_dict()
    heads = []
    for rate in (None, 0.1):
        options["head_learning_rate"] = rate
        training = tuned(collection(20), model, finetuning(**options), tmp_path).training
        assert training is not None
        after = load_file(training.weights)
        assert max(float((after[name] - before[name]).abs().max()) for name in before) < 1e-20
        heads.append(training.heads["weight"])
    assert np.abs(heads[1] - heads[0]).max() > 1e-3


def test_gradients_are_added_up_over_small_batches(tmp_path: Path) -> None:
    """Two batches of 4 are one of 8: 24 images, so that none is incomplete."""
    model = extractor(Transformers(model=str(tiny_vit(tmp_path / "model"))))
    options = {"optimizer": "sgd", "learning_rate": 0.1, "clip_gradient": None, "epochs": 1}
    small, large, other = (
        load_file(tuning.training.weights)  # type: ignore[union-attr]
        for tuning in (
            tuned(
                collection(40),
                model,
                finetuning(batch_size=size, gradient_accumulation=steps, **options),
                tmp_path,
            )
            for size, steps in ((4, 2), (8, 1), (4, 1))
        )
    )
    apart = max(float((small[name] - large[name]).abs().max()) for name in small)
    elsewhere = max(float((other[name] - large[name]).abs().max()) for name in small)
    assert apart < 1e-5 < 1e-3 < elsewhere


def test_optimizers_decay_weights_each_in_its_way(tmp_path: Path) -> None:
    def trained(optimizer: str, decay: float) -> bytes:
        options = finetuning(optimizer=optimizer, weight_decay=decay, epochs=1)
        return weights(tuned(collection(40), cnn(), options, tmp_path))

    assert trained("adam", 0.0) == trained("adamw", 0.0)
    assert len({trained(name, 0.3) for name in ("adam", "adamw", "sgd")}) == 3


def test_a_last_batch_of_one_image_waits_for_another_epoch(tmp_path: Path) -> None:
    """Batch norm that learns has nothing to learn from one image; 17 images, 16 at once."""
    model = extractor(Timm(model="resnet18", weights="random", crop=32))
    images = collection(17, split=["train"])
    tuning = tuned(images, model, finetuning(batch_size=16, epochs=1), tmp_path)
    assert np.isfinite(tuning.training.epochs["loss"]).all()  # type: ignore[union-attr]
    with pytest.raises(ComponentError, match=r"finetune.batch_size=1 .* Use 2 or more"):
        tuned(images, model, finetuning(batch_size=1, epochs=1), tmp_path)
