"""That nothing is learned from what is scored: which split there is, and who gets to see it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from clusterlab.components import Component
from clusterlab.datasets.load import load, only
from clusterlab.errors import ConfigError, DataError
from clusterlab.extractors.cnn import Cnn
from clusterlab.finetune.classifier import Classifier
from clusterlab.finetune.none import NoFinetuning
from clusterlab.finetune.rebalance import Rebalance
from clusterlab.honest import check_scored_split, learned_column, scored_split
from clusterlab.reducers.mlp import MLP
from clusterlab.reducers.pca import PCA
from clusterlab.types import Collection, Features, MemoryImage
from tests.finetuning import (
    cnn,
    collection,
    extractor,
    finetuning,
    picture,
    png,
    tuned,
    weights,
)


def parts(*split: str) -> Collection:
    return collection(12, split=split)


def seen(*splits: str) -> Features:
    values = np.zeros((12, 2), np.float32)
    ids = tuple(f"{row:03}" for row in range(12))
    return Features(ids=ids, values=values, space="features", seen_splits=splits)


@pytest.mark.parametrize(
    ("split", "learned", "asked", "clustered", "expected"),
    [
        (["all"], (), "auto", "all", "all"),
        (["all"], (), "all", "all", "all"),
        (["train", "test"], (), "auto", "all", "all"),
        (["test"], (), "auto", "test", "test"),
        (["train", "test"], (), "train", "all", "train"),
        (["train", "val", "test"], ("train", "val"), "auto", "all", "test"),
        (["train", "test"], ("train",), "auto", "all", "test"),
        (["test"], ("train", "val"), "auto", "test", "test"),
        (["train", "val", "test"], ("train", "val"), "test", "all", "test"),
        # These chose the epoch: the report says that such scores are optimistic.
        (["train", "val"], ("train", "val"), "auto", "all", "val"),
        (["train", "val", "test"], ("train", "val"), "val", "all", "val"),
        # All that were clustered are unseen.
        (["test"], ("train", "val"), "all", "test", "all"),
    ],
)
def test_which_images_the_headline_is_about(
    split: list[str], learned: tuple[str, ...], asked: str, clustered: str, expected: str
) -> None:
    assert scored_split(parts(*split), seen(*learned), asked, clustered) == expected


@pytest.mark.parametrize(
    ("split", "asked", "says"),
    [
        (["train", "val", "test"], "train", "scored_split=train holds images that the model was"),
        (["train", "test"], "all", "scored_split=all holds images that the model was trained on"),
        (["train", "val"], "test", "no clustered image is in that split (splits: all, train, val)"),
    ],
)
def test_training_images_are_no_headline(split: list[str], asked: str, says: str) -> None:
    for check in (
        lambda: scored_split(parts(*split), seen("train", "val"), asked),
        lambda: check_scored_split(parts(*split), "", asked),
    ):
        with pytest.raises(ConfigError) as caught:
            check()
        assert says in str(caught.value)
    if asked == "train":
        check_scored_split(parts(*split), None, asked)


def test_where_all_images_are_for_training_nothing_can_be_scored() -> None:
    with pytest.raises(DataError, match=r"no others are left .*clustered_split=test"):
        scored_split(parts("train"), seen("train"))
    with pytest.raises(DataError, match="no others are left"):
        check_scored_split(parts("train"), "kind")
    check_scored_split(parts("train"), None)
    with pytest.raises(DataError, match=r"clustered_split=test, but no image .* \(splits: train\)"):
        only(parts("train"), "test")


@pytest.mark.parametrize(
    ("finetune", "reducer", "expected"),
    [
        (NoFinetuning(), PCA(), None),
        (Classifier(), PCA(), ""),
        (Classifier(columns=("a", "b")), PCA(), "a"),
        (NoFinetuning(), MLP(), ""),
        (NoFinetuning(), MLP(column="b"), "b"),
        (Classifier(columns=("a",)), MLP(column="b"), "a"),
    ],
)
def test_which_column_is_learned(finetune: Any, reducer: Any, expected: str | None) -> None:
    assert learned_column(extractor(finetune), extractor(reducer)) == expected


@dataclass
class Given:
    """A dataset that is there already."""

    collection: Collection

    def load(self) -> Collection:
        return self.collection


def loaded(images: Collection, learned: str | None, seed: int = 0) -> Collection:
    return load(
        Component(name="given", config={}, instance=Given(images)), learned=learned, seed=seed
    )


def test_a_split_is_made_where_a_stage_learns_and_there_is_none() -> None:
    images = collection(100, n_classes=4, split=["all"])
    assert loaded(images, None) is images
    found = loaded(images, "")
    assert Counter(found.split.tolist()) == {"train": 80, "val": 10, "test": 10}
    shares = pd.crosstab(found.labels["kind"], found.split)
    assert (shares["train"] == 20).all()
    assert shares[["val", "test"]].sum(axis=1).tolist() == [5] * 4
    assert found.notes == (
        "No split was given, so one was made, class by class of 'kind': 80 train, 10 val, 10 test "
        "images; a class of few images is not in all of them. dataset.split makes another.",
    )
    assert (loaded(images, "").split == found.split).all()
    assert (loaded(images, "", seed=1).split != found.split).any()


def test_a_split_that_is_given_stays() -> None:
    images = collection(10, split=["train", "test"])
    assert loaded(images, "kind") is images


def test_the_split_is_by_the_column_that_is_learned() -> None:
    labels = {"kind": ["a", "b"], "rare": [*["x"] * 45, *["y"] * 5]}
    found = loaded(collection(50, labels=labels, split=["all"]), "rare")
    assert Counter(found.split[45:].tolist())["train"] == 4
    assert "class by class of 'rare'" in found.notes[0]


def test_copies_of_an_image_are_in_one_part() -> None:
    contents = [picture(row % 3, np.random.default_rng(row)) for row in range(20)]
    images = collection(60, contents=[contents[row % 20] for row in range(60)], split=["all"])
    found = loaded(images, "kind")
    assert set(found.split.tolist()) == {"train", "val", "test"}
    for digest in set(found.digests):
        of_copies = {found.split[row] for row in range(60) if found.digests[row] == digest}
        assert len(of_copies) == 1


def test_the_one_image_of_a_class_is_for_training() -> None:
    labels = {"kind": [*["a", "b"] * 15, "solo"]}
    found = loaded(collection(31, labels=labels, split=["all"]), "")
    assert found.split[30] == "train"


def test_sets_of_values_are_split_too() -> None:
    labels = {"tags": [("s",), ("t",), ("s", "t"), ()]}
    found = loaded(collection(80, labels=labels, multi_valued=["tags"], split=["all"]), "tags")
    assert Counter(found.split.tolist()) == {"train": 64, "val": 8, "test": 8}


class Noted(MemoryImage):
    """An image that says when it is read."""

    def __init__(self, content: bytes, read: list[str], name: str) -> None:
        super().__init__(content)
        object.__setattr__(self, "_note", lambda: read.append(name))

    def read(self) -> bytes:
        self._note()  # type: ignore[attr-defined]
        return super().read()


def test_no_test_image_is_read_while_a_model_is_trained(tmp_path: Path) -> None:
    read: list[str] = []
    plain = collection(40)
    rows = zip(plain.images, plain.ids, strict=True)
    images = replace(plain, images=tuple(Noted(i.read(), read, id_) for i, id_ in rows))
    tuned(images, cnn(), finetuning(), tmp_path)
    known = {id_ for id_, split in zip(plain.ids, plain.split, strict=True) if split != "test"}
    assert Counter(read) == dict.fromkeys(known, 1)


def uniform(n: int = 40) -> tuple[Collection, list[tuple[int, ...]]]:
    """Each image is of one colour that no other has; the colours, in their order."""
    colours = [(5 * row, 255 - 5 * row, 7 * row % 251) for row in range(n)]
    pictures = [png(np.full((16, 16, 3), colour, np.uint8)) for colour in colours]
    return collection(n, contents=pictures), colours


def among(colours: list[tuple[int, ...]], images: Collection, *splits: str) -> set[tuple[int, ...]]:
    pairs = zip(colours, images.split, strict=True)
    return {colour for colour, split in pairs if split in splits}


@pytest.mark.parametrize("rebalanced", [False, True])
def test_only_training_images_are_augmented(rebalanced: bool, tmp_path: Path) -> None:
    images, colours = uniform()
    shown: list[tuple[int, ...]] = []

    def note(image: torch.Tensor) -> torch.Tensor:
        shown.append(tuple(image[:, 0, 0].tolist()))
        return image

    rebalance = Rebalance(threshold=2, minority_copies="auto") if rebalanced else None
    options = {"augmentation": note, "rebalance": rebalance, "class_weights": "balanced"}
    tuned(images, cnn(), finetuning(epochs=3, **options), tmp_path)
    copies = 2 if rebalanced else 1
    assert Counter(shown) == dict.fromkeys(among(colours, images, "train"), 3 * copies)


def test_validation_images_are_looked_at_and_never_learned_from(tmp_path: Path) -> None:
    images, colours = uniform()
    learned: list[tuple[int, ...]] = []
    looked_at: list[tuple[int, ...]] = []

    class Watched(Cnn):
        def build(self) -> Any:
            module = super().build()

            def note(_: Any, given: tuple[torch.Tensor]) -> None:
                to = learned if torch.is_grad_enabled() else looked_at
                to.extend(tuple(pixels[0, 0].tolist()) for pixels in given[0])

            module.register_forward_pre_hook(note)
            return module

    model = Watched(filters=[4], dropout=[0], embedding=8, size=8)
    tuned(images, replace(cnn(), instance=model), finetuning(epochs=3), tmp_path)
    assert set(learned) == among(colours, images, "train")
    assert set(looked_at) == among(colours, images, "val")
    assert Counter(looked_at) == dict.fromkeys(among(colours, images, "val"), 3)


def scrambled(images: Collection, split: str) -> Collection:
    """Other pixels and other labels in one split."""
    other = collection(len(images), seed=99)
    rows = np.flatnonzero(images.split == split)
    pictures, digests = list(images.images), list(images.digests)
    labels = images.labels.copy()
    for row in rows:
        pictures[row], digests[row] = other.images[row], other.digests[row]
        labels.loc[row, "kind"] = "never heard of" if row % 3 else "class 0"
    return replace(images, images=tuple(pictures), digests=tuple(digests), labels=labels)


def test_other_test_images_and_labels_leave_the_weights_as_they_are(tmp_path: Path) -> None:
    options = {"rebalance": Rebalance(threshold=1, minority_copies=1), "class_weights": "balanced"}
    images = collection(40, labels={"kind": ["class 0", "class 1", "class 1"]})
    plain = tuned(images, cnn(), finetuning(**options), tmp_path / "plain")
    other = scrambled(images, "test")
    assert weights(tuned(other, cnn(), finetuning(**options), tmp_path / "other")) == weights(plain)
    reused = tuned(other, cnn(), finetuning(**options), tmp_path / "plain")
    assert "from the store" in reused.store
    learned = tuned(scrambled(images, "train"), cnn(), finetuning(**options), tmp_path / "learned")
    assert weights(learned) != weights(plain), "the same does matter in the training part"


def test_a_class_that_only_test_images_have_is_not_learned(tmp_path: Path) -> None:
    images = collection(40)
    labels = images.labels.copy()
    labels.loc[images.split == "test", "kind"] = "strange"
    training = tuned(replace(images, labels=labels), cnn(), finetuning(), tmp_path).training
    assert training is not None
    assert training.heads["weight"].shape[0] == 2
    rows = training.distribution.set_index("class")
    assert rows.loc["strange", ["train", "items", "val", "test"]].tolist() == [0, 0, 0, 8]
    assert rows.loc["strange", "status"] == "not in the training part"
