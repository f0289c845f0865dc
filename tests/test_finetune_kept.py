"""What a fine-tuning leaves: the same bytes each time; gone on with after a cut; used again."""

from __future__ import annotations

import json
import os
import random
import re
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from safetensors.torch import load_file

from clusterlab.components import Component
from clusterlab.errors import ComponentError, DataError, OutputError
from clusterlab.extractors.engine import extract
from clusterlab.finetune._lesson import Lesson
from clusterlab.finetune._placement import Placement
from clusterlab.finetune._teaching import Teaching
from clusterlab.finetune._workshop import Tuning, Workshop
from clusterlab.types import Collection, Compute, Decoding, MemoryImage
from tests.finetuning import cnn, collection, extractor, finetuning, picture, tuned, weights

EXACT = Compute(device="cpu", precision="fp32")
FROM_STORE = "of a finished training from the store"


class Drawn:
    """An augmentation as a user may write one. stop: called with the number of images drawn."""

    def __init__(self, stop: Callable[[int], None] = lambda _: None) -> None:
        self.calls = 0
        self._stop = stop

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self._stop(self.calls)
        return image.flip(2) if torch.rand(1) < 0.5 else image // 2

    def __repr__(self) -> str:
        return "Drawn"


def at(number: int) -> Callable[[int], None]:
    """Presses Ctrl-C when so many images were drawn."""

    def stop(calls: int) -> None:
        if calls == number:
            raise KeyboardInterrupt

    return stop


# All that draws at random, or changes with the epoch; 24 images, so 3 steps an epoch.
EVERYTHING: dict[str, Any] = {
    "epochs": 5,
    "patience": None,
    "schedule": "cosine",
    "warmup": 0.1,
    "dropout": 0.3,
    "label_smoothing": 0.1,
}
PLATEAU: dict[str, Any] = {
    "epochs": 12,
    "patience": 4,
    "learning_rate": 0.05,
    "schedule": "reduce_on_plateau",
    "plateau_patience": 1,
    "gradient_accumulation": 2,
    "optimizer": "adam",
}


def interrupted(
    options: dict[str, Any], folder: Path, *, drawn: int, images: Collection | None = None
) -> Path:
    """Stops a training in `folder` once so many images were drawn; returns where it was kept."""
    component = finetuning(**options, augmentation=Drawn(at(drawn)))
    with pytest.raises(KeyboardInterrupt):
        tuned(images or collection(40), cnn(), component, folder)
    (place,) = (found for found in (folder / "finetuned").iterdir() if found.is_dir())
    return place


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Tuning:
    component = finetuning(**EVERYTHING, augmentation=Drawn())
    return tuned(collection(40), cnn(), component, tmp_path_factory.mktemp("whole"))


def test_the_same_seed_gives_the_same_bytes(uninterrupted: Tuning, tmp_path: Path) -> None:
    again = tuned(collection(40), cnn(), finetuning(**EVERYTHING, augmentation=Drawn()), tmp_path)
    assert again.store.startswith("trained")
    assert weights(again) == weights(uninterrupted)
    other = finetuning(**EVERYTHING, augmentation=Drawn(), random_state=1)
    assert weights(tuned(collection(40), cnn(), other, tmp_path)) != weights(uninterrupted)


def test_neither_names_nor_the_order_of_the_rows_matter(
    uninterrupted: Tuning, tmp_path: Path
) -> None:
    whole = collection(40)
    order = np.random.default_rng(1).permutation(40).tolist()
    shuffled = replace(
        whole,
        ids=tuple(f"renamed {row:03}" for row in range(40)),
        images=tuple(whole.images[row] for row in order),
        digests=tuple(whole.digests[row] for row in order),
        labels=whole.labels.iloc[order].reset_index(drop=True),
        split=whole.split[order],
    )
    component = finetuning(**EVERYTHING, augmentation=Drawn())
    assert weights(tuned(shuffled, cnn(), component, tmp_path)) == weights(uninterrupted)
    assert FROM_STORE in tuned(whole, cnn(), component, tmp_path).store


def test_every_epoch_draws_its_images_anew(tmp_path: Path) -> None:
    """And the same ones under the same seed."""
    shown: list[bytes] = []

    class Recorded(Drawn):
        def __call__(self, image: torch.Tensor) -> torch.Tensor:
            drawn = super().__call__(image)
            shown.append(drawn.numpy().tobytes())
            return drawn

    component = finetuning(epochs=3, augmentation=Recorded())
    tuned(collection(40), cnn(), component, tmp_path / "one")
    assert len(shown) == 72
    epochs = [set(shown[start : start + 24]) for start in (0, 24, 48)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    first = list(shown)
    # Whatever else is drawn at random, and however many images come together.
    for options in ({}, {"batch_size": 4}):
        shown.clear()
        component = finetuning(epochs=3, augmentation=Recorded(), **options)
        tuned(collection(40), cnn(), component, tmp_path / f"again {options}")
        assert shown == first


def test_every_epoch_has_an_order_of_its_own(tmp_path: Path) -> None:
    orders: list[list[bytes]] = []
    for seed in (0, 1):
        shown: list[bytes] = []

        def note(image: torch.Tensor, shown: list[bytes] = shown) -> torch.Tensor:
            shown.append(image.numpy().tobytes())
            return image

        tuned(collection(40), cnn(), finetuning(augmentation=note, random_state=seed), tmp_path)
        orders += [shown[:24], shown[24:]]
    assert len({tuple(sorted(order)) for order in orders}) == 1
    assert len({tuple(order) for order in orders}) == 4


@pytest.mark.parametrize("options", [EVERYTHING, PLATEAU], ids=["cosine", "plateau"])
def test_interrupted_and_gone_on_with_is_the_same_as_uninterrupted(
    options: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "clusterlab")
    whole = tuned(
        collection(40), cnn(), finetuning(**options, augmentation=Drawn()), tmp_path / "whole"
    )
    interrupted(options, tmp_path / "cut", drawn=2 * 24 + 10)
    interrupted(options, tmp_path / "cut", drawn=24 + 5)
    caplog.clear()
    drawn = Drawn()
    rest = tuned(collection(40), cnn(), finetuning(**options, augmentation=drawn), tmp_path / "cut")
    assert "going on from the checkpoint of epoch 3" in caplog.text
    assert weights(rest) == weights(whole)
    assert rest.training is not None
    assert whole.training is not None
    assert drawn.calls == 24 * (len(whole.training.epochs) - 3)
    assert rest.training.best_epoch == whole.training.best_epoch
    assert rest.training.stopped == whole.training.stopped
    assert rest.training.facts["resumed_after_epoch"] == 3
    for name, values in whole.training.heads.items():
        np.testing.assert_array_equal(rest.training.heads[name], values)
    pd.testing.assert_frame_equal(
        rest.training.epochs.drop(columns="seconds"), whole.training.epochs.drop(columns="seconds")
    )


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("spoil", "epoch"),
    [
        (lambda last, _: (last / "trainer_state.json").unlink(), 1),
        (lambda last, _: cut(last / "model.safetensors"), 1),
        (lambda last, _: cut(last / "optimizer.pt"), 1),
        (lambda _, first: (first / "trainer_state.json").unlink(), 2),
    ],
    ids=["no state", "weights", "optimizer", "an older one"],
)
def test_a_checkpoint_that_was_not_written_to_its_end_is_passed_over(
    spoil: Callable[[Path, Path], None],
    epoch: int,
    uninterrupted: Tuning,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "clusterlab")
    place = interrupted(EVERYTHING, tmp_path, drawn=2 * 24 + 10)
    spoil(place / "checkpoint-6", place / "checkpoint-3")
    rest = tuned(collection(40), cnn(), finetuning(**EVERYTHING, augmentation=Drawn()), tmp_path)
    assert f"going on from the checkpoint of epoch {epoch}" in caplog.text
    assert weights(rest) == weights(uninterrupted)


def test_where_the_best_checkpoint_is_spoiled_training_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the last weights would be taken for the best ones."""
    caplog.set_level("INFO", "clusterlab")
    options = {"epochs": 6, "patience": None, "learning_rate": 0.05}
    whole = tuned(
        collection(40), cnn(), finetuning(**options, augmentation=Drawn()), tmp_path / "whole"
    )
    assert whole.training is not None
    best = whole.training.best_epoch
    assert best < 5, "a case in which the last epoch is the best says nothing"
    place = interrupted(options, tmp_path / "cut", drawn=5 * 24 + 1)
    assert (place / "checkpoint-15").is_dir()
    cut(place / f"checkpoint-{3 * best}" / "model.safetensors")
    caplog.clear()
    component = finetuning(**options, augmentation=Drawn())
    rest = tuned(collection(40), cnn(), component, tmp_path / "cut")
    assert "going on from" not in caplog.text
    assert weights(rest) == weights(whole)


@pytest.mark.parametrize("options", [EVERYTHING, PLATEAU], ids=["all epochs", "stopped early"])
def test_killed_after_the_last_epoch_nothing_is_trained_again(
    options: dict[str, Any], tmp_path: Path
) -> None:
    """Between the last checkpoint and what says that all is done."""
    images, drawn = collection(40), Drawn()
    component = finetuning(**options, augmentation=drawn)
    workshop = Workshop(
        root=tmp_path,
        config=component.config,
        decoding=Decoding(),
        compute=Compute(device="cpu"),
        workers=2,
    )
    lesson = Lesson.of(images, ["kind"])
    placement = Placement.of(Compute(device="cpu", precision="fp32"), workers=2)
    teaching = Teaching(cnn(), lesson, component.instance, workshop, placement)
    first = teaching.work(tmp_path)
    n_drawn = drawn.calls
    assert n_drawn == 24 * len(first.epochs)
    second = teaching.work(tmp_path)
    assert drawn.calls == n_drawn
    assert (second.best_epoch, second.stopped) == (first.best_epoch, first.stopped)
    assert all(torch.equal(first.state[name], second.state[name]) for name in first.state)
    assert all((first.heads[name] == second.heads[name]).all() for name in first.heads)


def test_checkpoints_of_another_config_are_refused(tmp_path: Path) -> None:
    place = interrupted(EVERYTHING, tmp_path, drawn=2 * 24 + 10)
    file = place / "description.json"
    described = json.loads(file.read_text())
    described["finetune"]["learning_rate"] = 0.5
    file.write_text(json.dumps(described))
    with pytest.raises(DataError) as caught:
        tuned(collection(40), cnn(), finetuning(**EVERYTHING, augmentation=Drawn()), tmp_path)
    assert f"The checkpoints in {place} are of another config" in str(caught.value)
    assert "Delete that folder and run again." in str(caught.value)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_takes_no_more_leaves_the_last_checkpoint(
    uninterrupted: Tuning, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The real thing, a disk that is full, is in test_finetune_runs.py."""
    caplog.set_level("INFO", "clusterlab")

    def fill(calls: int) -> None:
        if calls == 2 * 24 + 10:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))

    component = finetuning(**EVERYTHING, augmentation=Drawn(fill))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    with pytest.raises(OutputError) as caught, files_no_larger_than(hard):
        tuned(collection(40), cnn(), component, tmp_path)
    said = str(caught.value)
    assert re.match(r"Cannot keep the fine-tuning in .*: File too large\. Free some space", said)
    assert "the same command then goes on from the last checkpoint" in said
    rest = tuned(collection(40), cnn(), finetuning(**EVERYTHING, augmentation=Drawn()), tmp_path)
    assert "going on from the checkpoint of epoch 2" in caplog.text
    assert weights(rest) == weights(uninterrupted)


def test_nothing_but_the_result_stays(uninterrupted: Tuning) -> None:
    assert uninterrupted.training is not None
    assert sorted(file.name for file in uninterrupted.training.weights.parent.iterdir()) == [
        "description.json",
        "finetuned.safetensors",
        "finished.json",
        "heads.safetensors",
        "used",
    ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds one fine-tuning, of the defaults."""
    folder = tmp_path_factory.mktemp("finished")
    tuned(collection(40), cnn(), finetuning(), folder)
    return folder


def relabelled(split: str) -> Collection:
    images = collection(40)
    row = int(np.flatnonzero(images.split == split)[0])
    other = "class 1" if images.labels["kind"][row] == "class 0" else "class 0"
    labels = images.labels.copy()
    labels.loc[row, "kind"] = other
    return replace(images, labels=labels)


@pytest.mark.parametrize(
    ("images", "options"),
    [
        (collection(40), {}),
        (relabelled("test"), {}),
        (collection(40), {"features": "probabilities"}),
    ],
    ids=["all the same", "a test label", "features=probabilities"],
)
def test_what_is_done_is_used_again(
    images: Collection, options: dict[str, Any], finished: Path
) -> None:
    assert FROM_STORE in tuned(images, cnn(), finetuning(**options), finished).store


@pytest.mark.parametrize(
    ("images", "model", "options", "others"),
    [
        (relabelled("train"), cnn(), {}, {}),
        (relabelled("val"), cnn(), {}, {}),
        (collection(40, split=["train"]), cnn(), {}, {}),
        (collection(40, seed=1), cnn(), {}, {}),
        (collection(40), cnn(), {"learning_rate": 0.02}, {}),
        (collection(40), cnn(), {"random_state": 1}, {}),
        (collection(40), cnn(random_state=1), {}, {}),
        (collection(40), cnn(size=12), {}, {}),
        (collection(40), cnn(), {}, {"decoding": Decoding(background="black")}),
        (collection(40), cnn(), {}, {"precision": "bf16"}),
    ],
    ids=[
        *("a training label", "a validation label", "the split", "the pixels", "a setting"),
        *("the seed", "the first weights", "the size", "the background", "the precision"),
    ],
)
def test_what_decides_the_weights_trains_anew(
    images: Collection,
    model: Component,
    options: dict[str, Any],
    others: dict[str, Any],
    finished: Path,
) -> None:
    tuning = tuned(images, model, finetuning(**options), finished, **others)
    assert tuning.store.startswith("trained"), tuning.store
    assert FROM_STORE in tuned(images, model, finetuning(**options), finished, **others).store


def test_other_weights_of_the_same_model_are_tuned_anew(tmp_path: Path) -> None:
    """And the weights that are left are a file that the extractor takes, for the same vectors."""
    first = tuned(collection(40), cnn(), finetuning(), tmp_path)
    assert first.training is not None
    from_file = cnn(weights=str(first.training.weights))
    of_file = extract(collection(40), from_file, compute=EXACT).features.values
    of_tuning = extract(collection(40), first.extractor, compute=EXACT).features.values
    np.testing.assert_array_equal(of_file, of_tuning)
    assert tuned(collection(40), from_file, finetuning(), tmp_path).store.startswith("trained")


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def several(n: int = 60) -> Collection:
    """Two columns with holes in both, one of several values."""
    return collection(
        n,
        n_classes=3,
        labels={
            "kind": ["class 0", "class 1", "class 2", None, "class 1", "class 2"],
            "tags": [("s",), ("t",), ("s", "t"), ("s",), (), ()],
        },
        multi_valued=["tags"],
        split=[*["train"] * 7, *["val"] * 3, *["test"] * 2],
    )


@pytest.fixture(scope="module")
def two_heads(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Tuning]:
    folder = tmp_path_factory.mktemp("heads")
    options = {
        "columns": ("tags", "kind"),
        "column_weights": (0.3, 0.7),
        "epochs": 6,
        "learning_rate": 0.05,
    }
    return folder, options, tuned(several(), cnn(l2=0.0), finetuning(**options), folder)


def test_predictions_are_what_the_heads_make_of_the_features(
    two_heads: tuple[Path, dict[str, Any], Tuning],
) -> None:
    *_, tuning = two_heads
    features = extract(several(), tuning.extractor, compute=EXACT).features
    assert tuning.training is not None
    heads = tuning.training.heads
    logits = features.values.astype(np.float64) @ heads["weight"].T + heads["bias"]
    tags, kind = tuning.predict(features, ())
    assert (tags.column, tags.classes, tags.multi_valued) == ("tags", ("s", "t"), True)
    assert (kind.column, kind.multi_valued) == ("kind", False)
    assert kind.classes == ("class 0", "class 1", "class 2")
    np.testing.assert_allclose(tags.scores, 1 / (1 + np.exp(-logits[:, :2])), atol=1e-6)
    np.testing.assert_allclose(kind.scores, softmax(logits[:, 2:]), atol=1e-6)


def test_the_log_of_the_best_epoch_tells_of_the_weights_that_are_kept(
    two_heads: tuple[Path, dict[str, Any], Tuning],
) -> None:
    """The validation loss and accuracy again, from what the kept model says, by hand."""
    *_, tuning = two_heads
    images = several()
    features = extract(images, tuning.extractor, compute=EXACT).features
    tags, kind = tuning.predict(features, ())
    val = images.split == "val"
    has_kind = val & images.labels["kind"].notna().to_numpy()
    has_tags = val & np.array([bool(cell) for cell in images.labels["tags"]])
    true = np.array([kind.classes.index(c) for c in images.labels["kind"][has_kind]])
    sets = images.labels["tags"][has_tags]
    wanted = np.array([[tag in cell for tag in tags.classes] for cell in sets])
    p, q = kind.scores[has_kind].astype(float), tags.scores[has_tags].astype(float)
    loss = 0.7 * -np.log(p[np.arange(len(p)), true]).mean()
    loss += 0.3 * -np.where(wanted, np.log(q), np.log(1 - q)).mean()
    accuracy = ((p.argmax(axis=1) == true).mean() + ((q > 0.5) == wanted).mean()) / 2
    assert tuning.training is not None
    logged = tuning.training.epochs.set_index("epoch").loc[tuning.training.best_epoch]
    # Both losses are means over batches of 8 of the 15 validation images: near, not equal.
    assert logged["val_accuracy"] == pytest.approx(accuracy)
    assert logged["val_loss"] == pytest.approx(loss, rel=0.1)


def test_the_weights_of_the_columns_matter(
    two_heads: tuple[Path, dict[str, Any], Tuning], tmp_path: Path
) -> None:
    _, options, tuning = two_heads
    others = {**options, "column_weights": (0.7, 0.3)}
    turned = tuned(several(), cnn(l2=0.0), finetuning(**others), tmp_path)
    assert weights(turned) != weights(tuning)


def test_probabilities_can_be_the_features(
    two_heads: tuple[Path, dict[str, Any], Tuning],
) -> None:
    folder, options, tuning = two_heads
    component = finetuning(**options, features="probabilities")
    intense = tuned(several(), cnn(l2=0.0), component, folder)
    assert FROM_STORE in intense.store
    vectors = extract(several(), intense.extractor, compute=EXACT).features
    plain = extract(several(), tuning.extractor, compute=EXACT).features
    expected = np.hstack([said.scores for said in tuning.predict(plain, ())])
    np.testing.assert_allclose(vectors.values, expected, atol=1e-6)
    for one, other in zip(intense.predict(vectors, ()), tuning.predict(plain, ()), strict=True):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)
        assert (one.column, one.classes) == (other.column, other.classes)


def test_an_image_that_cannot_be_read_costs_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "clusterlab")
    images = collection(40)
    broken = list(images.images)
    broken[0] = broken[10] = MemoryImage(b"no picture")
    broken[3] = MemoryImage(b"no picture")
    tuning = tuned(replace(images, images=tuple(broken)), cnn(), finetuning(), tmp_path)
    assert tuning.training is not None
    assert tuning.training.facts["images_trained_on"] == 22
    assert tuning.training.facts["validation_images"] == 7
    (said,) = (line for line in caplog.messages if "cannot be trained on" in line)
    assert said.startswith("3 of 32 images cannot be trained on, the first ")


def test_where_no_validation_image_can_be_read_the_last_epoch_is_kept(tmp_path: Path) -> None:
    images = collection(40)
    given = zip(images.images, images.split, strict=True)
    broken = tuple(MemoryImage(b"") if split == "val" else image for image, split in given)
    training = tuned(replace(images, images=broken), cnn(), finetuning(), tmp_path).training
    assert training is not None
    assert (training.selected_by, training.splits) == ("", ("train",))
    assert any("no validation images" in note for note in training.notes)


@pytest.mark.parametrize(
    ("augmentation", "says"),
    [
        (lambda image: image[:, :4, :4], "makes (3, 4, 4) torch.uint8 of an image of (3, 8, 8)"),
        (lambda image: image / 255, "torch.float32 of an image of (3, 8, 8) torch.uint8"),
        (lambda image: image.nothing(), "finetune.augmentation failed on an image of (3, 8, 8)"),
    ],
    ids=["size", "type", "error"],
)
def test_an_augmentation_that_makes_no_such_image(
    augmentation: Callable[[Any], Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ComponentError) as caught:
        tuned(collection(40), cnn(), finetuning(augmentation=augmentation), tmp_path)
    assert says in str(caught.value)


# So large an L2 penalty at such a rate makes the weights grow without end.
DIVERGES: dict[str, Any] = {
    "epochs": 30,
    "patience": None,
    "learning_rate": 5.0,
    "optimizer": "sgd",
    "clip_gradient": None,
    "batch_size": 64,
}


@pytest.mark.parametrize(
    ("split", "what"),
    [(("train", "train", "train", "val", "test"), "validation loss"), (("train",), "weights")],
    ids=["with validation", "without"],
)
def test_a_loss_that_is_no_number_stops_the_training(
    split: tuple[str, ...], what: str, tmp_path: Path
) -> None:
    with pytest.raises(ComponentError) as caught:
        tuned(collection(40, split=split), cnn(l2=0.5), finetuning(**DIVERGES), tmp_path)
    found = re.fullmatch(
        rf"The {what} became (nan|inf) in epoch (\d+) of the training, at a learning rate of 5\. "
        r"The checkpoint of epoch (\d+) is kept: (\S+)\. Lower finetune\.learning_rate, or use "
        r"precision=fp32\.",
        str(caught.value),
    )
    assert found, str(caught.value)
    assert int(found[2]) == int(found[3]) + 1 > 1
    kept = load_file(Path(found[4]) / "model.safetensors")
    assert all(torch.isfinite(values).all() for values in kept.values())


def test_at_once_there_is_no_good_checkpoint(tmp_path: Path) -> None:
    options = {**DIVERGES, "learning_rate": 1e10, "batch_size": 4}
    with pytest.raises(ComponentError, match=r"The loss became \S+ in epoch 1 of .* 1e\+10\. No"):
        tuned(collection(40), cnn(l2=0.5), finetuning(**options), tmp_path)
    (place,) = (folder for folder in (tmp_path / "finetuned").iterdir() if folder.is_dir())
    assert not list(place.glob("checkpoint-*"))


def test_a_training_leaves_no_trace_in_the_process(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def state() -> list[Any]:
        return [
            random.getstate(),
            [part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()],
            torch.get_rng_state().tolist(),
            transformers.logging.get_verbosity(),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_default_dtype(),
            dict(os.environ),
            Path.cwd(),
        ]

    random.seed(12)
    np.random.seed(12)
    torch.manual_seed(12)
    before = state()
    tuned(collection(40), cnn(), finetuning(**EVERYTHING, augmentation=Drawn()), tmp_path / "one")
    assert state() == before
    interrupted(EVERYTHING, tmp_path / "two", drawn=30)
    assert state() == before
    assert capfd.readouterr().out == ""


def test_trainings_of_other_precisions_follow_each_other(tmp_path: Path) -> None:
    """As in a sweep; the library keeps the precision of a process."""
    alone = weights(tuned(collection(40), cnn(), finetuning(), tmp_path / "alone"))
    half = tuned(collection(40), cnn(), finetuning(), tmp_path, precision="bf16")
    again = tuned(collection(40), cnn(), finetuning(), tmp_path)
    assert weights(again) == alone
    assert weights(half) != alone
    assert half.training is not None
    assert half.training.facts["precision"] == "bf16"


def test_copies_with_other_labels_do_not_depend_on_the_order(tmp_path: Path) -> None:
    """Two validation images of the same bytes and other labels, in one order and the other."""
    contents = [picture(row % 2, np.random.default_rng(row)) for row in range(19)]
    split = [*["train"] * 12, *["test"] * 5, "val", "val", "val"]
    kinds = [f"class {row % 2}" for row in range(18)]
    found = []
    for last in (["class 0", "class 1"], ["class 1", "class 0"]):
        images = collection(
            20, labels={"kind": [*kinds, *last]}, split=split, contents=[*contents, contents[-1]]
        )
        found.append(tuned(images, cnn(), finetuning(), tmp_path))
    assert found[0].store.startswith("trained")
    assert FROM_STORE in found[1].store


def test_a_users_own_code_is_part_of_what_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from clusterlab.extractors.cnn import Cnn\n"
        "class Mine(Cnn):\n"
        "    def prepare(self, image):\n"
        "        return super().prepare(image) // {}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_extractor.py").write_text(code.format(1))
    import my_extractor  # type: ignore[import-not-found]

    given = {"filters": [4, 6], "dropout": [0, 0], "embedding": 8, "size": 8}
    model = extractor(my_extractor.Mine(**given))
    assert tuned(collection(40), model, finetuning(), tmp_path).store.startswith("trained")
    assert FROM_STORE in tuned(collection(40), model, finetuning(), tmp_path).store
    (tmp_path / "my_extractor.py").write_text(code.format(2))
    assert tuned(collection(40), model, finetuning(), tmp_path).store.startswith("trained")
