"""What a fine-tuning learns by: labels and their loss; and what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score
from torch import nn

from clusterlab.components import Component
from clusterlab.errors import ComponentError, ConfigError, DataError
from clusterlab.extractors.hog import Hog
from clusterlab.extractors.timm import Timm
from clusterlab.finetune._heads import Heads
from clusterlab.finetune._lesson import Lesson
from clusterlab.finetune._targets import MISSING, Target, scores
from clusterlab.finetune.classifier import Classifier
from tests.finetuning import cnn, collection, extractor, finetuning, tuned


class Flat(nn.Module):
    """Stands for a model: an image's first values are its features."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.float().flatten(1)[:, :5]


def heads_on(*targets: Target, backbone: nn.Module | None = None, **options: Any) -> Heads:
    given = {"n_features": 5, "dropout": 0.0, "label_smoothing": 0.0, **options}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Heads(backbone or Flat(), targets, **given)


def logits_of(module: Heads, pixels: torch.Tensor) -> list[np.ndarray]:
    """By hand: features · W + b of each head, (b, c) float64."""
    values = pixels.double().numpy().reshape(len(pixels), -1)[:, :5]
    found = []
    for head in module.heads:
        weight, bias = (p.detach().double().numpy() for p in (head.weight, head.bias))
        found.append(values @ weight.T + bias)
    return found


def cross_entropy(
    logits: np.ndarray, true: np.ndarray, weight: np.ndarray | None = None, smoothing: float = 0.0
) -> float:
    """Mean over the images, weighted by their class, of -Σ q log p."""
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    n_classes = logits.shape[1]
    each = np.ones(n_classes) if weight is None else weight
    wanted = np.eye(n_classes)[true] * (1 - smoothing) + smoothing / n_classes
    return float(-(wanted * each * log_p).sum() / each[true].sum())


def binary_cross_entropy(
    logits: np.ndarray, true: np.ndarray, weight: np.ndarray | float = 1.0
) -> float:
    p = 1 / (1 + np.exp(-logits))
    return float(-np.mean(weight * true * np.log(p) + (1 - true) * np.log(1 - p)))


@pytest.fixture
def batch() -> torch.Tensor:
    """Six images of values below 1, so that no class is certain."""
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.normal(0, 1, (6, 1, 5, 1)).astype(np.float32))


KIND = Target(column="kind", classes=("a", "b", "c"), weight=0.7)
PLACE = Target(column="place", classes=("x", "y"), weight=0.3)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("class_weights", [None, [0.5, 2.0, 1.5]])
def test_the_loss_is_the_weighted_sum_of_the_columns_cross_entropies(
    smoothing: float, class_weights: list[float] | None, batch: torch.Tensor
) -> None:
    known = None if class_weights is None else np.array(class_weights, np.float32)
    kind = Target(column="kind", classes=("a", "b", "c"), weight=0.7, class_weights=known)
    module = heads_on(kind, PLACE, label_smoothing=smoothing)
    first, second = np.array([0, 1, 2, 1, 0, 0]), np.array([1, 1, 0, 1, 0, 1])
    targets = torch.tensor(np.stack([first, second], axis=1), dtype=torch.float32)
    of_kind, of_place = logits_of(module, batch)
    expected = 0.7 * cross_entropy(of_kind, first, known, smoothing)
    expected += 0.3 * cross_entropy(of_place, second, None, smoothing)
    assert module(batch, targets)["loss"].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("weight", [None, [3.0, 0.5]])
def test_of_a_column_of_several_values_each_value_is_a_question_of_its_own(
    weight: list[float] | None, batch: torch.Tensor
) -> None:
    known = None if weight is None else np.array(weight, np.float32)
    tags = Target(column="tags", classes=("s", "t"), multi_valued=True, class_weights=known)
    module = heads_on(tags, label_smoothing=0.1)
    true = np.array([[0, 1], [1, 1], [0, 0], [1, 0], [1, 1], [0, 1]], float)
    (logits,) = logits_of(module, batch)
    # A yes is asked for less surely, and so is a no.
    expected = binary_cross_entropy(logits, 0.9 * true + 0.05, 1.0 if known is None else known)
    found = module(batch, torch.tensor(true, dtype=torch.float32))["loss"].item()
    assert found == pytest.approx(expected, rel=1e-5)


def test_an_image_without_a_label_in_one_column_serves_the_others(batch: torch.Tensor) -> None:
    module = heads_on(KIND, PLACE)
    first = np.array([0, MISSING, 2, MISSING, MISSING, 1])
    second = np.array([MISSING, 1, 0, MISSING, 1, 0])
    targets = torch.tensor(np.stack([first, second], axis=1), dtype=torch.float32)
    of_kind, of_place = logits_of(module, batch)
    has_kind, has_place = first != MISSING, second != MISSING
    expected = 0.7 * cross_entropy(of_kind[has_kind], first[has_kind].astype(int))
    expected += 0.3 * cross_entropy(of_place[has_place], second[has_place].astype(int))
    assert module(batch, targets)["loss"].item() == pytest.approx(expected, rel=1e-5)


def test_a_batch_without_any_label_teaches_nothing(batch: torch.Tensor) -> None:
    module = heads_on(KIND, PLACE)
    loss = module(batch, torch.full((6, 2), MISSING))["loss"]
    loss.backward()
    assert loss.item() == 0
    assert all(not p.grad.any() for p in module.parameters())


def test_dropout_is_of_the_training_alone(batch: torch.Tensor) -> None:
    module = heads_on(KIND, dropout=0.5)
    one, two = (module.train()(batch)["logits"] for _ in range(2))
    assert not torch.equal(one, two)
    (expected,) = logits_of(module, batch)
    np.testing.assert_allclose(module.eval()(batch)["logits"].detach(), expected, rtol=1e-4)


def test_what_the_network_asks_for_itself_is_added_to_the_loss() -> None:
    """The CNN's L2 penalty, by hand: l2 times the sum of all squared kernels."""
    penalized, free = (cnn(l2=l2, dropout=[0, 0]).instance.build() for l2 in (0.03, 0.0))
    pixels = torch.randint(0, 256, (4, 8, 8, 3), dtype=torch.uint8)
    targets = torch.tensor([[0.0], [1.0], [2.0], [1.0]])
    losses = [
        heads_on(KIND, backbone=module, n_features=8)(pixels, targets)["loss"].item()
        for module in (penalized, free)
    ]
    kernels = [p for name, p in free.named_parameters() if p.ndim > 1]
    expected = 0.03 * sum(float((p.detach().double() ** 2).sum()) for p in kernels)
    assert losses[0] - losses[1] == pytest.approx(expected, rel=1e-4)


def test_cells_become_numbers_and_unknown_values_are_missing() -> None:
    assert KIND.encode(["a", "c", None, "z"]).ravel().tolist() == [0, 2, MISSING, MISSING]
    tags = Target(column="tags", classes=("s", "t"), multi_valued=True)
    assert tags.encode([("t",), (), ("z",), ("s", "z")]).tolist() == [
        [0, 1],
        [MISSING, MISSING],
        [MISSING, MISSING],
        [1, 0],
    ]


def test_scores_are_the_mean_over_the_columns() -> None:
    tags = Target(column="tags", classes=("s", "t"), multi_valued=True)
    logits = np.array([[2, 0, 1, 9, -9], [0, 3, 1, -9, -9], [0, 2, 1, 9, 9], [0, 2, 1, 9, 9.0]])
    encoded = np.array([[0, 1, 0], [1, 0, 0], [0, 1, 0], [MISSING, MISSING, MISSING]])
    found = scores([KIND, tags], logits, encoded)
    kind_f1 = f1_score([0, 1, 0], [0, 1, 1], average="macro")
    tags_f1 = f1_score([1, 0, 1], [1, 0, 1])  # "t" is nowhere, and counts for nothing
    assert found["accuracy"] == pytest.approx((2 / 3 + 5 / 6) / 2)
    assert found["macro_f1"] == pytest.approx((kind_f1 + tags_f1) / 2)


def lesson(labels: dict[str, list[Any]], columns: list[str], **options: Any) -> Lesson:
    n = len(next(iter(labels.values())))
    multi_valued = [name for name in columns if name == "tags"]
    images = collection(n, labels=labels, multi_valued=multi_valued, split=["train"])
    return Lesson.of(images, columns, **options)


def test_balanced_classes_weigh_the_same() -> None:
    labels = {"kind": ["a"] * 6 + ["b"] * 2 + [None] * 2}
    (target,) = lesson(labels, ["kind"], class_weights="balanced").targets
    assert target.class_weights is not None
    np.testing.assert_allclose(target.class_weights * [6, 2], [4, 4])


def test_balanced_values_weigh_as_much_as_their_absence() -> None:
    """Among the images that have a label; the others add nothing to the loss."""
    labels = {"tags": [("s",)] * 3 + [("s", "t")] + [()] * 4, "kind": ["a", "b"] * 4}
    first, _ = lesson(labels, ["tags", "kind"], class_weights="balanced").targets
    assert first.class_weights is not None
    # "s" is there 4 times of 4, "t" once of 4.
    np.testing.assert_allclose(first.class_weights, [1e-3, 3.0])


def test_without_weights_columns_share_evenly() -> None:
    labels = {"a": ["x", "y"] * 2, "b": ["x", "y"] * 2}
    assert [target.weight for target in lesson(labels, ["a", "b"]).targets] == [0.5, 0.5]
    given = lesson(labels, ["a", "b"], column_weights=(3.0, 0.7)).targets
    assert [target.weight for target in given] == [3.0, 0.7]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"epochs": 0}, "finetune.epochs is 0; it must be a whole number of at least 1"),
        ({"epochs": 2.5}, "finetune.epochs is 2.5"),
        ({"batch_size": 0}, "finetune.batch_size is 0"),
        ({"gradient_accumulation": 0}, "finetune.gradient_accumulation is 0"),
        ({"patience": 0}, "finetune.patience is 0"),
        ({"learning_rate": 0}, "finetune.learning_rate is 0; it must be above 0"),
        ({"learning_rate": math.inf}, "finetune.learning_rate is inf"),
        ({"learning_rate": math.nan}, "finetune.learning_rate is nan"),
        ({"head_learning_rate": -1}, "finetune.head_learning_rate is -1"),
        ({"weight_decay": -0.1}, "finetune.weight_decay is -0.1"),
        ({"tolerance": math.inf}, "finetune.tolerance is inf"),
        ({"warmup": 1}, "finetune.warmup is 1; it must be in [0, 1)"),
        ({"warmup": 0.1, "schedule": "reduce_on_plateau"}, "another schedule"),
        ({"plateau_factor": 1}, "finetune.plateau_factor is 1; it must be in (0, 1)"),
        ({"plateau_patience": 0}, "finetune.plateau_patience is 0"),
        ({"clip_gradient": 0}, "finetune.clip_gradient is 0"),
        ({"optimizer": "adamm"}, "Did you mean 'adam'? Use adam, adamw or sgd."),
        ({"schedule": "cosin"}, "Did you mean 'cosine'?"),
        ({"select_by": "acuracy"}, "Did you mean 'accuracy'?"),
        ({"frozen": 1.0}, "finetune.frozen is 1: nothing of the extractor would be trained"),
        ({"frozen": -0.5}, "finetune.frozen is -0.5; it must be in [0, 1)"),
        ({"dropout": 1.0}, "finetune.dropout is 1.0"),
        ({"label_smoothing": 1.0}, "finetune.label_smoothing is 1.0"),
        ({"class_weights": "even"}, "finetune.class_weights is 'even'; it must be balanced"),
        ({"features": "logits"}, "it must be embedding or probabilities"),
        ({"columns": ()}, "must name one column or more"),
        ({"columns": ("a", "a")}, "each once"),
        ({"columns": ("a", "b"), "column_weights": (1,)}, "1 values [1] for 2 columns ['a', 'b']"),
        ({"column_weights": (1, 2)}, "2 values [1, 2] for 1 columns ['the first']"),
        ({"columns": ("a", "b"), "column_weights": (1, 0)}, "each must be above 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else None,
)
def test_a_recipe_that_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Classifier(**options)
    assert says in str(caught.value)
    assert len(caught.value.problems) == 1


def test_all_that_is_wrong_with_a_recipe_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Classifier(epochs=0, frozen=2, dropout=-1, schedule="none")
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (extractor(Hog(), "hog"), "extractor=hog is no such model: use finetune=none"),
        (
            extractor(Timm(model="resnet18", weights="random", output="logits")),
            "extractor.output=logits is what the old head says",
        ),
    ],
    ids=["no model", "logits"],
)
def test_an_extractor_that_cannot_be_trained(model: Component, says: str, tmp_path: Path) -> None:
    with pytest.raises(ComponentError) as caught:
        tuned(collection(), model, finetuning(), tmp_path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("given", "options", "says"),
    [
        ({}, {"columns": ("knid",)}, "names 'knid', which is no label column. Did you mean 'kind'"),
        ({"labels": {}}, {}, "has no label column, and fine-tuning learns from labels"),
        ({"split": ["all"]}, {}, "has none named train (it has all)"),
        ({"split": ["test", "val"]}, {}, "(it has test, val)"),
        ({"labels": {"kind": [None]}}, {}, "None of the 24 training images has a label in kind"),
        ({"labels": {"kind": ["a"]}}, {}, "only one class in 'kind'"),
        (
            {"split": ["train", "train", "test"]},
            {"schedule": "reduce_on_plateau"},
            "finetune.schedule=reduce_on_plateau looks at the validation images",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else str(value),
)
def test_labels_that_cannot_be_learned(
    given: dict[str, Any], options: dict[str, Any], says: str, tmp_path: Path
) -> None:
    images = collection(40, **given)
    if given.get("labels") == {}:
        images = replace(images, labels=pd.DataFrame(index=range(40)))
    with pytest.raises((DataError, ConfigError)) as caught:
        tuned(images, cnn(), finetuning(**options), tmp_path)
    assert says in str(caught.value)


def test_half_precision_cannot_train_on_a_cpu(tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"precision=fp16 cannot train on cpu.*bf16 or fp32"):
        tuned(collection(), cnn(), finetuning(), tmp_path, precision="fp16")
