"""Splits: shares met, classes kept, copies together, nothing that depends on the order of rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from clusterlab.datasets.folder import Folder
from clusterlab.splits import stratified

SHARES = [
    {"train": 0.8, "val": 0.1, "test": 0.1},
    {"train": 0.5, "test": 0.5},
    {"train": 0.7, "val": 0.3},
    {"train": 0.34, "val": 0.33, "test": 0.33},
]


def long_tail(rng: np.random.Generator, n_classes: int) -> list[str]:
    sizes = np.ceil(rng.pareto(1.0, n_classes) * 4).astype(int).clip(1, 80)
    return [f"c{number}" for number, size in enumerate(sizes) for _ in range(size)]


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("seed", range(5))
def test_each_class_and_the_whole_meet_the_shares(shares: dict[str, float], seed: int) -> None:
    classes = long_tail(np.random.default_rng(seed), 30)
    split = stratified(classes, [str(row) for row in range(len(classes))], shares=shares)

    by_class: dict[str, Counter[str]] = defaultdict(Counter)
    for class_, name in zip(classes, split.tolist(), strict=True):
        by_class[class_][name] += 1
    for counts in by_class.values():
        assert counts["train"] >= 1
        size = counts.total()
        for name, share in shares.items():
            assert counts[name] <= math.ceil(share * size - 1e-9)
            assert counts[name] >= math.floor(share * size + 1e-9)
    singles = sum(counts.total() == 1 for counts in by_class.values())
    for name, n in Counter(split.tolist()).items():
        assert abs(n - shares[name] * len(classes)) <= 1.5 + singles


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("seed", range(5))
def test_copies_stay_together_and_shares_are_nearly_met(
    shares: dict[str, float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    classes = long_tail(rng, 20)
    digests = [str(n) for n in rng.integers(0, len(classes), len(classes))]
    split = stratified(classes, digests, shares=shares, random_state=seed)

    together = defaultdict(set)
    for digest, name in zip(digests, split.tolist(), strict=True):
        together[digest].add(name)
    assert max(map(len, together.values())) == 1
    for name, share in shares.items():
        assert abs((split == name).mean() - share) < 0.08


def test_the_order_of_the_rows_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    classes = np.array([*long_tail(rng, 12), *[None] * 7], dtype=object)
    digests = rng.integers(0, len(classes), len(classes)).astype(str)
    split = stratified(classes.tolist(), digests.tolist(), shares=SHARES[0])
    order = rng.permutation(len(classes))
    again = stratified(classes[order].tolist(), digests[order].tolist(), shares=SHARES[0])
    assert again.tolist() == split[order].tolist()


def test_the_seed_changes_who_but_not_how_many() -> None:
    classes, digests = ["a"] * 40 + ["b"] * 20, [str(row) for row in range(60)]
    one, same, other = (
        stratified(classes, digests, shares=SHARES[0], random_state=seed) for seed in (1, 1, 2)
    )
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()
    assert Counter(one.tolist()) == Counter(other.tolist()) == {"train": 48, "val": 6, "test": 6}


def test_copies_under_different_labels_stay_together() -> None:
    split = stratified(["a", "b", "a", "b"], ["x", "x", "y", "z"], shares=SHARES[1])
    assert split[0] == split[1]


def test_one_image_of_a_class_goes_to_train() -> None:
    split = stratified(["a", "b", "c"], ["1", "2", "3"], shares={"train": 0.1, "test": 0.9})
    assert split.tolist() == ["train"] * 3


def test_a_share_of_zero_gets_nothing() -> None:
    split = stratified(["a"] * 10, list("0123456789"), shares={"train": 0.7, "val": 0, "test": 0.3})
    assert Counter(split.tolist()) == {"train": 7, "test": 3}


def test_the_clothing_photos_and_a_copy(shared_data: Path, tmp_path: Path) -> None:
    """Real photos, one of them copied into its own class and into another one."""
    source = shared_data / "clothing" / "test"
    photos = sorted(source.glob("[hps]*/*.jpg"))
    for photo in photos:
        target = tmp_path / photo.relative_to(source)
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(photo)
    copies = [tmp_path / "hat" / "zz.jpg", tmp_path / "shoes" / "zz.jpg"]
    for copy in copies:
        copy.write_bytes(photos[0].read_bytes())

    collection = Folder(path=str(tmp_path), split=SHARES[0]).load()

    assert len(collection) == len(photos) + 2
    split_of = dict(zip(collection.ids, collection.split.tolist(), strict=True))
    first = photos[0].relative_to(source).as_posix()
    assert len({split_of[first], split_of["hat/zz.jpg"], split_of["shoes/zz.jpg"]}) == 1
    counts = Counter(zip(collection.labels["label"], collection.split.tolist(), strict=True))
    for label, size in Counter(collection.labels["label"]).items():
        assert abs(counts[label, "train"] - 0.8 * size) <= 2
        assert counts[label, "val"] >= 1
        assert counts[label, "test"] >= 1


def test_a_split_too_small_to_hold_anything_is_noted(tmp_path: Path, shared_data: Path) -> None:
    photos = sorted((shared_data / "clothing" / "test" / "hat").iterdir())[:3]
    for photo in photos:
        (tmp_path / photo.name).write_bytes(photo.read_bytes())
    notes = Folder(path=str(tmp_path), split={"train": 0.9, "test": 0.1}).load().notes
    assert "The split 'test' is empty: 3 images are too few for a share of 0.1." in notes
