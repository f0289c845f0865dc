"""The evaluator: what ends up in metrics.json, scores.csv and clusters.csv."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from sklearn import metrics as sk
from sklearn.cluster import KMeans

from clusterlab.clusterers.recluster import Recluster
from clusterlab.errors import ConfigError, DataError
from clusterlab.metrics.dbcv import dbcv
from clusterlab.metrics.evaluator import Evaluator
from clusterlab.types import Clustering, Collection, Evaluation, Features, MemoryImage

EXTERNAL = [
    "ari", "ami", "nmi", "purity", "entropy", "normalized_entropy", "homogeneity", "completeness",
    "v_measure",
]  # fmt: skip
INTERNAL = ["silhouette", "davies_bouldin", "calinski_harabasz"]
COLUMNS = ["metric", "label", "space", "split", "noise", "value", "chance", "chance_std", "n"]


def collection(
    labels: dict[str, list], *, multi_valued: tuple[str, ...] = (), split: list[str] | None = None
) -> Collection:
    n = len(next(iter(labels.values()), split or []))
    return Collection(
        name="made",
        ids=tuple(f"{row:05}" for row in range(n)),
        images=(MemoryImage(b""),) * n,
        digests=("",) * n,
        labels=pd.DataFrame(
            {key: pd.Series(cells, dtype=object) for key, cells in labels.items()}, index=range(n)
        ),
        multi_valued=frozenset(multi_valued),
        split=np.array(split or ["all"] * n),
        numeric=pd.DataFrame(index=range(n)),
    )


def spaces(
    images: Collection, X: np.ndarray, reduced: np.ndarray | None = None, **extra: object
) -> dict[str, Features]:
    return {
        name: Features(
            ids=images.ids,
            values=np.asarray(values, dtype=np.float32),
            space=name,
            **extra,  # type: ignore[arg-type]
        )
        for name, values in (("features", X), ("reduced", X if reduced is None else reduced))
    }


def evaluate(
    images: Collection, X: np.ndarray, labels: np.ndarray, *, scored_split: str = "all", **options
) -> Evaluation:
    options = {"n_permutations": 20, **options}
    return Evaluator(**options).evaluate(
        images, spaces(images, X), Clustering(np.asarray(labels)), scored_split=scored_split
    )


def one(scores: pd.DataFrame, **where: str) -> pd.Series:
    where = {"split": "all", "noise": "cluster", **where}
    found = scores[np.logical_and.reduce([scores[key] == value for key, value in where.items()])]
    assert len(found) == 1, f"{len(found)} rows for {where}"
    return found.iloc[0]


@pytest.fixture(scope="module")
def illustrations(shared_data: Path) -> tuple[Collection, np.ndarray, np.ndarray]:
    """The real table, thumbnails as vectors, 12 clusters of which a tenth was made noise."""
    folder = shared_data / "illustrations"
    table = pd.read_csv(folder / "objects.csv", dtype=object).sort_values("id")
    X = np.stack(
        [
            np.asarray(Image.open(folder / path).convert("RGB").resize((8, 8))).ravel() / 255
            for path in table["image"]
        ]
    )
    text = {name: [None if pd.isna(v) else str(v) for v in table[name]] for name in table}
    images = collection(
        {
            "word": text["word"],
            "kind": [None if kind == "unidentified" else kind for kind in text["kind"]],
            "tags": [tuple(tags.split("|")) if tags else () for tags in text["tags"]],
        },
        multi_valued=("tags",),
    )
    labels = KMeans(12, n_init=1, random_state=0).fit_predict(X)
    labels[::10] = -1
    return images, X, labels


@pytest.fixture(scope="module")
def found(illustrations: tuple[Collection, np.ndarray, np.ndarray]) -> Evaluation:
    return evaluate(*illustrations)


def test_columns_headline_and_files_are_those_of_the_contract(found: Evaluation) -> None:
    assert list(found.scores.columns) == COLUMNS
    assert found.scores["value"].notna().all()
    expected = [f"{m}/{column}" for column in ("word", "kind", "tags") for m in EXTERNAL]
    expected += [f"{m}/{space}" for space in ("features", "reduced") for m in INTERNAL]
    assert list(found.headline) == expected
    for key, value in found.headline.items():
        metric, name = key.split("/")
        where = {"space": name} if metric in INTERNAL else {"label": name}
        assert one(found.scores, metric=metric, **where)["value"] == value
    described = [f"{c}_{what}" for c in ("word", "kind", "tags") for what in
                 ("top", "share", "entropy")]  # fmt: skip
    assert list(found.clusters.columns) == [
        "cluster", "size", "medoid", "name", *described, "silhouette",
    ]  # fmt: skip


def test_every_metric_file_is_in_the_scores(found: Evaluation, root: Path) -> None:
    files = {path.stem for path in (root / "src/clusterlab/metrics").glob("[!_]*.py")}
    elsewhere = {"evaluator", "classification", "semantic_homogeneity", "agreement"}
    elsewhere |= {"ceiling", "macro_categories", "neighbourhood", "annotators"}
    asked_for = {"stability", "dbcv"}
    assert set(found.scores["metric"]) == files - elsewhere - asked_for


def test_headline_is_what_scikit_learn_says_of_the_labelled_images(
    found: Evaluation, illustrations: tuple[Collection, np.ndarray, np.ndarray]
) -> None:
    images, X, labels = illustrations
    kind = np.array([value or "" for value in images.labels["kind"]])
    held = kind != ""
    assert 0 < held.sum() < len(held)
    headline = found.headline
    truth, clusters = kind[held], labels[held]
    assert headline["ari/kind"] == pytest.approx(sk.adjusted_rand_score(truth, clusters))
    assert headline["ami/kind"] == pytest.approx(sk.adjusted_mutual_info_score(truth, clusters))
    assert headline["v_measure/kind"] == pytest.approx(sk.v_measure_score(truth, clusters))
    assert one(found.scores, metric="ari", label="kind")["n"] == held.sum()
    sets = ["|".join(sorted(tags)) for tags in images.labels["tags"]]
    tagged = np.array([bool(tags) for tags in images.labels["tags"]])
    assert headline["nmi/tags"] == pytest.approx(
        sk.normalized_mutual_info_score(np.array(sets)[tagged], labels[tagged])
    )
    single = X.astype(np.float32).astype(float)
    assert headline["silhouette/reduced"] == pytest.approx(
        sk.silhouette_score(single, labels), abs=1e-6
    )
    assert headline["davies_bouldin/features"] == pytest.approx(
        sk.davies_bouldin_score(single, labels)
    )


def test_a_multi_valued_column_is_also_scored_by_membership(
    found: Evaluation, illustrations: tuple[Collection, np.ndarray, np.ndarray]
) -> None:
    images, _, labels = illustrations
    values = {value for tags in images.labels["tags"] for value in tags}
    named = {name for name in found.scores["label"] if name.startswith("tags=")}
    assert named == {f"tags={value}" for value in values}
    tagged = np.array([bool(tags) for tags in images.labels["tags"]])
    has = np.array(["muted" in tags for tags in images.labels["tags"]])
    row = one(found.scores, metric="homogeneity", label="tags=muted")
    assert row["value"] == pytest.approx(sk.homogeneity_score(has[tagged], labels[tagged]))
    assert row["n"] == tagged.sum()


def test_the_three_noise_policies(
    found: Evaluation, illustrations: tuple[Collection, np.ndarray, np.ndarray]
) -> None:
    images, X, labels = illustrations
    word = images.labels["word"].to_numpy(dtype=str)
    kept = labels != -1
    alone = np.where(kept, labels, 100 + np.arange(len(labels)))
    for metric, reference in (
        ("ari", sk.adjusted_rand_score),
        ("homogeneity", sk.homogeneity_score),
    ):
        for noise, truth, clusters in (
            ("cluster", word, labels),
            ("dropped", word[kept], labels[kept]),
            ("singletons", word, alone),
        ):
            row = one(found.scores, metric=metric, label="word", noise=noise)
            assert row["value"] == pytest.approx(reference(truth, clusters))
            assert row["n"] == len(truth)
    row = one(found.scores, metric="silhouette", space="reduced", noise="dropped")
    assert row["n"] == kept.sum()
    single = X[kept].astype(np.float32).astype(float)
    assert row["value"] == pytest.approx(sk.silhouette_score(single, labels[kept]), abs=1e-6)


def test_without_noise_one_policy_is_written() -> None:
    images = collection({"label": ["a", "b"] * 10})
    scores = evaluate(images, np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 4)
    assert set(scores.scores["noise"]) == {"cluster"}


def test_chance_is_the_mean_over_relabelled_images(
    found: Evaluation, illustrations: tuple[Collection, np.ndarray, np.ndarray]
) -> None:
    images, _, labels = illustrations
    word = np.unique(images.labels["word"].to_numpy(dtype=str), return_inverse=True)[1]
    rng = np.random.default_rng(99)
    purities, rand = [], []
    for _ in range(200):
        mixed = rng.permutation(word)
        groups = [Counter(mixed[labels == k].tolist()) for k in np.unique(labels)]
        purities.append(sum(max(group.values()) for group in groups) / len(word))
        rand.append(sk.adjusted_rand_score(mixed, labels))
    row = one(found.scores, metric="purity", label="word")
    assert row["chance"] == pytest.approx(np.mean(purities), abs=4 * row["chance_std"] / 20**0.5)
    assert row["chance_std"] == pytest.approx(np.std(purities), rel=0.6)
    row = one(found.scores, metric="ari", label="word")
    assert abs(row["chance"]) < 0.01
    external = found.scores[found.scores["label"] != ""]
    assert external[["chance", "chance_std"]].notna().all(axis=None)
    assert found.scores[found.scores["space"] != ""]["chance"].isna().all()


def test_chance_of_a_table_too_large_to_hold_is_the_same_kind_of_number() -> None:
    rng = np.random.default_rng(0)
    images = collection({"label": [f"{k}" for k in rng.integers(0, 900, 3000)]})
    labels = np.concatenate([rng.integers(0, 5, 1500), np.full(1500, -1)])
    scores = evaluate(images, rng.normal(size=(3000, 2)), labels).scores
    row = one(scores, metric="purity", label="label", noise="singletons")
    # Labels and clusters are unrelated: the value is a draw of the chance level.
    assert abs(row["value"] - row["chance"]) < 5 * row["chance_std"]
    assert row["chance"] > 0.5


def test_the_same_seed_repeats_and_another_does_not(
    illustrations: tuple[Collection, np.ndarray, np.ndarray], found: Evaluation
) -> None:
    again = evaluate(*illustrations)
    assert again.scores.to_csv() == found.scores.to_csv()
    assert again.clusters.to_csv() == found.clusters.to_csv()
    other = evaluate(*illustrations, random_state=1).scores
    assert (other["value"] == found.scores["value"]).all()
    assert (other["chance"].dropna() != found.scores["chance"].dropna()).any()


def test_clusters_are_described_by_what_their_members_are(
    found: Evaluation, illustrations: tuple[Collection, np.ndarray, np.ndarray]
) -> None:
    images, X, labels = illustrations
    table = found.clusters.set_index("cluster")
    assert found.clusters["cluster"].tolist() == [*range(12), -1]
    assert table["size"].to_dict() == dict(Counter(labels.tolist()))
    assert table.loc[-1, ["medoid", "name"]].tolist() == ["", "noise"]
    assert table.loc[3, "name"] == "cluster 3"
    for k in range(12):
        members = np.flatnonzero(labels == k)
        away = np.square(X[members, None] - X[None, members]).sum(axis=(1, 2))
        assert table.loc[k, "medoid"] == images.ids[members[away.argmin()]]
        kinds = Counter(kind for kind in images.labels["kind"][members] if kind)
        best = max(kinds.values())
        assert table.loc[k, "kind_top"] == min(k for k, count in kinds.items() if count == best)
        shares = np.array(list(kinds.values())) / kinds.total()
        assert table.loc[k, "kind_share"] == pytest.approx(shares.max())
        assert table.loc[k, "kind_entropy"] == pytest.approx(-(shares * np.log2(shares)).sum())
        tagged = [tags for tags in images.labels["tags"][members] if tags]
        counts = Counter(tag for tags in tagged for tag in set(tags))
        assert counts[table.loc[k, "tags_top"]] == max(counts.values())
        assert table.loc[k, "tags_share"] == pytest.approx(max(counts.values()) / len(tagged))
    weighted = (table["silhouette"] * table["size"]).sum() / len(labels)
    assert weighted == pytest.approx(found.headline["silhouette/reduced"])


def test_each_split_is_scored_and_one_is_the_headline() -> None:
    rng = np.random.default_rng(1)
    split = ["train"] * 60 + ["test"] * 40
    truth = rng.integers(0, 3, 100)
    labels = np.where(np.arange(100) < 60, truth, rng.integers(0, 3, 100))
    images = collection({"label": [f"c{k}" for k in truth]}, split=split)
    X = rng.normal(size=(100, 3))
    found = evaluate(images, X, labels, scored_split="test")
    assert list(dict.fromkeys(found.scores["split"])) == ["all", "train", "test"]
    assert one(found.scores, metric="ari", label="label", split="train")["value"] == 1
    expected = sk.adjusted_rand_score(truth[60:], labels[60:])
    assert found.headline["ari/label"] == pytest.approx(expected)
    assert one(found.scores, metric="silhouette", space="reduced", split="test")["n"] == 40
    assert found.scored_split == "test"
    with pytest.raises(DataError, match=r"split 'val'.*all, train, test"):
        evaluate(images, X, labels, scored_split="val")


def test_two_spaces_have_their_own_silhouettes() -> None:
    images = collection({"label": ["a", "b"] * 20})
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    X = rng.normal(size=(40, 5))
    both = spaces(images, X, X[:, :2] + 5 * labels[:, None])
    found = Evaluator(n_permutations=2).evaluate(images, both, Clustering(labels))
    for name, space in both.items():
        expected = sk.silhouette_score(space.values.astype(float), labels)
        assert found.headline[f"silhouette/{name}"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.full(12, -1), "All 12 images are noise"),
        (np.full(12, -1), "undefined for one cluster"),
        (np.zeros(12, dtype=int), "undefined for one cluster"),
        (np.arange(12), "each image is its own cluster"),
    ],
)
def test_clusterings_without_a_silhouette_are_still_scored(labels: np.ndarray, reason: str) -> None:
    images = collection({"label": ["a", "b", "c"] * 4})
    found = evaluate(images, np.random.default_rng(0).normal(size=(12, 3)), labels)
    assert any(reason in note for note in found.notes)
    assert not any(key.startswith("silhouette") for key in found.headline)
    assert found.headline["ari/label"] == pytest.approx(0)
    assert all(math.isfinite(value) for value in found.headline.values())
    assert len(found.clusters) == len(set(labels.tolist()))


def test_equal_vectors_and_no_labels_do_not_crash() -> None:
    found = evaluate(collection({}, split=["all"] * 6), np.ones((6, 2)), np.arange(6) % 2)
    assert found.headline == {}
    assert found.scores.empty
    assert list(found.scores.columns) == COLUMNS
    assert any("all vectors are equal" in note for note in found.notes)
    assert found.clusters["size"].tolist() == [3, 3]


def test_columns_that_cannot_be_scored_say_why() -> None:
    images = collection(
        {"none": [None] * 20, "same": ["x"] * 20, "some": ["a", "b", None, "a"] * 5}
    )
    found = evaluate(images, np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2)
    assert set(found.scores["label"]) == {"some", ""}
    text = "\n".join(found.notes)
    assert "none: no scored image has a label" in text
    assert "same: 'x' is the only label" in text
    assert "some: 5 of 20 images have no label" in text
    assert found.clusters["none_top"].tolist() == ["", ""]
    assert found.clusters["same_share"].tolist() == [1, 1]


def test_notes_on_supervision_samples_and_chance() -> None:
    rng = np.random.default_rng(0)
    images = collection({"label": [f"c{k}" for k in rng.integers(0, 3, 300)]})
    labels = rng.integers(0, 4, 300)
    seen = spaces(images, rng.normal(size=(300, 4)), seen_labels=("label",))
    evaluator = Evaluator(n_permutations=50, max_silhouette_images=100)
    found = evaluator.evaluate(images, seen, Clustering(labels))
    text = "\n".join(found.notes)
    assert "Features were made from column label" in text
    assert "of 300 images, drawn by cluster" in text
    assert "label: purity" in text
    assert "no better than chance" in text
    assert 97 <= one(found.scores, metric="silhouette", space="reduced")["n"] <= 100
    good = evaluator.evaluate(images, seen, Clustering(np.unique(
        images.labels["label"].to_numpy(dtype=str), return_inverse=True)[1]))  # fmt: skip
    assert "chance" not in "\n".join(good.notes)


def test_parts_that_do_not_match_are_an_error() -> None:
    images = collection({"label": ["a", "b"] * 5})
    with pytest.raises(DataError, match=r"9 cluster labels.*10 images"):
        evaluate(images, np.ones((10, 1)), np.zeros(9, dtype=int))
    other = {"reduced": Features(ids=("x",), values=np.ones((1, 1), np.float32), space="reduced")}
    with pytest.raises(DataError, match="reduced values are not of the images"):
        Evaluator().evaluate(images, other, Clustering(np.zeros(10, dtype=int)))


@pytest.fixture(scope="module")
def steady(
    illustrations: tuple[Collection, np.ndarray, np.ndarray],
) -> tuple[Evaluation, np.ndarray]:
    """k-means with one start on the real thumbnails, with everything that may be asked for."""
    images, X, _ = illustrations
    again = Recluster(KMeans(9, n_init=1, random_state=0))
    labels = again(X.astype(np.float32))
    evaluator = Evaluator(n_permutations=2, stability=3, dbcv=True)
    both = spaces(images, np.hstack([X, X[:, :1]]), X)
    return evaluator.evaluate(images, both, Clustering(labels), recluster=again), labels


def test_stability_where_it_is_asked_for(
    steady: tuple[Evaluation, np.ndarray], found: Evaluation
) -> None:
    evaluation, labels = steady
    stability = evaluation.stability
    assert stability is not None
    assert stability.n_repeats == 3
    assert stability.confidence.shape == labels.shape
    for kind, value in zip(stability.kinds["kind"], stability.kinds["ari"], strict=True):
        row = one(evaluation.scores, metric=f"stability_{kind}", space="reduced")
        assert row["value"] == value == evaluation.headline[f"stability_{kind}/reduced"]
        assert row["n"] == len(labels)
        assert 0.2 < value < 1
    assert {f"stability_{kind}" for kind in ("bootstrap", "seeds", "orders")} < set(
        evaluation.scores["metric"]
    )
    columns = ["jaccard", "jaccard_chance", "survival"]
    assert list(evaluation.clusters.columns)[-3:] == columns
    joined = evaluation.clusters.set_index("cluster")[columns]
    assert joined.to_csv() == stability.clusters.set_index("cluster").to_csv()
    text = "\n".join(evaluation.notes)
    assert "drawn with replacement" in text
    assert "What another reduction would change is not in it." in text
    # Off unless asked for, and then nothing speaks of it.
    assert found.stability is None
    assert "jaccard" not in found.clusters
    assert "tability" not in "\n".join(found.notes)


def test_dbcv_where_it_is_asked_for(
    steady: tuple[Evaluation, np.ndarray],
    illustrations: tuple[Collection, np.ndarray, np.ndarray],
) -> None:
    evaluation, labels = steady
    X = illustrations[1].astype(np.float32)
    assert evaluation.headline["dbcv/reduced"] == pytest.approx(dbcv(X, labels))
    assert "dbcv/features" in evaluation.headline
    assert one(evaluation.scores, metric="dbcv", space="reduced")["n"] == len(X)


def test_noise_has_no_jaccard_and_dbcv_has_one_row() -> None:
    images = collection({"label": ["a", "b"] * 20})
    X = np.random.default_rng(0).normal(size=(40, 2)) + 30 * (np.arange(40) % 2)[:, None]
    labels = np.where(np.arange(40) < 4, -1, np.arange(40) % 2)
    again = Recluster(KMeans(2, n_init=1, random_state=0))
    found = Evaluator(n_permutations=2, stability=2, dbcv=True).evaluate(
        images, spaces(images, X), Clustering(labels), recluster=again
    )
    table = found.clusters.set_index("cluster")
    assert table.loc[-1, ["jaccard", "survival"]].isna().all()
    assert table.loc[[0, 1], "survival"].tolist() == [1, 1]
    rows = found.scores[(found.scores["metric"] == "dbcv") & (found.scores["space"] == "reduced")]
    assert rows["noise"].tolist() == ["cluster"]
    assert rows["value"].tolist() == pytest.approx([dbcv(X.astype(np.float32), labels)])


def test_stability_of_a_fine_tuned_run_is_on_its_unseen_images() -> None:
    rng = np.random.default_rng(0)
    images = collection({"label": ["a", "b"] * 50}, split=["train"] * 50 + ["test"] * 50)
    # The model tells the training images apart, and the others not at all.
    X = rng.random((100, 2)).astype(np.float32)
    X[:50] += 9 * (np.arange(50) % 2)[:, None] + 20
    again = Recluster(KMeans(6, n_init=1, random_state=0))
    found = Evaluator(n_permutations=2, stability=4).evaluate(
        images, spaces(images, X), Clustering(again(X)), scored_split="test", recluster=again
    )
    rows = found.scores[found.scores["metric"].str.startswith("stability")]
    assert set(rows["split"]) == {"test"}
    assert set(rows["n"]) == {50}
    assert found.headline["stability_seeds/reduced"] < 0.9
    assert found.homogeneity[0].clusters["size"].sum() == 50


def test_stability_without_clusters_is_left_out_and_without_a_clusterer_refused() -> None:
    images = collection({"label": ["a", "b"] * 6})
    X = np.random.default_rng(0).normal(size=(12, 3))
    evaluator = Evaluator(n_permutations=2, stability=2)
    again = Recluster(KMeans(2, n_init=1))
    noise = Clustering(np.full(12, -1))
    found = evaluator.evaluate(images, spaces(images, X), noise, recluster=again)
    assert found.stability is None
    assert "stability is undefined for one cluster: left out." in found.notes
    with pytest.raises(DataError, match=r"stability is 2, but nothing says how to cluster again"):
        evaluator.evaluate(images, spaces(images, X), noise)


def test_homogeneity_is_the_purity_and_entropy_of_the_scores(found: Evaluation) -> None:
    assert [one.column for one in found.homogeneity] == ["word", "kind", "tags"]
    for about in found.homogeneity[:2]:
        summary = about.summary.set_index("noise")
        for noise, policy in (("with", "cluster"), ("without", "dropped")):
            where = {"label": about.column, "noise": policy}
            purity = one(found.scores, metric="purity", **where)
            entropy = one(found.scores, metric="entropy", **where)
            row = summary.loc[noise]
            assert row["homogeneity"] == pytest.approx(purity["value"])
            assert row["chance"] == pytest.approx(purity["chance"])
            assert row["chance_std"] == pytest.approx(purity["chance_std"])
            assert row["entropy"] == pytest.approx(entropy["value"])
            assert row["entropy_chance"] == pytest.approx(entropy["chance"])
            assert row["coverage"] * 357 == pytest.approx(purity["n"])


def test_homogeneity_of_a_cluster_is_what_clusters_csv_says(found: Evaluation) -> None:
    for about in found.homogeneity:
        merged = about.clusters.merge(found.clusters, on=["cluster", "size"])
        assert len(merged) == len(found.clusters)
        for key, name in (("top", "top"), ("homogeneity", "share"), ("entropy", "entropy")):
            expected = merged[f"{about.column}_{name}"]
            pd.testing.assert_series_equal(merged[key], expected, check_names=False)


def test_what_a_model_labelled_is_marked() -> None:
    rng = np.random.default_rng(0)
    cells = [f"c{k}" for k in rng.integers(0, 3, 90)]
    images = collection({"label": cells, "llava": cells, "clip": cells[::-1]})
    images = dataclasses.replace(images, synthetic=frozenset({"llava", "clip"}))
    found = evaluate(images, rng.normal(size=(90, 2)), np.arange(90) % 4)
    marks = found.scores.groupby("label")["marks"].unique().map(list).to_dict()
    assert marks == {"label": [""], "llava": ["synthetic"], "clip": ["synthetic"], "": [""]}
    assert [about.synthetic for about in found.homogeneity] == [False, True, True]
    (agreed,) = found.agreements
    assert (agreed.one, agreed.other, agreed.n) == ("llava", "clip", 90)
    apart = Evaluator(n_permutations=2).evaluate(
        images,
        spaces(images, rng.normal(size=(90, 2))),
        Clustering(np.arange(90) % 4),
        categories={"llava": ["c0", "c1", "c2"], "clip": ["c0", "c1", "c2", "c3"]},
    )
    assert math.isnan(apart.agreements[0].share)
    assert any("'llava' and 'clip' have labels of different" in note for note in apart.notes)
    learned = spaces(images, rng.normal(size=(90, 2)), seen_labels=("llava",), seen_splits=("all",))
    taught = Evaluator(n_permutations=2).evaluate(images, learned, Clustering(np.arange(90) % 4))
    row = one(taught.scores, metric="ari", label="llava")
    assert row["marks"] == "synthetic; supervised; seen in training"


def test_homogeneity_that_says_nothing_is_told() -> None:
    rng = np.random.default_rng(0)
    common = ["sea"] * 190 + ["tree"] * 10
    several = [("x", "y"), ("x", "z"), ("y", "z"), ("z",)]
    mixed = [several[at] for at in rng.integers(0, 4, 200)]
    images = collection(
        {"llava": common, "tags": mixed, "one": ["a"] * 200}, multi_valued=("tags",)
    )
    found = evaluate(images, rng.normal(size=(200, 2)), np.arange(200) % 5)
    text = "\n".join(found.notes)
    assert "llava: the clusters' homogeneity 0.950 is that of one label for everything" in text
    assert "tags: the clusters' homogeneity" in text or "tags: purity" in text
    assert "one: the clusters'" not in text
    apart = evaluate(images, rng.normal(size=(200, 2)), (np.arange(200) >= 190).astype(int))
    assert "llava: the clusters' homogeneity" not in "\n".join(apart.notes)


def test_bad_arguments_are_named_all_at_once() -> None:
    with pytest.raises(ConfigError, match=r"n_permutations is 1;(.|\n)*entropy_base is 1;"):
        Evaluator(n_permutations=1, entropy_base=1)
    with pytest.raises(ConfigError, match=r"stability is 1; it must be 0 \(off\)(.|\n)*is 1\.0; "):
        Evaluator(stability=1, good_homogeneity=1.0)
    with pytest.raises(ConfigError, match="stability is -2"):
        Evaluator(stability=-2)


def test_the_config_builds_the_defaults(root: Path) -> None:
    text = (root / "conf/evaluator/default.yaml").read_text()
    assert text.startswith("# ")
    written = yaml.safe_load(text.replace("${seed}", "0"))
    assert written.pop("_target_") == "clusterlab.metrics.evaluator.Evaluator"
    chosen = {next(iter(entry)) for entry in written.pop("defaults") if entry != "_self_"}
    assert chosen == {"ceiling", "macro"}
    said, own = vars(Evaluator(**written)), vars(Evaluator())
    assert {key: said[key] for key in said.keys() - chosen} == {
        key: own[key] for key in own.keys() - chosen
    }
