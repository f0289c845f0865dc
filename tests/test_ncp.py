"""The ncp study's experiments: every number against the study's, and runs on real photos.

Photos of clothes, in one folder and without labels, stand in for those of people in nature.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import hdbscan
import pandas as pd
import pytest
import yaml
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import normalize

import clusterlab
from clusterlab.config.build import build
from clusterlab.config.compose import compose
from clusterlab.config.find import groups
from clusterlab.config.resolved import resolve
from clusterlab.datasets.load import load
from clusterlab.extractors.engine import extract
from clusterlab.reducers.umap import UMAP
from clusterlab.types import Compute
from tests.chat_models import tiny_talker
from tests.models import tiny_dinov2

# What the study searched, in its own words: (low, high) with both ends, or a list of values.
REDUCERS: dict[str, tuple[str, dict[str, Any]]] = {
    "umap": (
        "clusterlab.reducers.umap.UMAP",
        {
            "metric": ["euclidean", "cosine"],
            "n_components": [2, 3, 4, 5],
            "n_neighbors": [5, 10, 15, 20, 50],
            "min_dist": [0.1, 0.3, 0.5, 0.7],
        },
    ),
    "tsne": (
        "clusterlab.reducers.tsne.TSNE",
        {
            "n_components": [2, 3],
            "perplexity": [25, 30, 40],
            "early_exaggeration": [8, 12, 15],
        },
    ),
    "pca": ("clusterlab.reducers.pca.PCA", {"n_components": [2, 3, 4]}),
}
CLUSTERERS: dict[str, tuple[str, dict[str, Any]]] = {
    "hdbscan": (
        "hdbscan.HDBSCAN",
        {
            "min_cluster_size": (2, 20),
            "min_samples": (2, 4),
            "cluster_selection_epsilon": (0.3, 3.0),
            "metric": ["euclidean", "manhattan", "chebyshev"],
            "cluster_selection_method": ["eom", "leaf"],
        },
    ),
    "kmeans": ("sklearn.cluster.KMeans", {"n_clusters": (40, 180), "n_init": (10, 50)}),
    "agglomerative": (
        "sklearn.cluster.AgglomerativeClustering",
        {
            "n_clusters": (40, 200),
            "linkage": ["ward", "complete", "average", "single"],
            "metric": ["euclidean", "manhattan", "cosine"],
        },
    ),
}
SCALE = "clusterlab.reducers.scale.Scale"
SEARCHES = [
    f"ncp_{size}_{reducer}_{clusterer}"
    for size in ("small", "base")
    for reducer in REDUCERS
    for clusterer in CLUSTERERS
]
MODELS = {
    "llava15_7b": "llava-hf/llava-1.5-7b-hf",
    "llava16_7b": "llava-hf/llava-v1.6-mistral-7b-hf",
    "llava16_13b": "llava-hf/llava-v1.6-vicuna-13b-hf",
}
LABELLED = [f"ncp_label_{model}_{prompt}" for model in MODELS for prompt in ("p1", "p2", "p3")]
CATEGORIES = (
    "Landforms · Other abiotic features · Vegetation and habitats · Animals · Fungus · Plants · "
    "Bridges · Roads · Tracks and trails · Vehicle · Accommodation · Commerce facilities · "
    "Shelter · Towns and villages · Dam · Wind farm · Breakwater · Dock · Lighthouse · Heritage "
    "and culture · Knowledge · Spiritual or symbolic and related connotations · Air activities · "
    "Terrestrial activities · Water activities · Winter activities"
)


def composed(name: str, *words: str) -> dict[str, Any]:
    """The resolved config of an experiment, which is one that can be built."""
    config: dict[str, Any] = resolve(compose([f"+experiment={name}", *words]))
    build({**config, "store": False}, {})
    return config


def said(spans: dict[str, Any]) -> dict[str, Any]:
    """A part of `search.space` in the words of the tables above."""
    found = {}
    for name, span in spans.items():
        whole = {"values": span} if isinstance(span, list) else span
        assert {*whole} in ({"values"}, {"values", "when"}, {"low", "high"}), name
        values = whole.get("values")
        found[name] = (whole["low"], whole["high"]) if values is None else sorted(values, key=str)
    return found


def in_order(table: dict[str, Any]) -> dict[str, Any]:
    return {k: sorted(v, key=str) if isinstance(v, list) else v for k, v in table.items()}


def test_the_studys_experiments_are_all_there() -> None:
    names = {name for name in groups()["experiment"] if name.startswith("ncp_")}
    assert names == {"ncp_exp28", *SEARCHES, *LABELLED}
    assert len(SEARCHES) == 18
    assert len(LABELLED) == 9


def test_exp28_is_the_studys() -> None:
    config = composed("ncp_exp28", "seed=3")
    seen = config["extractor"]
    assert seen["model"] == "facebook/dinov2-base"
    assert (seen["output"], seen["resize"], seen["crop"]) == ("cls", 256, 224)
    assert seen["interpolation"] == "bicubic"
    l2, umap = config["reducer"]["_args_"]
    assert l2 == {"_target_": "sklearn.preprocessing.Normalizer", "norm": "l2"}
    assert umap == {
        "_target_": "clusterlab.reducers.umap.UMAP",
        "metric": "euclidean",
        "n_components": 5,
        "n_neighbors": 5,
        "min_dist": 0.1,
        "random_state": 3,
    }
    clusterer = {key: config["clusterer"][key] for key in CLUSTERERS["hdbscan"][1]}
    assert clusterer == {
        "min_cluster_size": 4,
        "min_samples": 4,
        "cluster_selection_epsilon": 0.3016,
        "metric": "manhattan",
        "cluster_selection_method": "eom",
    }
    assert config["clusterer"]["_target_"] == "hdbscan.HDBSCAN"
    assert config["dataset"]["path"].endswith("/ncp")


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_is_the_studys(name: str) -> None:
    _, size, reducer, clusterer = name.split("_")
    config = composed(name)
    assert config["extractor"]["model"] == f"facebook/dinov2-{size}"
    assert (config["extractor"]["resize"], config["extractor"]["crop"]) == (256, 224)
    assert config["extractor"]["interpolation"] == "bicubic"
    scale, second = config["reducer"]["_args_"]
    assert scale == {"_target_": SCALE, "norm": "l2", "scaler": "none"}
    search = config["search"]
    assert {*search["space"]["reducer"]["_args_"]} == {"0", "1"}
    scalers = {"scaler": ["none", "standard", "minmax", "robust", "maxabs"]}
    assert said(search["space"]["reducer"]["_args_"]["0"]) == in_order(scalers)
    target, table = REDUCERS[reducer]
    assert second["_target_"] == target
    assert said(search["space"]["reducer"]["_args_"]["1"]) == in_order(table)
    target, table = CLUSTERERS[clusterer]
    assert config["clusterer"]["_target_"] == target
    assert said(search["space"]["clusterer"]) == in_order(table)
    assert {*search["space"]} == {"reducer", "clusterer"}
    if clusterer == "agglomerative":
        # Ward is defined for Euclidean distances alone.
        linkages = search["space"]["clusterer"]["metric"]["when"]["linkage"]
        assert sorted(linkages) == ["average", "complete", "single"]
    assert (search["objective"], search["scored_in"]) == ("silhouette", "reduced")
    assert (search["noise_penalty"], search["n_clusters"]) == (0, [50, 300])
    assert 50 <= search["n_trials"] <= 200
    assert search["cluster_penalty"] > 0


def test_the_other_objectives_of_the_study_are_a_word_away() -> None:
    words = ["search.objective=davies_bouldin", "search.noise_penalty=.3"]
    search = composed("ncp_base_umap_hdbscan", *words)["search"]
    assert (search["objective"], search["noise_penalty"]) == ("davies_bouldin", 0.3)


@pytest.mark.parametrize("name", LABELLED)
def test_a_labelling_is_the_studys(name: str) -> None:
    model, _, prompt = name.removeprefix("ncp_label_").rpartition("_")
    config, published = composed(name), composed("ncp_exp28")
    for stage in ("dataset", "extractor", "reducer", "clusterer"):
        assert config[stage] == published[stage]
    (labeler,) = config["labeler"].values()
    assert (labeler["model"], labeler["prompt"]) == (MODELS[model], prompt)
    assert " · ".join(labeler["categories"]) == CATEGORIES
    assert len(labeler["categories"]) == 26


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> list[str]:
    """What puts 60 photos of clothes, and a tiny DINOv2, in the place of the study's."""
    top = tmp_path_factory.mktemp("ncp")
    (top / "ncp").mkdir()
    for number, file in enumerate(sorted((shared_data / "clothing").glob("*/*/*"))[::12]):
        shutil.copy(file, top / "ncp" / f"{number:02}{file.suffix}")
    model = tiny_dinov2(top / "dinov2")
    small = ("extractor.resize=32", "extractor.crop=28", "view=pca", "precision=fp32")
    return [f"data_dir={top}", f"extractor.model={model}", *small]


def without_noise(result: clusterlab.Result) -> float:
    """The silhouette as the study has it: in the reduced space, of the photos in clusters."""
    scores = result.scores
    rows = scores[(scores.metric == "silhouette") & (scores.space == "reduced")]
    # Where nothing is noise, nothing is dropped.
    by_policy = rows.set_index("noise").value
    return float(by_policy.get("dropped", by_policy["cluster"]))


def test_exp28_is_its_parts_one_after_the_other(words: list[str], tmp_path: Path) -> None:
    result = clusterlab.run("ncp_exp28", words, folder=tmp_path / "run")
    plan = build(resolve(compose(["+experiment=ncp_exp28", *words])), {})
    collection = load(plan.dataset, learned=None, seed=0)
    compute = Compute(device="cpu", precision="fp32")
    features = extract(collection, plan.extractor, compute=compute).features.values
    umap = UMAP(n_components=5, n_neighbors=5, min_dist=0.1, metric="euclidean", random_state=0)
    layout = umap.fit_transform(normalize(features))
    found = hdbscan.HDBSCAN(
        min_cluster_size=4, min_samples=4, cluster_selection_epsilon=0.3016, metric="manhattan"
    ).fit_predict(layout)
    kept = found != -1
    assert result.metrics["n_images"] == 60
    assert result.metrics["n_clusters"] == found.max() + 1 > 1
    assert result.metrics["noise_share"] == pytest.approx(1 - kept.mean())
    expected = silhouette_score(layout[kept], found[kept])
    assert without_noise(result) == pytest.approx(expected, abs=1e-4)
    assert not [key for key in result.metrics if key.startswith("ari/")]
    assert (tmp_path / "run" / "report.html").stat().st_size > 1_000_000


@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        ("ncp_base_umap_hdbscan", {"cluster_selection_epsilon": (0.0, 0.1)}),
        ("ncp_small_tsne_kmeans", {"n_clusters": (2, 8), "n_init": (1, 3)}),
        ("ncp_small_pca_agglomerative", {"n_clusters": (2, 8)}),
    ],
)
def test_a_search_runs_and_keeps_its_best(
    name: str, ranges: dict[str, tuple[float, float]], words: list[str], tmp_path: Path
) -> None:
    """Ranges as small as the collection; each reducer and each clusterer once."""
    ends = [
        f"search.space.clusterer.{argument}={{low: {low}, high: {high}}}"
        for argument, (low, high) in ranges.items()
    ]
    quick = ["reducer._args_.1.max_iter=250"] if "tsne" in name else []
    few = ["search.n_trials=2", "search.n_best=1", "search.n_clusters=[2,20]"]
    found = clusterlab.tune(name, [*words, *ends, *few, *quick], folder=tmp_path / "search")
    trials = found.trials.set_index("number")
    assert len(trials) == 2
    for argument, (low, high) in ranges.items():
        assert trials[f"clusterer.{argument}"].between(low, high).all()
    (best,) = found.best
    (row,) = trials.index[trials["best"] == 1]
    assert without_noise(best) == pytest.approx(trials.raw_silhouette[row], abs=1e-6)
    assert trials.value_silhouette[row] == trials.value_silhouette.max()
    assert not [key for key in best.metrics if key.startswith("ari/")]
    config = yaml.safe_load((best.folder / "config.yaml").read_text(encoding="utf-8"))
    scale, second = config["reducer"]["_args_"]
    assert (scale["_target_"], scale["norm"]) == (SCALE, "l2")
    assert scale["scaler"] == trials["reducer._args_.0.scaler"][row]
    for argument in REDUCERS[name.split("_")[2]][1]:
        assert second[argument] == trials[f"reducer._args_.1.{argument}"][row]


@pytest.mark.parametrize(
    ("name", "categories", "most"),
    [
        ("ncp_label_llava15_7b_p2", ["cake", "dog", "meat"], 1),
        ("ncp_label_llava16_7b_p3", ["cake", "dog", "dish", "food", "meat"], 2),
    ],
)
def test_a_labelling_runs_on_real_photos(
    name: str, categories: list[str], most: int, words: list[str], tmp_path: Path
) -> None:
    """By a tiny model that answers with as many words as it may, and categories among them."""
    talker = tiny_talker(tmp_path / "talker")
    tiny = [
        f"labeler.llava.model={talker}",
        f"labeler.llava.max_new_tokens={3 if most == 1 else 2}",
    ]
    tiny.append(f"taxonomy.categories=[{','.join(categories)}]")
    result = clusterlab.run(name, [*words, *tiny], folder=tmp_path / "run")
    assert result.answers is not None
    assert result.homogeneity_summary is not None
    assert len(result.answers) == 60
    images = result.assignments.set_index("id")
    pd.testing.assert_series_equal(
        images.llava, result.answers.set_index("id").label, check_names=False
    )
    held = images.llava.dropna().str.split("|")
    assert len({*held.sum()}) > 1
    assert {*held.sum()} <= {*categories}
    assert held.str.len().max() == most
    # Of the photos in clusters: the share of the most frequent label, weighted by cluster size.
    clusters = images.cluster[held.index]
    inside = held[clusters != -1].explode()
    top = inside.groupby(clusters).agg(lambda said: said.value_counts().iloc[0])
    summary = result.homogeneity_summary.set_index(["label", "noise"]).loc[("llava", "without")]
    assert summary.homogeneity == pytest.approx(top.sum() / (clusters != -1).sum())
