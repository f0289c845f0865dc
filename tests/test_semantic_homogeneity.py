"""Semantic homogeneity and the agreement of labelers, against counting by hand."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, cohen_kappa_score

from clusterlab.meaning import Homogeneity
from clusterlab.metrics._columns import references
from clusterlab.metrics._external import tabulated
from clusterlab.metrics.agreement import about_agreements, agreement, agreements
from clusterlab.metrics.semantic_homogeneity import quality, semantic_homogeneity
from clusterlab.types import NOISE
from tests.test_evaluator import collection


def homogeneity_of(
    labels: list[int] | np.ndarray,
    cells: list,
    *,
    within: np.ndarray | None = None,
    **options: float,
) -> Homogeneity:
    labels = np.asarray(labels)
    several = ("it",) if any(isinstance(cell, tuple) for cell in cells) else ()
    column = references(collection({"it": cells}, multi_valued=several), "it")
    images = np.ones(len(labels), dtype=bool) if within is None else within
    tables = tabulated(
        labels,
        column[0],
        images,
        has_noise=bool((labels == NOISE).any()),
        n_permutations=200,
        random_state=3,
    )
    return semantic_homogeneity(
        labels, column, list(tables), within=within, n_permutations=200, random_state=3, **options
    )  # type: ignore[arg-type]


def row(found: Homogeneity, noise: str) -> pd.Series:
    return found.summary.set_index("noise").loc[noise]


# Cluster 0: 6 images, 5 labelled, 4 of them sea. Cluster 1: 4 images, 2 bird, 2 sea.
# Cluster 5: 2 images, one labelled. Noise: 3 images, all of them labelled.
LABELS = [0] * 6 + [1] * 4 + [5] * 2 + [-1] * 3
CELLS = ["sea", "sea", "sea", "sea", "tree", None, "bird", "bird", "sea", "sea", "tree", None]
CELLS += ["bird", "bird", "tree"]


def test_clusters_are_what_a_hand_counts() -> None:
    table = homogeneity_of(LABELS, CELLS).clusters
    assert list(table.columns) == [
        *["cluster", "size", "n_labelled", "top", "homogeneity", "entropy", "q", "good"]
    ]
    assert table["cluster"].tolist() == [0, 1, 5, -1]
    assert table["size"].tolist() == [6, 4, 2, 3]
    assert table["n_labelled"].tolist() == [5, 4, 1, 3]
    # Of equals the first in the alphabet.
    assert table["top"].tolist() == ["sea", "bird", "tree", "bird"]
    assert table["homogeneity"].tolist() == pytest.approx([0.8, 0.5, 1, 2 / 3])
    entropies = [
        -0.8 * math.log2(0.8) - 0.2 * math.log2(0.2),
        1,
        0,
        -(2 / 3) * math.log2(2 / 3) - (1 / 3) * math.log2(1 / 3),
    ]
    assert table["entropy"].tolist() == pytest.approx(entropies)
    assert table["q"].tolist() == pytest.approx(
        [h / (e + 1e-6) for h, e in zip([0.8, 0.5, 1, 2 / 3], entropies, strict=True)]
    )
    assert table["good"].tolist() == [True, False, True, False]


def test_summaries_are_weighted_by_the_labelled_images() -> None:
    found = homogeneity_of(LABELS, CELLS)
    seas = -0.8 * math.log2(0.8) - 0.2 * math.log2(0.2)
    noise = -(2 / 3) * math.log2(2 / 3) - (1 / 3) * math.log2(1 / 3)
    both = row(found, "with")
    assert both["homogeneity"] == pytest.approx((4 + 2 + 1 + 2) / 13)
    assert both["entropy"] == pytest.approx((5 * seas + 4 * 1 + 1 * 0 + 3 * noise) / 13)
    assert both["q"] == pytest.approx(both["homogeneity"] / (both["entropy"] + 1e-6))
    assert both["coverage"] == pytest.approx(13 / 15)
    assert both["majority"] == pytest.approx(6 / 13)
    without = row(found, "without")
    assert without["homogeneity"] == pytest.approx((4 + 2 + 1) / 10)
    assert without["entropy"] == pytest.approx((5 * seas + 4) / 10)
    assert without["coverage"] == pytest.approx(10 / 15)
    assert without["majority"] == pytest.approx(6 / 10)
    for one in (both, without):
        assert one[["n_clusters", "n_good"]].tolist() == [3, 2]
        assert one["good_share"] == pytest.approx((5 + 1) / 15)
    assert found.threshold == 0.75
    assert found.column == "it"


def test_noise_is_never_a_good_cluster_and_the_threshold_is_passed_not_met() -> None:
    found = homogeneity_of([0, 0, 0, 0, -1, -1], ["a", "a", "a", "b", "c", "c"], threshold=0.75)
    assert found.clusters["homogeneity"].tolist() == [0.75, 1]
    assert found.clusters["good"].tolist() == [False, False]
    lower = homogeneity_of([0, 0, 0, 0, -1, -1], ["a", "a", "a", "b", "c", "c"], threshold=0.74)
    assert lower.clusters["good"].tolist() == [True, False]


def test_a_cluster_of_which_less_than_half_is_labelled_is_not_good() -> None:
    labels = np.repeat([0, 1, 2], 100)
    cells: list = [*["a"] * 1, *[None] * 99, *["a"] * 49, *[None] * 51, *["b"] * 50, *[None] * 50]
    found = homogeneity_of(labels, cells)
    assert found.clusters["homogeneity"].tolist() == [1, 1, 1]
    assert found.clusters["good"].tolist() == [False, False, True]
    both = row(found, "with")
    assert both["n_good"] == 1
    assert both["good_share"] == pytest.approx(50 / 300)


@pytest.mark.parametrize(("h", "e", "q"), [(0.797, 0.696, 1.145), (0.843, 0.564, 1.495)])
def test_quality_is_that_of_the_study(h: float, e: float, q: float) -> None:
    # The study prints 1.144 and 1.494, from shares that it did not round.
    assert quality(h, e) == pytest.approx(q, abs=5e-4)


def shuffled(labels: np.ndarray, cells: list, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Homogeneity and entropy with the labels dealt out anew, by counting."""
    rng = np.random.default_rng(8)
    held = np.array([bool(cell) for cell in cells])
    kept = [cell for cell in cells if cell]
    tops, bits = [], []
    for _ in range(n):
        mixed = [kept[at] for at in rng.permutation(len(kept))]
        top, total = 0, 0.0
        for k in np.unique(labels[held]):
            inside = [mixed[at] for at in np.flatnonzero(labels[held] == k)]
            values = [v for cell in inside for v in (cell if isinstance(cell, tuple) else (cell,))]
            top += max(Counter(values).values())
            shares = np.array(list(Counter(inside).values())) / len(inside)
            total += len(inside) * -(shares * np.log2(shares)).sum()
        tops.append(top / len(kept))
        bits.append(total / len(kept))
    return np.array(tops), np.array(bits)


@pytest.mark.parametrize("several", [False, True])
def test_chance_is_the_labels_dealt_out_anew(several: bool) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), [5, 10, 15, 20, 25, 45])
    words = [str(word) for word in rng.choice(list("abcd"), 120, p=[0.4, 0.3, 0.2, 0.1])]
    cells: list = [(word, "xyz"[at % 3]) for at, word in enumerate(words)] if several else words
    cells[7] = cells[50] = () if several else None
    found = row(homogeneity_of(labels, cells), "with")
    tops, bits = shuffled(labels, cells)
    assert found["chance"] == pytest.approx(tops.mean(), abs=4 * tops.std() / 14)
    assert found["chance_std"] == pytest.approx(tops.std(), rel=0.35)
    assert found["entropy_chance"] == pytest.approx(bits.mean(), abs=4 * bits.std() / 14)
    assert found["majority"] < found["chance"] < 1


def test_an_image_with_several_values_counts_for_each() -> None:
    cells = [("a", "b"), ("a", "c"), ("a",), (), ("b", "c"), ("b", "c"), ("c",), ("b",)]
    found = homogeneity_of([0, 0, 0, 0, 1, 1, 1, 1], cells)
    table = found.clusters
    assert table["top"].tolist() == ["a", "b"]
    assert table["homogeneity"].tolist() == pytest.approx([1, 3 / 4])
    # Sets: three different ones; {b, c} twice, {c} and {b} once.
    assert table["entropy"].tolist() == pytest.approx([math.log2(3), 1.5])
    assert row(found, "with")["homogeneity"] == pytest.approx((3 + 3) / 7)
    # b and c have four holders each.
    assert row(found, "with")["majority"] == pytest.approx(4 / 7)


def test_what_is_unlabelled_or_outside_does_not_count() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2, -1])
    cells = ["a", "a", None, None, "b", "a", "b"]
    table = homogeneity_of(labels, cells).clusters.set_index("cluster")
    assert table.loc[1, ["n_labelled", "top", "good"]].tolist() == [0, "", False]
    assert table.loc[1, ["homogeneity", "entropy", "q"]].isna().all()
    inside = homogeneity_of(labels, cells, within=np.array([1, 1, 1, 1, 0, 0, 0], dtype=bool))
    assert inside.clusters["cluster"].tolist() == [0, 1]
    assert row(inside, "with")["coverage"] == 0.5
    only = row(inside, "without")
    assert only[["majority", "chance", "chance_std", "entropy_chance"]].tolist() == [1, 1, 0, 0]


def test_all_noise_has_no_clusters_to_be_homogeneous() -> None:
    found = homogeneity_of([-1] * 4, ["a", "b", "a", "a"])
    assert row(found, "with")["homogeneity"] == 0.75
    assert row(found, "with")["n_clusters"] == 0
    without = row(found, "without")
    assert without["coverage"] == 0
    assert without[["homogeneity", "q", "majority", "chance"]].isna().all()


def test_agreement_is_scikit_learns_where_both_have_a_label() -> None:
    one = ["a", "a", "b", "c", None, "b", "c", "a"]
    other = ["a", "b", "b", "c", "a", None, "a", "a"]
    images = collection({"true": one, "clip": one, "llava": other})
    found = agreement(images, "clip", "llava")
    both = [(x, y) for x, y in zip(one, other, strict=True) if x and y]
    first, second = zip(*both, strict=True)
    assert found.n == 6
    assert found.share == pytest.approx(4 / 6)
    assert found.kappa == pytest.approx(cohen_kappa_score(first, second))
    assert found.ari == pytest.approx(adjusted_rand_score(first, second))


def test_agreements_are_of_models_alone_and_of_every_two() -> None:
    cells = {name: ["x", "y", "x"] for name in ("true", "clip", "llava", "qwen")}
    images = collection({**cells, "two": [("x",), ("y",), ()]}, multi_valued=("two",))
    made = frozenset({"clip", "llava", "qwen", "two"})
    found = agreements(dataclasses.replace(images, synthetic=made))
    assert [(pair.one, pair.other) for pair in found] == [
        ("clip", "llava"),
        ("clip", "qwen"),
        ("llava", "qwen"),
    ]
    assert agreements(images) == ()


def test_agreement_about_nothing_is_no_number() -> None:
    apart = agreement(collection({"a": ["x", None], "b": [None, "x"]}), "a", "b")
    assert apart.n == 0
    assert all(math.isnan(value) for value in (apart.share, apart.kappa, apart.ari))
    same = agreement(collection({"a": ["x", "x"], "b": ["x", "x"]}), "a", "b")
    assert same.share == 1
    assert math.isnan(same.kappa)
    assert math.isnan(same.ari)
    unlike = agreement(collection({"a": ["x", "x"], "b": ["y", "y"]}), "a", "b")
    assert math.isnan(unlike.ari), "one cluster each: there is nothing to agree about"
    alone = agreement(collection({"a": ["x"], "b": ["x"]}), "a", "b")
    assert (alone.share, alone.n) == (1, 1)
    assert math.isnan(alone.ari)


def test_labels_of_different_categories_are_compared_as_clusters_alone() -> None:
    few = ["sea", "sea", "land", "land", "sea"]
    many = ["boats", "fish", "trees", "trees", "sea"]
    images = collection({"few": few, "many": many, "p3": [("sea",)] * 5}, multi_valued=("p3",))
    images = dataclasses.replace(images, synthetic=frozenset({"few", "many", "p3"}))
    (found,) = agreements(images)
    assert math.isnan(found.share)
    assert math.isnan(found.kappa)
    assert found.ari == pytest.approx(adjusted_rand_score(few, many))
    text = " ".join(about_agreements(images, [found]))
    assert "'few' and 'many' have labels of different categories" in text
    assert "several labels in 'p3'" in text
    # That not all were used, by either, says nothing where it is known what there was.
    known = dict.fromkeys(("few", "many"), sorted({*few, *many}))
    (same,) = agreements(images, known)
    assert same.share == pytest.approx(1 / 5)
    assert same.kappa == pytest.approx(cohen_kappa_score(few, many))
    (apart,) = agreements(images, {"few": ["sea", "land"], "many": sorted(set(many))})
    assert math.isnan(apart.share)
    people = dataclasses.replace(images, synthetic=frozenset({"few"}))
    assert not list(about_agreements(people, agreements(people)))
