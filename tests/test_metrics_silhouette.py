"""The silhouette: as exact as scikit-learn's on hard geometry, in flat memory, honest samples."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_samples as reference

from clusterlab.metrics.silhouette import silhouette, silhouette_samples, stratified_mean


def by_all_distances(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    X = X.astype(np.float64)
    return np.asarray(reference(cdist(X, X), labels, metric="precomputed"))


def hard_cases() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    cases = {}
    for name, d, k, std in (("apart", 20, 9, 1), ("mixed", 60, 12, 30), ("flat", 2, 15, 1.5)):
        X, y = make_blobs(700, d, centers=k, cluster_std=std, random_state=1)
        cases[name] = (X.astype(np.float32), y)
        cases[f"{name}, noise as a cluster"] = (
            X.astype(np.float32),
            np.where(rng.random(len(y)) < 0.2, -1, y),
        )
    tight = np.concatenate([1000 + rng.normal(size=(n, 20)) * 1e-3 + n * 1e-4 for n in (50, 60)])
    far = rng.normal(size=(3, 20)) - 1000
    cases["tight and far from the origin"] = (
        np.concatenate([tight, far]).astype(np.float32),
        np.repeat([0, 1, 2], [50, 60, 3]),
    )
    copies = np.repeat(rng.normal(size=(6, 40)), 20, axis=0).astype(np.float32)
    cases["copies in several clusters"] = (copies, rng.integers(0, 4, 120))
    cases["copies, split at random"] = (copies, np.arange(120) // 10)
    cases["pairs and single images"] = (
        rng.normal(size=(60, 30)).astype(np.float32) + 100,
        np.concatenate([np.arange(50) // 2, 50 + np.arange(10)]),
    )
    return cases


CASES = hard_cases()


@pytest.mark.parametrize("case", CASES)
def test_each_image_agrees_with_all_distances(case: str) -> None:
    X, labels = CASES[case]
    expected = by_all_distances(X, labels)
    found = silhouette_samples(X, labels)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert silhouette(X, labels) == pytest.approx(expected.mean(), abs=1e-6)


def test_real_photos_agree_with_scikit_learn(shared_data) -> None:  # type: ignore[no-untyped-def]
    from PIL import Image

    paths = sorted((shared_data / "clothing").rglob("*.jpg"))[::3]
    assert len(paths) > 100
    X = np.stack(
        [np.asarray(Image.open(path).convert("RGB").resize((16, 16))).ravel() for path in paths]
    ).astype(np.float32)
    labels = np.unique([path.parent.name for path in paths], return_inverse=True)[1]
    np.testing.assert_allclose(
        silhouette_samples(X, labels), reference(X.astype(np.float64), labels), atol=1e-6
    )


def test_memory_does_not_grow_with_the_square_of_the_images() -> None:
    X, labels = make_blobs(12_000, 20, centers=40, cluster_std=8, random_state=0)
    X = X.astype(np.float32)
    tracemalloc.start()
    silhouette(X, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000 * 12_000 * 8 / 20


def test_a_sample_is_by_cluster_repeats_and_is_near_the_exact_value() -> None:
    sizes = [3000, 900, 90, 9]
    X, labels = make_blobs(sizes, 5, cluster_std=5, random_state=0)
    values = silhouette_samples(X, labels, max_images=400)
    drawn = np.bincount(labels[np.isfinite(values)])
    assert drawn.tolist() == [300, 90, 9, 1]
    exact = silhouette_samples(X, labels)
    scored = np.isfinite(values)
    np.testing.assert_allclose(values[scored], exact[scored], atol=1e-12)
    np.testing.assert_array_equal(silhouette_samples(X, labels, max_images=400), values)
    other = silhouette_samples(X, labels, max_images=400, random_state=1)
    assert not np.array_equal(np.isfinite(other), np.isfinite(values))
    # Unbiased: the mean over many draws closes in on the exact value.
    means = [silhouette(X, labels, max_images=100, random_state=seed) for seed in range(40)]
    error = np.std(means, ddof=1) / np.sqrt(len(means))
    assert abs(np.mean(means) - exact.mean()) < 4 * error


def test_a_rare_cluster_is_weighted_by_its_true_size() -> None:
    labels = np.array([0] * 8 + [1] * 2)
    values = np.full(10, np.nan)
    values[[0, 1, 8]] = 0.5, 0.7, -1.0
    assert stratified_mean(values, labels) == pytest.approx(0.8 * 0.6 + 0.2 * -1.0)


def test_the_number_of_threads_does_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    X, labels = CASES["mixed"]
    one = silhouette_samples(X, labels)
    monkeypatch.setattr("clusterlab.metrics.silhouette.n_cores", lambda: 5)
    np.testing.assert_array_equal(silhouette_samples(X, labels), one)
