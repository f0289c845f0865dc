"""DBCV against its definition, computed by logarithms, and where it is undefined."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hdbscan.validity import validity_index
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.datasets import load_digits, make_blobs

from clusterlab.errors import DataError
from clusterlab.metrics.dbcv import MOST_MEMBERS, dbcv


def spanning_tree(reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Prim's, from the first row. Of equal edges that to the first row, and from the first row."""
    tree = [0]
    edges, weights = [], []
    while len(tree) < len(reach):
        away = reach[tree].min(axis=0)
        away[tree] = np.inf
        new = int(away.argmin())
        near = [row for row in sorted(tree) if np.isclose(reach[row, new], away[new])]
        edges.append((near[0], new))
        weights.append(away[new])
        tree.append(new)
    return np.array(edges), np.array(weights)


def by_definition(X: np.ndarray, labels: np.ndarray) -> float:
    """Moulavi et al. 2014, equations 1 to 5, for clusters of three and more distinct vectors, with
    the rows ordered by the first column, the second, and so on."""
    order = np.lexsort(X.T[::-1])
    X, labels, d = X[order].astype(np.float64), labels[order], X.shape[1]
    clusters = [X[labels == k] for k in np.unique(labels[labels >= 0])]
    cores, inner, sparseness = [], [], []
    for members in clusters:
        away = cdist(members, members)
        np.fill_diagonal(away, np.inf)
        core = np.exp(-(logsumexp(-d * np.log(away), axis=1) - np.log(len(members) - 1)) / d)
        reach = np.maximum(cdist(members, members), np.maximum.outer(core, core))
        np.fill_diagonal(reach, 0)
        edges, weights = spanning_tree(reach)
        degree = np.bincount(edges.ravel(), minlength=len(members))
        inside = (degree[edges] > 1).all(axis=1)
        sparseness.append(weights[inside].max() if inside.any() else weights.max())
        cores.append(core)
        inner.append(np.flatnonzero(degree > 1))
    total = 0.0
    for i, members in enumerate(clusters):
        gaps = [
            np.maximum(
                cdist(members[inner[i]], other[inner[j]]),
                np.maximum.outer(cores[i][inner[i]], cores[j][inner[j]]),
            ).min()
            for j, other in enumerate(clusters)
            if j != i
        ]
        gap = min(gaps)
        total += len(members) / len(X) * (gap - sparseness[i]) / max(gap, sparseness[i])
    return float(total)


def blobs(d: int, std: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    X, labels = make_blobs(240, d, centers=4, cluster_std=std, random_state=2)
    return X.astype(np.float32), labels


@pytest.mark.parametrize("std", [0.5, 3.0])
@pytest.mark.parametrize("d", [1, 2, 5, 30])
def test_is_what_the_paper_says(d: int, std: float) -> None:
    X, labels = blobs(d, std)
    assert dbcv(X, labels) == pytest.approx(by_definition(X, labels), abs=1e-6)


@pytest.mark.parametrize("d", [300, 768])
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_many_dimensions_neither_vanish_nor_overflow(d: int, unit: float) -> None:
    # The powers of these distances do not fit into float64, their ratios do.
    X, labels = blobs(d)
    expected = by_definition(X, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dbcv(X * np.float32(unit), labels) == pytest.approx(expected, abs=1e-4)


def test_real_scans_wherever_the_origin_is() -> None:
    X, digits = load_digits(return_X_y=True)
    X, digits = X[:400], digits[:400]
    expected = by_definition(X, digits)
    assert dbcv(X, digits) == pytest.approx(expected, abs=1e-9)
    assert dbcv(X / 16 + 1000, digits) == pytest.approx(expected, abs=1e-6)


def test_the_order_of_the_images_does_not_matter() -> None:
    # It does to the library: overlapping clusters have many spanning trees.
    X, labels = blobs(4, 6.0)
    order = np.random.default_rng(1).permutation(len(X))
    plain = (
        validity_index(X.astype(float), labels),
        validity_index(X[order].astype(float), labels[order]),
    )
    assert abs(plain[0] - plain[1]) > 0.005
    assert dbcv(X[order], labels[order]) == dbcv(X, labels)


def test_noise_counts_against_it() -> None:
    X, labels = blobs(3)
    noise = np.arange(240) % 6 == 0
    kept = dbcv(X[~noise], labels[~noise])
    assert dbcv(X, np.where(noise, -1, labels)) == pytest.approx(kept * (~noise).mean())


def test_an_image_alone_is_noise() -> None:
    X, labels = blobs(3)
    alone = np.where(np.arange(240) == 7, 9, labels)
    assert dbcv(X, alone) == pytest.approx(dbcv(X, np.where(alone == 9, -1, alone)))


def test_near_duplicates_in_many_dimensions_are_an_error_with_a_way_out() -> None:
    X, labels = blobs(768)
    X = np.concatenate([X, X[:1] + np.float32(1e-5)])
    with pytest.raises(DataError, match=r"768 dimensions.*go beyond float64.*reducer=umap"):
        dbcv(X, np.append(labels, labels[0]))


def test_too_large_a_cluster_is_an_error_that_names_the_limit() -> None:
    X = np.arange(MOST_MEMBERS + 3, dtype=np.float32)[:, np.newaxis]
    labels = np.array([1, 1] + [0] * (MOST_MEMBERS + 1))
    with pytest.raises(DataError, match=r"12,000 images a cluster are the limit.*has 12,001"):
        dbcv(X, labels)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([-1] * 6, "for one cluster"),
        ([0, 0, 0, 0, -1, -1], "for one cluster"),
        ([0, 1, 2, -1, -1, -1], "no cluster has two images"),
        ([0, 0, 1, 1, 2, 2], "clusters of equal vectors lie in the same place"),
    ],
)
def test_undefined_says_why(labels: list[int], reason: str) -> None:
    X = np.array([[0.0], [0.0], [0.0], [0.0], [5.0], [6.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match=f"undefined.*{reason}"):
            dbcv(X, np.array(labels))


def test_clusters_of_equal_vectors_apart_are_perfect() -> None:
    X = np.repeat([[0.0, 1.0], [7.0, 3.0]], 5, axis=0)
    assert dbcv(X, np.repeat([0, 1], 5)) == 1
