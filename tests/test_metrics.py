"""Every metric that is there, against scikit-learn or a count by hand."""

from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hdbscan.validity import validity_index
from sklearn import metrics as sk
from sklearn.datasets import make_blobs

import clusterlab.metrics
from clusterlab.errors import DataError

# These say more than one number, and have tests of their own.
TOLD_ELSEWHERE = {"evaluator", "classification", "stability", "semantic_homogeneity", "agreement"}
TOLD_ELSEWHERE |= {"ceiling", "macro_categories", "neighbourhood", "annotators"}
MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(clusterlab.metrics.__path__)
    if not module.name.startswith("_") and module.name not in TOLD_ELSEWHERE
)
METRICS: dict[str, Callable[..., float]] = {
    name: getattr(importlib.import_module(f"clusterlab.metrics.{name}"), name) for name in MODULES
}


def purity_by_hand(labels: np.ndarray, truth: np.ndarray) -> float:
    members = defaultdict(list)
    for cluster, label in zip(labels.tolist(), truth.tolist(), strict=True):
        members[cluster].append(label)
    return sum(max(Counter(group).values()) for group in members.values()) / len(labels)


def entropy_by_hand(labels: np.ndarray, truth: np.ndarray) -> float:
    members = defaultdict(list)
    for cluster, label in zip(labels.tolist(), truth.tolist(), strict=True):
        members[cluster].append(label)
    total = 0.0
    for group in members.values():
        shares = [count / len(group) for count in Counter(group).values()]
        total += len(group) / len(labels) * -sum(share * math.log2(share) for share in shares)
    return total


def dbcv_in_order(X: np.ndarray, labels: np.ndarray) -> float:
    """The library's value depends on the order of the rows: theirs by the first column, the
    second, and so on."""
    order = np.lexsort(X.T[::-1])
    return float(validity_index(X[order], labels[order]))


# scikit-learn takes (truth, labels), or (X, labels).
REFERENCES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "ari": sk.adjusted_rand_score,
    "ami": sk.adjusted_mutual_info_score,
    "nmi": sk.normalized_mutual_info_score,
    "purity": lambda truth, labels: purity_by_hand(labels, truth),
    "entropy": lambda truth, labels: entropy_by_hand(labels, truth),
    "normalized_entropy": lambda truth, labels: (
        entropy_by_hand(labels, truth) / max(math.log2(len(set(truth.tolist()))), 1)
    ),
    "homogeneity": sk.homogeneity_score,
    "completeness": sk.completeness_score,
    "v_measure": sk.v_measure_score,
    "silhouette": sk.silhouette_score,
    "davies_bouldin": sk.davies_bouldin_score,
    "calinski_harabasz": sk.calinski_harabasz_score,
    "dbcv": dbcv_in_order,
}
INTERNAL = {"silhouette", "davies_bouldin", "calinski_harabasz", "dbcv"}
EXTERNAL = sorted(set(MODULES) - INTERNAL)

RNG = np.random.default_rng(7)
LABELLINGS = {
    "random": (RNG.integers(0, 9, 400), RNG.integers(0, 5, 400)),
    "related": (np.arange(300) // 20, np.arange(300) // 35),
    "noise": (RNG.integers(-1, 4, 200), np.arange(200) // 50),
    "one cluster": (np.zeros(50, dtype=int), np.arange(50) // 10),
    "one class": (np.arange(50) // 10, np.zeros(50, dtype=int)),
    "one of each": (np.zeros(6, dtype=int), np.ones(6, dtype=int)),
    "each its own cluster": (np.arange(40), np.arange(40) // 8),
    "each its own of both": (np.arange(12), np.arange(12)[::-1].copy()),
    "same partition": (np.arange(60) % 4, (np.arange(60) % 4) * 3),
    "one image": (np.array([3]), np.array([8])),
    "numbers far apart": (np.array([10**12, 5, 5, -(10**12)]), np.array([0, 0, 1, 1])),
    "more cells than memory should hold": (np.arange(3000), np.arange(3000) // 2),
}
X_BLOBS, BLOBS = make_blobs(n_samples=300, n_features=4, centers=6, cluster_std=3, random_state=3)


def test_every_metric_file_has_a_reference_here() -> None:
    assert set(MODULES) == set(REFERENCES)


@pytest.mark.parametrize("case", LABELLINGS)
@pytest.mark.parametrize("name", EXTERNAL)
def test_external_metric_agrees_with_the_reference(name: str, case: str) -> None:
    labels, truth = LABELLINGS[case]
    assert METRICS[name](labels, truth) == pytest.approx(
        float(REFERENCES[name](truth, labels)), abs=1e-9
    )


@pytest.mark.parametrize("name", sorted(INTERNAL))
def test_internal_metric_agrees_with_the_reference(name: str) -> None:
    expected = REFERENCES[name](X_BLOBS, BLOBS)
    assert METRICS[name](X_BLOBS, BLOBS) == pytest.approx(expected, rel=1e-8)
    single = X_BLOBS.astype(np.float32)
    assert METRICS[name](single, BLOBS) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", MODULES)
def test_renaming_clusters_or_classes_changes_nothing(name: str) -> None:
    if name in INTERNAL:
        # To DBCV, -1 is not a name but noise.
        renamed = np.array([40, 5 if name == "dbcv" else -1, 7, 900, 3, 12])[BLOBS]
        assert METRICS[name](X_BLOBS, renamed) == pytest.approx(METRICS[name](X_BLOBS, BLOBS))
        return
    labels, truth = LABELLINGS["random"]
    renamed = RNG.permutation(9)[labels] * 11 - 4
    classes = RNG.permutation(5)[truth] + 100
    assert METRICS[name](renamed, classes) == pytest.approx(METRICS[name](labels, truth))


@pytest.mark.parametrize("name", MODULES)
def test_the_order_of_the_images_changes_nothing(name: str) -> None:
    truth = X_BLOBS if name in INTERNAL else LABELLINGS["related"][1]
    labels = BLOBS if name in INTERNAL else LABELLINGS["related"][0]
    order = np.random.default_rng(0).permutation(len(labels))
    pair, mixed = (labels, truth), (labels[order], truth[order])
    if name in INTERNAL:
        pair, mixed = pair[::-1], mixed[::-1]
    assert METRICS[name](*mixed) == pytest.approx(METRICS[name](*pair))


@pytest.mark.parametrize("name", MODULES)
def test_inputs_stay_as_they_are(name: str) -> None:
    labels, other = BLOBS.copy(), X_BLOBS.copy() if name in INTERNAL else BLOBS[::-1].copy()
    before = other.copy()
    METRICS[name](*((other, labels) if name in INTERNAL else (labels, other)))
    np.testing.assert_array_equal(labels, BLOBS)
    np.testing.assert_array_equal(other, before)


@pytest.mark.parametrize("name", EXTERNAL)
def test_lengths_that_differ_are_an_error_with_both(name: str) -> None:
    with pytest.raises(DataError, match=r"\(3,\).*\(4,\)"):
        METRICS[name](np.arange(3), np.arange(4))


@pytest.mark.parametrize("name", sorted(INTERNAL))
@pytest.mark.parametrize(
    ("X", "labels", "reason"),
    [
        (np.eye(4), np.zeros(4, dtype=int), "for one cluster"),
        (np.eye(4), np.arange(4), "each image is its own cluster"),
        (np.ones((4, 2)), np.array([0, 0, 1, 1]), "all vectors are equal"),
    ],
)
def test_undefined_is_an_error_that_says_why(
    name: str, X: np.ndarray, labels: np.ndarray, reason: str
) -> None:
    with pytest.raises(DataError, match=f"{name} is undefined .*{reason}"):
        METRICS[name](X, labels)


def test_calinski_harabasz_has_no_bound_for_clusters_of_equal_vectors() -> None:
    X = np.repeat(np.array([[0.1, 0.2], [5.3, 1.7]], dtype=np.float32), 5, axis=0)
    with pytest.raises(DataError, match="no bound"):
        METRICS["calinski_harabasz"](X, np.repeat([0, 1], 5))


def test_davies_bouldin_does_not_praise_clusters_with_one_centroid() -> None:
    X = np.array([[-1.0], [1.0], [-5.0], [5.0]])
    with pytest.raises(DataError, match="same centroid"):
        METRICS["davies_bouldin"](X, np.array([0, 0, 1, 1]))


def test_entropy_takes_a_base() -> None:
    labels, truth = np.zeros(8, dtype=int), np.arange(8) % 4
    assert METRICS["entropy"](labels, truth) == pytest.approx(2)
    assert METRICS["entropy"](labels, truth, base=4) == pytest.approx(1)
    assert METRICS["entropy"](labels, truth, base=math.e) == pytest.approx(math.log(4))


@pytest.mark.parametrize("name", MODULES)
def test_the_example_in_the_docstring_runs(name: str) -> None:
    module = importlib.import_module(f"clusterlab.metrics.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
