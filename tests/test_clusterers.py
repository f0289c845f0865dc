"""Every clusterer in conf/, DBSCAN, and what answers for what a clusterer returns."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import hdbscan
import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from scipy.stats import multivariate_normal
from sklearn import cluster as sklearn_cluster
from sklearn.datasets import load_digits, make_blobs
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clusterlab.clusterers.cluster import cluster
from clusterlab.clusterers.dbscan import DBSCAN, k_distance_knee
from clusterlab.clusterers.gmm import GMM
from clusterlab.clusterers.recluster import Recluster
from clusterlab.clusterers.strength import strength
from clusterlab.errors import ComponentError, ConfigError

CONF = Path(__file__).resolve().parent.parent / "conf"


def _configs() -> dict[str, Any]:
    """Every clusterer that can be built as it stands, by option."""
    found = {path.stem: OmegaConf.load(path) for path in sorted(CONF.glob("clusterer/*.yaml"))}
    return {
        name: OmegaConf.to_container(config)
        for name, config in found.items()
        if not OmegaConf.is_missing(config, "_target_")
    }


CONFIGS = _configs()


def build(name: str, **changes: Any) -> Any:
    config = {**CONFIGS[name], **changes}
    return instantiate(OmegaConf.create({"seed": 0, "it": config}).it)


def blobs(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Three far groups of 40; of categories for k-modes, which knows no distances."""
    if name != "kmodes":
        X, truth = make_blobs(120, 6, centers=3, center_box=(-30, 30), random_state=4)
        return X.astype(np.float32), truth
    truth = np.repeat([0, 1, 2], 40)
    X = np.eye(3)[truth].repeat(4, axis=1)
    flip = np.random.default_rng(0).random(X.shape) < 0.05
    return np.where(flip, 1 - X, X).astype(np.float32), truth


def three(name: str) -> dict[str, int]:
    """What asks this clusterer for three clusters, where it can be asked."""
    return {key: 3 for key in ("n_clusters", "n_components") if key in CONFIGS[name]}


@pytest.mark.parametrize("name", CONFIGS)
def test_contract(name: str) -> None:
    X, truth = blobs(name)
    before = X.copy()
    first, notes = cluster(build(name, **three(name)), X)
    again, _ = cluster(build(name, **three(name)), X)
    assert first.labels.shape == (120,)
    assert first.labels.dtype == np.int64
    assert first.labels.tobytes() == again.labels.tobytes()
    assert X.tobytes() == before.tobytes()
    assert len(first.clusters) == 3
    assert adjusted_rand_score(truth, first.labels) > 0.9
    assert all(note.startswith("DBSCAN chose eps=") for note in notes)


@pytest.mark.parametrize("name", [name for name in CONFIGS if three(name)])
def test_more_clusters_than_images_is_a_clear_error(name: str) -> None:
    (key,) = three(name)
    X = np.random.default_rng(0).random((6, 4)).astype(np.float32)
    asked = CONFIGS[name][key]
    with pytest.raises(
        ComponentError,
        match=f"{key}={asked}, but there are only 6 images: set clusterer.{key}=6 or less",
    ):
        cluster(build(name), X)
    assert len(cluster(build(name, **{key: 6}), X)[0].labels) == 6


@pytest.mark.parametrize("n_features", [3, 40])
@pytest.mark.parametrize("min_samples", [1, 4, 10])
@pytest.mark.parametrize("factor", [0.3, 0.7, 1.0, 1.4, 3.0, 50.0])
def test_dbscan_gives_scikit_learns_labels(
    n_features: int, min_samples: int, factor: float
) -> None:
    X, _ = make_blobs(400, n_features, centers=8, cluster_std=2.0, random_state=1)
    X = X.astype(np.float32)
    eps = factor * k_distance_knee(X, k=5)
    ours = DBSCAN(eps=eps, min_samples=min_samples)
    expected = sklearn_cluster.DBSCAN(eps=eps, min_samples=min_samples).fit(X.astype(np.float64))
    np.testing.assert_array_equal(ours.fit_predict(X), expected.labels_)
    np.testing.assert_array_equal(ours.core_sample_indices_, expected.core_sample_indices_)


@pytest.mark.parametrize("eps", [0.5, 1.0, 2**0.5, 2.0])
@pytest.mark.parametrize("shift", [0, 1000])
def test_dbscan_decides_ties_as_scikit_learn(eps: float, shift: float) -> None:
    # Whole squared distances: many pairs lie at eps exactly, also far from the origin.
    X = (np.random.default_rng(0).random((500, 20)) < 0.15).astype(np.float32) + shift
    expected = sklearn_cluster.DBSCAN(eps=eps, min_samples=5).fit_predict(X.astype(np.float64))
    np.testing.assert_array_equal(DBSCAN(eps=eps, min_samples=5).fit_predict(X), expected)


@pytest.mark.parametrize("n_features", [5, 32])
def test_dbscan_memory_does_not_grow_with_the_pairs(n_features: int) -> None:
    """Everything is in reach of everything: 36 million pairs, 288 MB as integers."""
    X = np.random.default_rng(0).random((6000, n_features)).astype(np.float32)
    tracemalloc.start()
    labels = DBSCAN(eps=100.0, min_samples=5).fit_predict(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (labels == 0).all()
    assert peak < 230e6


def test_auto_eps_is_the_knee_of_the_k_distance_curve() -> None:
    # Ten images 1 apart on a line and two far away: the distances to the second nearest
    # neighbour are 1 (8 times), 2 (both ends), then those of the far ones.
    X = np.float32([*range(10), 60, 100])[:, None]
    dbscan = DBSCAN(eps="auto", min_samples=3)
    clustering, notes = cluster(dbscan, X)
    assert dbscan.eps_ == pytest.approx(2, rel=1e-4)
    assert notes == ("DBSCAN chose eps=2, the knee of the distances to neighbour 2.",)
    np.testing.assert_array_equal(clustering.labels, [0] * 10 + [-1, -1])


def test_auto_eps_follows_the_scale_of_the_features() -> None:
    X = load_digits().data[:150].astype(np.float32)
    small, large = (DBSCAN(min_samples=4) for _ in range(2))
    np.testing.assert_array_equal(small.fit_predict(X / 100), large.fit_predict(X))
    assert large.eps_ == pytest.approx(100 * small.eps_, rel=1e-4)


def test_auto_eps_without_a_knee_is_a_clear_error() -> None:
    line = np.arange(4, dtype=np.float32)[:, None]
    with pytest.raises(ComponentError, match=r"have no knee .* set clusterer\.eps to a number"):
        cluster(DBSCAN(min_samples=2), line)
    with pytest.raises(ComponentError, match="between 2 and the number of images, 4, not 10"):
        cluster(DBSCAN(min_samples=10), line)


@pytest.mark.parametrize("wrong", [{"eps": 0.0}, {"eps": -1}, {"eps": "outo"}, {"min_samples": 0}])
def test_dbscan_refuses_senseless_arguments(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="of DBSCAN"):
        DBSCAN(**wrong)


def test_all_noise_is_an_answer() -> None:
    X = np.random.default_rng(0).random((8, 3)).astype(np.float32)
    clustering, _ = cluster(DBSCAN(eps=1e-6, min_samples=3), X)
    assert (clustering.labels == -1).all()
    assert clustering.clusters.size == 0


def test_strength_of_a_mixture_is_its_largest_posterior() -> None:
    X, _ = make_blobs(90, 2, centers=3, cluster_std=4.0, random_state=0)
    X = X.astype(np.float32)
    mixture = GaussianMixture(3, random_state=0)
    clustering, _ = cluster(mixture, X)
    density = np.column_stack(
        [
            weight * multivariate_normal(mean, covariance).pdf(X)
            for weight, mean, covariance in zip(
                mixture.weights_, mixture.means_, mixture.covariances_, strict=True
            )
        ]
    )
    posterior = density / density.sum(axis=1, keepdims=True)
    assert clustering.strength is not None
    np.testing.assert_allclose(clustering.strength, posterior.max(axis=1), atol=1e-4)
    np.testing.assert_array_equal(clustering.labels, posterior.argmax(axis=1))


def test_mixture_with_full_covariances_fits_real_features() -> None:
    digits = load_digits()
    X = PCA(50).fit_transform(digits.data).astype(np.float32)
    clustering, notes = cluster(GMM(covariance_type="full"), X)
    assert notes == ()
    assert adjusted_rand_score(digits.target, clustering.labels) > 0.5


def test_strength_of_hdbscan_is_zero_for_noise_only() -> None:
    X = load_digits().data[:300].astype(np.float32)
    clustering, _ = cluster(make_pipeline(StandardScaler(), hdbscan.HDBSCAN(5)), X)
    assert clustering.strength is not None
    np.testing.assert_array_equal(clustering.strength == 0, clustering.labels == -1)
    assert 0 < (clustering.labels == -1).mean() < 1
    assert clustering.strength.max() <= 1


def test_strength_must_be_a_share() -> None:
    fitted = hdbscan.HDBSCAN(2).fit(np.float32([[0], [1], [8], [9]]))
    fitted.probabilities_ = np.array([0, 1, 2.5, 1])
    with pytest.raises(ComponentError, match=r"HDBSCAN .* lie in \[0, 2\.5\]"):
        strength(fitted, np.zeros((4, 1), dtype=np.float32))


class _Returns:
    """A user's clusterer that returns what it is given."""

    def __init__(self, labels: Any) -> None:
        self.labels = labels

    def fit_predict(self, X: np.ndarray) -> Any:
        X *= 0  # A careless estimator: the caller's features must survive it.
        return self.labels


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.0, np.nan, 1.0], "float64 labels"),
        ([0.5, 0.5, 1.0], "float64 labels, such as .*0.5"),
        (["a", "b", "a"], "labels, such as"),
        ([0, 1], r"shape \(2,\); expected \(3,\)"),
        ([[0], [1], [1]], r"shape \(3, 1\)"),
        ([0, -2, 1], "the label -2"),
        (None, "_Returns"),
    ],
)
def test_useless_labels_are_refused(labels: Any, message: str) -> None:
    X = np.arange(6, dtype=np.float32).reshape(3, 2)
    with pytest.raises(ComponentError, match=message):
        cluster(_Returns(labels), X)
    np.testing.assert_array_equal(X, np.arange(6).reshape(3, 2))


def test_fit_and_labels_will_do() -> None:
    class OnlyFit:
        def fit(self, X: np.ndarray) -> None:
            self.labels_ = (X[:, 0] > 2).astype(np.int8)

    clustering, _ = cluster(OnlyFit(), np.float32([[0], [1], [5]]))
    assert clustering.labels.tolist() == [0, 0, 1]
    assert clustering.strength is None


def test_the_error_of_a_library_names_the_clusterer_and_keeps_its_cause() -> None:
    X = np.random.default_rng(0).random((5, 2)).astype(np.float32)
    with pytest.raises(ComponentError, match="Clusterer KMeans failed on 5 x 2 features") as caught:
        cluster(sklearn_cluster.KMeans(2, init="nonsense"), X)
    assert isinstance(caught.value.__cause__, ValueError)


def test_equal_rows_are_refused() -> None:
    with pytest.raises(ComponentError, match="All 4 rows that KMeans was given are equal"):
        cluster(sklearn_cluster.KMeans(2), np.ones((4, 3), dtype=np.float32))


def test_fewer_distinct_images_than_clusters_is_noted() -> None:
    X = np.float32([[0], [0], [1], [1], [1]])
    clustering, notes = cluster(sklearn_cluster.KMeans(4, n_init=1, random_state=0), X)
    assert len(clustering.clusters) == 2
    assert len(notes) == 1
    assert notes[0].startswith("KMeans warned: Number of distinct clusters (2)")


def test_a_scikit_learn_estimator_without_a_yaml_works() -> None:
    X, truth = blobs("birch")
    clustering, _ = cluster(sklearn_cluster.Birch(n_clusters=3), X)
    assert adjusted_rand_score(truth, clustering.labels) == 1


SEEDED = {"gmm", "kmeans", "kmodes", "minibatch_kmeans"}


def shapeless() -> np.ndarray:
    """What every seed clusters in its own way: 300 points without clusters."""
    return np.random.default_rng(0).random((300, 6)).astype(np.float32).round(1)


@pytest.mark.parametrize("name", CONFIGS)
def test_recluster_does_what_the_original_does_and_leaves_it_unfitted(name: str) -> None:
    X, _ = blobs(name)
    one = {"n_init": 1} if "n_init" in CONFIGS[name] else {}
    original = build(name, **three(name), **one)
    fresh = sorted(vars(original))
    again = Recluster(original)
    before = X.copy()
    first = again(X)
    assert sorted(vars(original)) == fresh
    assert X.tobytes() == before.tobytes()
    assert again.seeded == (name in SEEDED)
    expected = cluster(original, X)[0].labels
    # The original is fitted now, and has an answer to give away.
    for labels in (first, again(X), again(X, None), again(X, 0)):
        np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(
        again(X[:60]), cluster(build(name, **three(name), **one), X[:60])[0].labels
    )


@pytest.mark.parametrize("name", sorted(SEEDED))
def test_recluster_with_another_seed_is_a_clusterer_built_with_it(name: str) -> None:
    X = shapeless()
    again = Recluster(build(name, n_init=1))
    found = [again(X, seed) for seed in range(4)]
    for seed, labels in enumerate(found):
        built = cluster(build(name, n_init=1, random_state=seed), X)[0].labels
        np.testing.assert_array_equal(labels, built)
    assert len({labels.tobytes() for labels in found}) > 1
    np.testing.assert_array_equal(again(X), found[0])


def test_recluster_sets_the_seeds_inside_a_pipeline() -> None:
    X = shapeless()

    def made(seed: int) -> Any:
        inner = make_pipeline(PCA(3, random_state=seed), StandardScaler())
        return make_pipeline(inner, sklearn_cluster.KMeans(8, n_init=1, random_state=seed))

    again = Recluster(made(0))
    assert again.seeded
    for seed in (0, 5):
        np.testing.assert_array_equal(again(X, seed), cluster(made(seed), X)[0].labels)
    assert not Recluster(make_pipeline(StandardScaler(), hdbscan.HDBSCAN(5))).seeded


def test_recluster_keeps_what_a_constructor_took_by_keywords() -> None:
    # scikit-learn's clone forgets these.
    X, _ = blobs("hdbscan")
    options: dict[str, Any] = {"metric": "seuclidean", "V": np.array([1.0, 1, 1, 1, 1, 1000])}
    expected = cluster(hdbscan.HDBSCAN(5, **options), X)[0].labels
    np.testing.assert_array_equal(Recluster(hdbscan.HDBSCAN(5, **options))(X), expected)


def test_recluster_fails_as_the_clusterer_does() -> None:
    with pytest.raises(ComponentError, match="n_clusters=3, but there are only 2 images"):
        Recluster(sklearn_cluster.KMeans(3))(np.float32([[0], [1]]))
