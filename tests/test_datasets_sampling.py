"""Sampling and dropping classes, on the real digits and clothes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from clusterlab.datasets.digits import Digits
from clusterlab.datasets.folder import Folder
from clusterlab.datasets.options import Options
from clusterlab.datasets.sampling import keep
from clusterlab.images import decode


@pytest.fixture(scope="module")
def clothing(shared_data: Path) -> str:
    return str(shared_data / "clothing" / "test")


def sizes(path: str) -> dict[str, int]:
    return {folder.name: len(list(folder.iterdir())) for folder in Path(path).iterdir()}


def test_a_number_a_class_and_classes_that_have_fewer(clothing: str) -> None:
    collection = Folder(path=clothing, sample_per_class=30).load()
    there = sizes(clothing)
    assert Counter(collection.labels["label"]) == {c: min(30, n) for c, n in there.items()}
    small = sorted(c for c, n in there.items() if n < 30)
    assert small
    (note,) = [note for note in collection.notes if "whole in the sample" in note]
    assert "fewer than 30 images" in note
    assert all(f"{c} ({there[c]})" in note for c in small)


def test_a_share_of_each_class(clothing: str) -> None:
    collection = Folder(path=clothing, sample_share=0.1).load()
    expected = {c: max(1, int(0.1 * n + 0.5)) for c, n in sizes(clothing).items()}
    assert Counter(collection.labels["label"]) == expected
    assert any("0.1 of the images of each class" in note for note in collection.notes)


def test_a_smaller_sample_lies_within_a_larger_one(clothing: str) -> None:
    small, large = (Folder(path=clothing, sample_per_class=n).load() for n in (5, 20))
    assert set(small.ids) < set(large.ids)


def test_the_seed_picks_the_sample(clothing: str) -> None:
    one, same, other = (
        Folder(path=clothing, sample_share=0.2, random_state=seed).load().ids for seed in (1, 1, 2)
    )
    assert one == same
    assert set(one) != set(other)
    assert len(one) == len(other)


def test_a_sample_is_not_the_first_files(clothing: str) -> None:
    everything = Folder(path=clothing).load().ids
    sample = Folder(path=clothing, sample_share=0.25).load().ids
    ranks = [everything.index(id_) / len(everything) for id_ in sample]
    assert 0.35 < sum(ranks) / len(ranks) < 0.65


def test_small_classes_are_dropped_before_sampling(clothing: str) -> None:
    collection = Folder(path=clothing, min_class_size=35, sample_per_class=3).load()
    kept = {c for c, n in sizes(clothing).items() if n >= 35}
    assert 0 < len(kept) < 10
    assert Counter(collection.labels["label"]) == dict.fromkeys(kept, 3)
    assert any(f"{10 - len(kept)} of 10" in note for note in collection.notes)


def test_images_without_a_class_are_a_group_of_their_own() -> None:
    classes = ["a"] * 6 + [None] * 6 + ["b"]
    ids = [f"{row:02d}" for row in range(13)]
    rows, _ = keep(ids, classes, Options(sample_per_class=2, min_class_size=2), column="label")
    assert Counter(classes[row] for row in rows) == {"a": 2, None: 2}
    assert rows == sorted(rows)


def test_the_digits_are_those_of_scikit_learn() -> None:
    collection = Digits().load()
    scans = load_digits()
    assert len(collection) == 1797
    assert collection.labels["label"].tolist() == [str(digit) for digit in scans.target]
    for row in (0, 17, 1796):
        content = collection.images[row].read()
        grey = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(np.rint(grey * (16 / 255)), scans.images[row])
        np.testing.assert_array_equal(decode(content)[:, :, 0], grey)
