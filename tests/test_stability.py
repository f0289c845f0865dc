"""Stability against hand-made cases, sets, and scikit-learn."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import combinations

import hdbscan
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from clusterlab.clusterers.dbscan import DBSCAN
from clusterlab.clusterers.recluster import Recluster
from clusterlab.errors import ComponentError, ConfigError, DataError
from clusterlab.metrics.stability import stability
from clusterlab.stability import Stability, verdict
from clusterlab.types import NOISE


class Ruled:
    """Clusters rows that know their own number by a rule, and keeps what it was given.

    rule: (row numbers, random_state, how many calls before) -> labels.
    """

    def __init__(self, rule: Callable[..., np.ndarray], *, seeded: bool = False) -> None:
        self.rule = rule
        self.seeded = seeded
        self.given: list[np.ndarray] = []
        self.gave: list[np.ndarray] = []

    def __call__(self, X: np.ndarray, random_state: int | None = None) -> np.ndarray:
        rows = X[:, 0].astype(int)
        labels = np.asarray(self.rule(rows, random_state, len(self.given)))
        self.given.append(rows)
        self.gave.append(labels)
        return labels

    def whole(self, n: int, first: int, last: int) -> list[np.ndarray]:
        """What it said in these calls, by row number, -9 for rows it was not given."""
        found = []
        for rows, labels in zip(self.given[first:last], self.gave[first:last], strict=True):
            found.append(np.full(n, -9))
            found[-1][rows] = labels
        return found


def numbered(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.float32)[:, np.newaxis]


def ari_of(found: Stability, kind: str) -> float:
    return float(found.kinds.set_index("kind").loc[kind, "ari"])


def test_two_far_blobs_are_fully_stable() -> None:
    X, _ = make_blobs(200, 3, centers=[[0] * 3, [50] * 3], random_state=0)
    again = Recluster(KMeans(2, n_init=1, random_state=0))
    found = stability(X.astype(np.float32), again(X), again, n_repeats=5)
    assert found.kinds["kind"].tolist() == ["bootstrap", "seeds", "orders"]
    assert found.kinds["ari"].tolist() == [1, 1, 1]
    assert found.kinds["ari_std"].tolist() == [0, 0, 0]
    assert found.kinds["n_pairs"].tolist() == [15, 15, 15]
    own = found.clusters.drop(columns="jaccard_chance")
    assert own.to_numpy().tolist() == [[0, 1, 1], [1, 1, 1]]
    # Half of the images against a half at random: a third of either is in both.
    assert found.clusters["jaccard_chance"].tolist() == pytest.approx([1 / 3, 1 / 3], abs=0.06)
    assert np.nanmin(found.confidence) == 1
    assert found.n_repeats == 5


def test_a_cloud_cut_into_eight_is_not() -> None:
    X = np.random.default_rng(0).random((500, 5)).astype(np.float32)
    again = Recluster(KMeans(8, n_init=1, random_state=0))
    found = stability(X, again(X), again, n_repeats=6)
    assert found.kinds["ari"].between(0.05, 0.6).all()
    assert found.clusters["jaccard"].between(0.2, 0.65).all()
    assert found.clusters["survival"].mean() < 0.6
    assert 0.2 < np.nanmean(found.confidence) < 0.8


def test_noise_cut_into_three_is_doubtful_though_it_comes_again() -> None:
    X = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    again = Recluster(KMeans(3, n_init=10, random_state=0))
    found = stability(X, again(X), again, n_repeats=10, kinds=["bootstrap"])
    assert ari_of(found, "bootstrap") < 0.5
    assert (found.clusters["survival"] > 0).all()
    assert "stable" not in set(found.clusters["jaccard"].map(verdict))
    assert found.clusters["jaccard_chance"].between(0.15, 0.35).all()
    assert (found.clusters["jaccard"] > found.clusters["jaccard_chance"]).all()


def test_jaccard_survival_and_confidence_are_those_of_sets() -> None:
    # A and B become one, of C the last two go to noise, D is noise and stays it; E is found as it
    # was by the even samples, and by the odd ones not at all.
    original = np.repeat([0, 1, 2, NOISE, 7], [10, 5, 8, 3, 6])
    n = len(original)

    def rule(rows: np.ndarray, _: object, call: int) -> np.ndarray:
        labels = np.where(rows < 15, 4, np.where(rows < 21, 9, NOISE))
        return np.where(rows >= 26, 1 if call % 2 == 0 else NOISE, labels)

    ruled = Ruled(rule)
    found = stability(numbered(n), original, ruled, n_repeats=40)
    jaccards: dict[int, list[float]] = {0: [], 1: [], 2: [], 7: []}
    stays: list[list[bool]] = [[] for _ in range(n)]
    for call, (rows, labels) in enumerate(zip(ruled.given[:40], ruled.gave[:40], strict=True)):
        sample = set(rows.tolist())
        assert len(sample) == len(rows) < n
        new = {k: set(rows[labels == k].tolist()) for k in set(labels.tolist()) - {NOISE}}
        best = {}
        for k, values in jaccards.items():
            old = set(np.flatnonzero(original == k).tolist()) & sample
            if old:
                best[k] = max(len(old & other) / len(old | other) for other in new.values())
                values.append(best[k])
        # Of A and B the greater part takes the joint cluster; of equals the first.
        first = 0 if best.get(0, 0) >= best.get(1, 0) else 1
        home = {first: 4, 2: 9, NOISE: NOISE} | ({7: 1} if call % 2 == 0 else {})
        for row, label in zip(rows.tolist(), labels.tolist(), strict=True):
            stays[row].append(home.get(int(original[row])) == label)
    table = found.clusters.set_index("cluster")
    assert table.index.tolist() == [0, 1, 2, 7]
    for k, values in jaccards.items():
        assert table.loc[k, "jaccard"] == pytest.approx(np.mean(values))
        assert table.loc[k, "survival"] == pytest.approx(np.mean(np.array(values) > 0.5))
    assert 0.3 < table.loc[7, "jaccard"] < 0.6
    assert table.loc[1, "survival"] < 0.3
    np.testing.assert_allclose(found.confidence, [np.mean(values) for values in stays])
    assert found.confidence[original == NOISE].tolist() == [1, 1, 1]
    assert found.confidence[21:23].tolist() == [0, 0]


def test_the_agreement_is_scikit_learns_on_the_images_of_both() -> None:
    rng = np.random.default_rng(5)
    original = rng.integers(-1, 4, 60)
    ruled = Ruled(lambda rows, _, call: np.random.default_rng(call).integers(-1, 4, 60)[rows])
    ruled.seeded = True
    within = rng.random(60) < 0.7
    found = stability(numbered(60), original, ruled, n_repeats=4, within=within)
    for at, kind in enumerate(("bootstrap", "seeds", "orders")):
        clusterings = [original, *ruled.whole(60, 4 * at, 4 * at + 4)]
        values = []
        for one, other in combinations(clusterings, 2):
            both = within & (one != -9) & (other != -9)
            values.append(adjusted_rand_score(one[both], other[both]))
        row = found.kinds.iloc[at]
        assert row["kind"] == kind
        assert row["n_pairs"] == len(values) == 10
        assert row["ari"] == pytest.approx(np.mean(values))
        assert row["ari_std"] == pytest.approx(np.std(values, ddof=1))
    assert len(found.clusters) == 4
    assert np.isfinite(found.confidence).sum() > within.sum()


def test_each_kind_varies_one_thing() -> None:
    seeds = []

    def rule(rows: np.ndarray, random_state: object, _: int) -> np.ndarray:
        seeds.append(random_state)
        return rows % 2

    ruled = Ruled(rule, seeded=True)
    stability(numbered(50), np.arange(50) % 2, ruled, n_repeats=3, random_state=1)
    bootstrap, under_seeds, orders = ruled.given[:3], ruled.given[3:6], ruled.given[6:]
    for rows in bootstrap:
        assert (np.diff(rows) > 0).all()
        assert 20 < len(rows) < 45
    for rows in under_seeds:
        assert rows.tolist() == list(range(50))
    for rows in orders:
        assert sorted(rows.tolist()) == list(range(50))
        assert rows.tolist() != list(range(50))
    assert seeds[:3] == seeds[6:] == [None] * 3
    assert len(set(seeds[3:6])) == 3
    assert all(isinstance(seed, int) for seed in seeds[3:6])


def test_nothing_random_means_no_seeds_and_says_so() -> None:
    X, _ = make_blobs(150, 2, centers=3, random_state=3)
    X = X.astype(np.float32)
    again = Recluster(hdbscan.HDBSCAN(5))
    found = stability(X, again(X), again, n_repeats=2)
    assert found.kinds["kind"].tolist() == ["bootstrap", "orders"]
    assert any("no random_state" in note for note in found.notes)
    assert any("drawn with replacement" in note for note in found.notes)


def test_orders_show_a_clusterer_that_depends_on_them() -> None:
    # The first half of the rows is one cluster, whatever they are.
    careless = Ruled(lambda rows, *_: np.arange(len(rows)) >= len(rows) // 2)
    found = stability(numbered(80), np.repeat([0, 1], 40), careless, n_repeats=5)
    assert ari_of(found, "orders") < 0.1


def test_failures_agree_with_none_and_are_told() -> None:
    calls = iter(range(99))

    class Fails(Ruled):
        def __call__(self, X: np.ndarray, random_state: int | None = None) -> np.ndarray:
            if (call := next(calls)) in (0, 1, 4):
                raise ComponentError(f"no luck in call {call}")
            return super().__call__(X, random_state)

    fails = Fails(lambda rows, *_: rows // 20)
    found = stability(numbered(40), np.arange(40) // 20, fails, n_repeats=4)
    kinds = found.kinds.set_index("kind")
    # Of five clusterings two failed, so 3 of the 10 pairs agree; in other orders 6 of 10.
    assert kinds.loc["bootstrap", "ari"] == pytest.approx(0.3)
    assert kinds.loc["orders", "ari"] == pytest.approx(0.6)
    assert kinds.loc["bootstrap", ["n_clusters_low", "n_clusters_high"]].tolist() == [0, 2]
    assert found.clusters["jaccard"].tolist() == [0.5, 0.5]
    assert found.clusters["survival"].tolist() == [0.5, 0.5]
    text = "\n".join(found.notes)
    assert "2 of 4 re-clusterings (bootstrap) failed" in text
    assert "The first: no luck in call 0" in text
    assert "1 of 4 re-clusterings (orders) failed" in text


def test_clusterings_without_clusters_do_not_praise_each_other() -> None:
    ruled = Ruled(lambda rows, _, call: np.full(len(rows), 0 if call % 2 else NOISE))
    found = stability(numbered(40), np.arange(40) // 30, ruled, n_repeats=4)
    assert found.kinds["ari"].tolist() == [0, 0]
    # Of the joint cluster three quarters are of the first; noise is no counterpart.
    assert found.clusters.loc[0, "jaccard"] == pytest.approx(0.75 / 2, abs=0.05)
    assert found.clusters.loc[0, "survival"] == 0.5
    assert found.clusters.loc[1, "survival"] == 0
    assert any("4 of 4 re-clusterings (orders) found one cluster" in note for note in found.notes)


def test_a_sample_too_small_for_its_clusters_does_not_crash() -> None:
    X = np.random.default_rng(0).random((12, 2)).astype(np.float32)
    again = Recluster(KMeans(11, n_init=1, random_state=0))
    found = stability(X, again(X), again, n_repeats=3)
    assert ari_of(found, "bootstrap") == 0
    assert any("n_clusters=11, but there are only" in note for note in found.notes)


def test_errors() -> None:
    again = Recluster(KMeans(2))
    with pytest.raises(ConfigError, match=r"1 re-clusterings a kind .* ask for 2 or more"):
        stability(numbered(4), np.array([0, 0, 1, 1]), again, n_repeats=1)
    for labels in (np.zeros(4, dtype=int), np.full(4, -1)):
        with pytest.raises(DataError, match="undefined for one cluster"):
            stability(numbered(4), labels, again, n_repeats=2)


def test_the_seed_repeats_and_the_input_stays() -> None:
    X = np.random.default_rng(0).random((200, 3)).astype(np.float32)
    again = Recluster(KMeans(5, n_init=1, random_state=0))
    labels = again(X)
    before, kept = X.copy(), labels.copy()
    one, two, other = (
        stability(X, labels, again, n_repeats=3, random_state=seed) for seed in (4, 4, 5)
    )
    assert one.kinds.to_csv() == two.kinds.to_csv()
    assert one.clusters.to_csv() == two.clusters.to_csv()
    np.testing.assert_array_equal(one.confidence, two.confidence)
    assert one.kinds.to_csv() != other.kinds.to_csv()
    assert X.tobytes() == before.tobytes()
    assert labels.tobytes() == kept.tobytes()

    def spoils(rows: np.ndarray, *_: object) -> np.ndarray:
        return rows % 2

    class Spoils(Ruled):
        def __call__(self, X: np.ndarray, random_state: int | None = None) -> np.ndarray:
            X *= 0
            return super().__call__(X, random_state) + np.arange(len(X)) % 2

    stability(X, labels, Spoils(spoils, seeded=True), n_repeats=2)
    assert X.tobytes() == before.tobytes()


def test_memory_grows_with_the_images_not_with_their_pairs() -> None:
    n = 8000
    X = np.random.default_rng(0).random((n, 2)).astype(np.float32)
    labels = np.random.default_rng(1).integers(-1, 2000, n)
    # As many clusters as make a dense table of clusters against clusters 32 MB.
    grid = Ruled(lambda rows, *_: labels[rows])
    X[:, 0] = np.arange(n)
    tracemalloc.start()
    found = stability(X, labels, grid, n_repeats=4)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ari_of(found, "orders") == 1
    assert peak < 8e6
    # One bit a pair would be 8 MB.
    assert n * n / 8 >= 8e6


def test_dbscan_again_keeps_its_reach() -> None:
    X, _ = make_blobs(300, 2, centers=3, cluster_std=0.4, random_state=1)
    X = X.astype(np.float32)
    again = Recluster(DBSCAN(eps=0.6, min_samples=4))
    found = stability(X, again(X), again, n_repeats=4)
    assert ari_of(found, "orders") == pytest.approx(1)
    assert ari_of(found, "bootstrap") > 0.8
