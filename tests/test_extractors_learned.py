"""Extractors that learn from the training images: bag of visual words, standardised blocks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances
from sklearn.preprocessing import StandardScaler

from clusterlab.components import Component
from clusterlab.errors import ComponentError
from clusterlab.extractors.bovw import Bovw
from clusterlab.extractors.concat import Concat
from clusterlab.extractors.engine import extract
from clusterlab.extractors.hog import Hog
from clusterlab.extractors.lbp import Lbp
from clusterlab.extractors.pixels import Pixels
from clusterlab.images import decode
from clusterlab.types import Collection, FileImage


@pytest.fixture(scope="module")
def paths(shared_data: Path) -> list[Path]:
    found = sorted((shared_data / "clothing").rglob("*.jpg"))
    return found[:: len(found) // 16][:16]


@pytest.fixture(scope="module")
def photos(paths: list[Path]) -> list[np.ndarray]:
    return [decode(path.read_bytes()) for path in paths]


def fitted(extractor: Any, images: list[np.ndarray]) -> Any:
    extractor.restore(extractor.fit(iter([extractor.prepare(image) for image in images])))
    return extractor


def histograms(extractor: Any, images: list[np.ndarray]) -> np.ndarray:
    return np.asarray(extractor.embed([extractor.prepare(image) for image in images]))


def test_bovw_counts_opencv_descriptors_by_their_nearest_word(photos: list[np.ndarray]) -> None:
    extractor = Bovw(vocabulary_size=20)
    words = extractor.fit(extractor.prepare(image) for image in photos)["words"]
    extractor.restore({"words": words})
    ours = histograms(extractor, photos[:5])
    for row, image in zip(ours, photos[:5], strict=True):
        small = cv2.resize(image[:, :, ::-1], (224, 224))
        descriptors = cv2.SIFT.create().detectAndCompute(small, None)[1]
        nearest = pairwise_distances(descriptors, words).argmin(axis=1)
        expected = [np.mean(nearest == word) for word in range(20)]
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_bovw_words_are_about_as_good_as_those_of_a_full_kmeans(photos: list[np.ndarray]) -> None:
    extractor = Bovw(vocabulary_size=20)
    parts = [extractor.prepare(image) for image in photos]
    descriptors = np.concatenate(parts).astype(np.float32)
    words = extractor.fit(parts)["words"]
    ours = (pairwise_distances(descriptors, words).min(axis=1) ** 2).sum()
    assert ours < 1.05 * KMeans(20, n_init=1, random_state=0).fit(descriptors).inertia_


def test_bovw_repeats_under_a_seed_and_changes_with_it(photos: list[np.ndarray]) -> None:
    def words(seed: int) -> bytes:
        extractor = Bovw(vocabulary_size=10, random_state=seed)
        return bytes(extractor.fit(extractor.prepare(p) for p in photos[:4])["words"].tobytes())

    assert words(1) == words(1)
    assert words(1) != words(2)


def test_bovw_learns_from_a_sample_that_reaches_every_image() -> None:
    extractor = Bovw(vocabulary_size=4, max_descriptors=400)
    rng = np.random.default_rng(0)
    # Four kinds of descriptors, one after the other, as if the images were sorted by class.
    kinds = [np.full((1000, 128), 60 * kind, np.uint8) for kind in range(4)]
    noisy = (kind + rng.integers(0, 3, kind.shape, dtype=np.uint8) for kind in kinds)
    words = extractor.fit(noisy)["words"]
    assert sorted(words.mean(axis=1).round()) == [1, 61, 121, 181]


def test_bovw_of_an_image_without_keypoints_is_zero(photos: list[np.ndarray]) -> None:
    extractor = fitted(Bovw(vocabulary_size=10), photos[:3])
    blank = np.full((50, 50, 3), 128, np.uint8)
    rows = histograms(extractor, [blank, photos[0]])
    assert rows.dtype == np.float32
    assert rows[0].tolist() == [0] * 10
    assert rows[1].sum() == pytest.approx(1)


def test_bovw_counts_sum_to_the_number_of_keypoints(photos: list[np.ndarray]) -> None:
    extractor = fitted(Bovw(vocabulary_size=10, normalize=False), photos[:3])
    assert histograms(extractor, photos[:1]).sum() == len(extractor.prepare(photos[0]))


def test_bovw_with_fewer_descriptors_than_words_says_what_to_do() -> None:
    blank = np.full((50, 50, 3), 128, np.uint8)
    extractor = Bovw()
    with pytest.raises(ComponentError, match=r"only 0 different SIFT descriptors.*vocabulary_size"):
        extractor.fit([extractor.prepare(blank)])


def test_standardized_blocks_weigh_alike_and_agree_with_scikit_learn(
    photos: list[np.ndarray],
) -> None:
    parts = {"hog": Hog(), "pixels": Pixels(size=4), "lbp": Lbp()}
    plain = histograms(Concat(parts=parts), photos)
    ours = histograms(fitted(Concat(parts=parts, standardize_blocks=True), photos), photos)
    start = 0
    for length in (324, 48, 10):
        block = slice(start, start + length)
        start += length
        assert ours[:, block].var(axis=0).sum() == pytest.approx(1, rel=1e-4)
        expected = StandardScaler().fit_transform(plain[:, block].astype(np.float64))
        np.testing.assert_allclose(ours[:, block], expected / np.sqrt(length), atol=1e-4)


def test_a_constant_value_becomes_zero_and_leaves_its_block_its_weight() -> None:
    grey = [np.full((8, 8, 3), value, np.uint8) for value in (10, 90, 200)]
    for image in grey:
        image[:, :, 0] = 7
    ours = histograms(
        fitted(Concat(parts={"p": Pixels(size=8)}, standardize_blocks=True), grey), grey
    )
    assert (ours.reshape(3, 64, 3)[:, :, 0] == 0).all()
    assert ours.var(axis=0).sum() == pytest.approx(1, rel=1e-5)


def test_concat_without_standardizing_does_not_read_the_training_images() -> None:
    def never() -> Any:
        raise AssertionError("read an image")
        yield

    assert Concat(parts={"lbp": Lbp()}).fit(never()) == {}


def test_concat_refuses_a_part_that_must_learn() -> None:
    with pytest.raises(ComponentError, match=r"cannot use the parts \['bovw'\]"):
        Concat(parts={"lbp": Lbp(), "bovw": Bovw()})  # type: ignore[dict-item]


def collection(paths: list[Path], split: list[str]) -> Collection:
    ids = tuple(f"{row:02}" for row in range(len(paths)))
    return Collection(
        name="photos",
        ids=ids,
        images=tuple(FileImage(str(path)) for path in paths),
        digests=tuple(digest(path) for path in paths),
        labels=pd.DataFrame(index=range(len(paths))),
        split=np.array(split),
        numeric=pd.DataFrame(index=range(len(paths))),
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_engine_fits_the_vocabulary_on_the_training_part_only(
    paths: list[Path], photos: list[np.ndarray]
) -> None:
    split = ["train"] * 6 + ["test"] * 10
    component = Component(
        name="bovw", config={"_target_": "bovw"}, instance=Bovw(vocabulary_size=15)
    )
    values = extract(collection(paths, split), component).features.values
    by_content = sorted(range(6), key=lambda row: digest(paths[row]))
    by_hand = fitted(Bovw(vocabulary_size=15), [photos[row] for row in by_content])
    np.testing.assert_array_equal(values, histograms(by_hand, photos))
