"""The studies' experiments, on real pictures that stand in for the studies' own.

Food photos are not here, photos of clothes are; of the museum's catalogue the illustrations' table
has the shape: word for povo, kind for categoria, tags for tipo_de_materia_prima.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from omegaconf import DictConfig
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import clusterlab
from clusterlab.cli.main import main
from clusterlab.config.compose import compose
from clusterlab.config.find import groups
from tests.models import minilm, tiny_blip, tiny_clip, tiny_dinov2, tiny_vilt, tiny_vit

# The unlabelled photos of the ncp study are in test_ncp.py.
# Of the patternmind experiments that differ in a number alone, one of a kind is carried out.
ALIKE = re.compile(
    r"pm_(kmeans(?!20$)|ward_macro|logreg_(c1|c01|c01_balanced|pca50|leak|macro(?!5)\d+)$)"
)
# Of the museum's fine-tunings too: of each kind (one column or two, all or half of the model,
# rebalanced or as published) one is; test_lineage.py holds the numbers of all. vit_povo has the
# three views of the plain ones.
# Of the food study's DBSCAN rows the first and the last kind of extractor: each other extractor is
# in the row with k-means. What the captions are learned with is in food_blip_ft_compress;
# test_lineage.py carries out the rows that take the weights of another one, and those weights.
ALIKE_TOO = re.compile(
    r"vit_(povo|categoria)_(frozen80|original)|vit_(categoria|povo_frozen50|multihead_(70_30|30_70))"
    r"|dinov2_((povo|categoria)(_frozen[58]0)?|categoria_original|multihead_\d0_\d0)"
    r"|(vit_vanilla_(tsne|umap)|dinov2_vanilla_(trimap|umap)|museum_kmodes16_trimap)"
    r"|museum_text_albertina|food_(?!color|vilt).*_dbscan|food_blip_ft_(sbert|final)|food_kaggle_.*"
)
# What a test with more to say carries out: test_features_made_from_labels_are_tagged and
# test_a_whole_run_agrees_with_a_plain_script below, test_learning.py, and test_run.py for the smoke
# test. The extractors of the other three are in food_hog and food_concat_scaled.
ELSEWHERE = re.compile(
    r"museum_kmodes16_tsne|clothing_(color|mobilenetv2(_ft)?)|digits_cnn|ci_smoke"
    r"|clothing_(concat|hog)|food_concat"
)
# One is atmosphere_pseudo with what stands in for its model here, two have the model of
# dinov2_vanilla_tsne, and the rest are sweeps: test_the_pseudo_labels_can_be_swept,
# test_sweeping_experiments.py.
ALIKE_OR_SWEEPS = re.compile(r"atmosphere_(resnet50|dinov2|ksweep|label_ablation)|clothing_dinov2")
NAMES = sorted(
    name
    for name in groups()["experiment"]
    if not name.startswith("ncp_")
    and not any(one.fullmatch(name) for one in (ALIKE_TOO, ALIKE_OR_SWEEPS, ELSEWHERE))
    and not ALIKE.match(name)
)
# Those that hold no test images back, as their study has it.
WITHOUT_TEST = ("pm_cnn", "pm_logreg_macro5_circular")
NONE = "clusterlab.finetune.none.NoFinetuning"
QUICK = ["batch_size=32", "report.max_thumbnails=30"]


# What an experiment's model is replaced by where its name holds the word: a tiny model of the same
# family, with random weights on disk, so that the loading code is the real one.
FAMILIES = {
    "blip": tiny_blip,
    "vilt": tiny_vilt,
    "vit": tiny_vit,
    "dinov2": tiny_dinov2,
    "clip": tiny_clip,
}
TIMM = {"resnet50": "resnet18", "effnet": "efficientnet_b0", "vgg": "vgg11"}
# A VGG's checkpoints are gigabytes.
TIMM |= dict.fromkeys(("pseudo", "single"), "resnet18")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model of each family."""
    folder = tmp_path_factory.mktemp("models")
    for name, build in FAMILIES.items():
        build(folder / name)
    return folder


def model_words(name: str, tiny: Path) -> list[str]:
    """The words that put a small model in the place of an experiment's own."""
    parts = name.split("_")
    words: list[str] = []
    for part in parts:
        if part in FAMILIES:
            words.append(f"extractor.model={tiny / part}")
            break
        if part in TIMM:
            words += [f"extractor.model={TIMM[part]}", "extractor.weights=random"]
            break
    if {"sbert", "blip", "text"} & {*parts}:
        words.append(f"extractor.encoder={minilm()}")
    if parts[0] in ("vit", "dinov2"):
        # The tiny models know 32 and 28 pixels.
        size = 32 if parts[0] == "vit" else 28
        words += [f"extractor.crop={size}", f"extractor.resize=[{size},{size}]"]
    return words


def training_words(name: str) -> list[str]:
    """The words that make a fine-tuning short, and let it learn what the stand-ins have."""
    parts = name.split("_")
    epoch = "finetune.epochs=1"
    if parts[0] in ("vit", "dinov2"):
        multihead = "multihead" in parts
        column = "kind" if "categoria" in parts else "word"
        words = [
            epoch,
            "dataset.class_column=word",
            "dataset.sample_share=0.5",
            f"finetune.columns={'[word,kind]' if multihead else f'[{column}]'}",
            f"finetune.rebalance.column={column}",
        ]
        if multihead:
            words.append("~finetune.rebalance.drop_classes.categoria")
            words.append("finetune.rebalance.drop_classes.kind=[living]")
        return [*words, *(["finetune.rebalance.drop_classes=[living]"] if column == "kind" else [])]
    if name == "atmosphere_single_label":
        first = ["dataset.first_of.main_tag=tags", "~dataset.first_of.pseudo_label"]
        return [epoch, "dataset.sample_share=0.2", *first, "finetune.columns=[main_tag]"]
    if name.startswith("atmosphere"):
        return [epoch, "dataset.sample_share=0.2", "finetune.columns=[tags]"]
    if name.startswith("pm"):
        return [epoch, "extractor.size=32"]
    if name.startswith("food_effnet"):
        return [epoch, "extractor.resize=64", "extractor.crop=64"]
    return [epoch]


def stand_in(name: str, data: Path) -> list[str]:
    """The words that put real pictures in the place of an experiment's own."""
    if name.startswith("food"):
        words = ["dataset=clothing", f"data_dir={data}", "dataset.sample_per_class=6"]
        k_means = not name.endswith("_dbscan")
        return [*words, "view=pca", *(["clusterer.n_clusters=10"] if k_means else [])]
    if name.startswith("pm"):
        words = ["dataset=clothing", f"data_dir={data}", "dataset.sample_per_class=8", "view=pca"]
        # Ten classes of clothes join to fewer than 5.
        joins = ["evaluator.macro.n_categories=[3]"] if re.search("kmeans|macro", name) else []
        return [*words, *joins, "clusterer.n_clusters=4"]
    if name.startswith("illustrations"):
        few = [] if name == "illustrations_text" else ["dataset.sample_share=0.25"]
        return [f"data_dir={data}", "view=pca", *few]
    if name.startswith("atmosphere"):
        # The tiny models know 32 and 28 pixels.
        size = {"vit": 32, "dinov2": 28}.get(name.removeprefix("atmosphere_"), 64)
        own = [f"extractor.crop={size}", f"extractor.resize=[{size},{size}]"]
        own.append("dataset.sample_share=0.4")
        if name.endswith("_bovw"):
            own = ["extractor.size=64", "extractor.vocabulary_size=50"]
        if name.endswith("_labels"):
            own = ["extractor.columns=[tags]"]
        return ["dataset=illustrations", f"data_dir={data}", "view=pca", *own]
    if name.startswith(("vit", "dinov2", "museum_text")):
        text = ["dataset.text_column=description"] if name.startswith("museum_text") else []
        # One of those with three views draws them all.
        views = ["~view.trimap", "~view.tsne"] if three_views(name) and name != "vit_povo" else []
        return [
            "dataset=illustrations",
            f"data_dir={data}",
            *text,
            *views,
            *(["view.trimap.n_iters=20"] if name.endswith("trimap") else []),
        ]
    if name.startswith("clothing"):
        return [f"data_dir={data}", "dataset.sample_per_class=8", "view=pca"]
    if name == "museum_triangle":
        return [
            "dataset=illustrations",
            f"data_dir={data}",
            "extractor.column=tags",
            "extractor.categories=[vivid,soft,plain]",
            "extractor.missing_at=[0,-16]",
        ]
    if name.startswith("museum"):
        return [
            "dataset=illustrations",
            f"data_dir={data}",
            "extractor.columns=[kind,tags]",
            "extractor.categories=null",
            # TriMap's published 120 inliers cost minutes; fewer rounds show that it runs.
            *(["view.trimap.n_iters=20"] if name.endswith("trimap") else []),
        ]
    return []


@cache
def experiment(name: str) -> DictConfig:
    """The experiment as its file has it."""
    return compose([f"+experiment={name}"])


def three_views(name: str) -> bool:
    """Whether the experiment draws the museum study's three views at once."""
    return [*experiment(name).view] == ["umap", "trimap", "tsne"]


def trained(name: str) -> bool:
    """Whether the experiment fine-tunes a model."""
    return bool(experiment(name).finetune._target_ != NONE)


def carried_out(name: str, words: list[str], folder: Path) -> clusterlab.Result:
    """What the experiment's own command leaves: a run, or the best of a short search."""
    if not experiment(name).search.space:
        return clusterlab.run(name, words, folder=folder)
    few = ["search.n_trials=8", "search.n_best=1"]
    return clusterlab.tune(name, [*words, *few], folder=folder).best[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_runs_on_real_pictures(
    name: str, shared_data: Path, tiny: Path, tmp_path: Path
) -> None:
    words = [*stand_in(name, shared_data), *model_words(name, tiny), *QUICK]
    trains = trained(name)
    result = carried_out(
        name, [*words, *(training_words(name) if trains else [])], tmp_path / "run"
    )
    if trains:
        assert result.metrics["scored_split"] == ("val" if name in WITHOUT_TEST else "test")
        assert any(key.startswith("accuracy/") for key in result.metrics)
    assert result.metrics["n_failed"] == 0
    assert result.metrics["n_clusters"] >= 1 or name.endswith("_dbscan")
    assert any(key.startswith("ari/") for key in result.metrics)
    if name.startswith("pm_logreg_macro"):
        assert 0 <= result.metrics["ceiling_accuracy/label_macro3"] <= 1
    assert (result.folder / "report.html").stat().st_size > 1_000_000


def test_the_pseudo_labels_can_be_swept(
    shared_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The study's ablation with the command that its file names, over two numbers of labels."""
    name = "atmosphere_label_ablation"
    words = [
        *stand_in(name, shared_data),
        *training_words(name)[:-1],
        *("extractor.model=resnet18", "extractor.weights=random", *QUICK),
        *("dataset.some_of.few_labels.column=tags", "dataset.some_of.few_labels.n=1,3"),
        "dataset.some_of.few_labels.choose=rare",
    ]
    folder = tmp_path / "sweep"
    command = ["run", f"+experiment={name}", *words, f"hydra.sweep.dir={folder}"]
    assert main(command) == 0, capfd.readouterr().err
    for job, n in enumerate((1, 3)):
        metrics = json.loads((folder / str(job) / "metrics.json").read_text(encoding="utf-8"))
        # What the model says of each of the labels, and of having none of them.
        assert metrics["n_features"] == n + 1
        assert metrics["scored_split"] == "test"
    assert set(pd.read_csv(folder / "summary.csv")["n"]) == {1, 3}


def test_a_category_that_no_object_has_is_a_dimension_all_the_same(
    shared_data: Path, tmp_path: Path
) -> None:
    words = [
        *stand_in("museum_rop_mds", shared_data)[:-1],
        "extractor.categories={tags: [contrasty,intricate,muted,plain,sintetico,soft,vivid]}",
        "~extractor.categories.tipo_de_materia_prima",
        "view=none",
    ]
    result = clusterlab.run("museum_rop_mds", words, folder=tmp_path / "run")
    assert result.metrics["n_features"] == 4 + 7


def test_features_made_from_labels_are_tagged(shared_data: Path, tmp_path: Path) -> None:
    name = "museum_kmodes16_tsne"
    result = clusterlab.run(name, stand_in(name, shared_data), folder=tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "supervised" in page
    assert result.metrics["n_clusters"] == 16


def test_a_whole_run_agrees_with_a_plain_script(shared_data: Path, tmp_path: Path) -> None:
    """The published way, by OpenCV and scikit-learn alone, gives the same ARI."""
    files = sorted((shared_data / "clothing").glob("*/*/*"))
    vectors, classes = [], []
    for file in files:
        image = cv2.resize(cv2.imread(str(file)), (224, 224)).astype(np.float32) / 255
        channels = [cv2.calcHist([image], [c], None, [32], [0, 1]).ravel() for c in range(3)]
        vectors.append(np.concatenate(channels))
        classes.append(file.parent.name)
    k_means = KMeans(n_clusters=10, n_init=10, random_state=0)
    expected = adjusted_rand_score(classes, k_means.fit_predict(np.array(vectors)))

    words = [f"data_dir={shared_data}", "view=none"]
    result = clusterlab.run("clothing_color", words, folder=tmp_path / "run")
    assert result.metrics["n_scored"] == len(files) == 713
    assert result.metrics["ari/label"] == pytest.approx(expected, abs=1e-6)
