"""Who was trained on what stays known, and what can be refused early is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors import safe_open

import clusterlab
from clusterlab.config.compose import compose
from clusterlab.errors import ClusterlabError
from clusterlab.splits import pooled, stratified
from tests.models import minilm, tiny_blip
from tests.runs import pictures

SMALL = ["extractor=cnn", "extractor.size=16", "reducer=none", "view=pca"]


def words(folder: Path) -> list[str]:
    return ["dataset=folder", f"dataset.path={folder}", *SMALL, "clusterer.n_clusters=2"]


def test_weights_taken_up_again_say_which_images_they_have_seen(tmp_path: Path) -> None:
    photos = pictures(tmp_path / "photos", n=40, classes=("one", "two"))
    tune = ["finetune=classifier", "finetune.epochs=1"]
    first = clusterlab.run(None, [*words(photos), *tune], folder=tmp_path / "first")
    assert "marks" not in first.metrics
    weights = f"extractor.weights={tmp_path / 'first' / 'model' / 'finetuned.safetensors'}"
    again = clusterlab.run(None, [*words(photos), weights], folder=tmp_path / "again")
    assert again.metrics["marks"] == ["seen in training"]
    assert set(again.scores["marks"]) == {"seen in training"}
    table = pd.read_csv(tmp_path / "first" / "predictions.csv")
    unseen = tmp_path / "unseen"
    for image in table[table["split"] == "test"]["id"]:
        target = unseen / image
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((photos / image).read_bytes())
    other = clusterlab.run(None, [*words(unseen), weights], folder=tmp_path / "other")
    assert "marks" not in other.metrics


def shown(folder: Path) -> set[str]:
    """The digests of the images that a run's own training was shown, as a weights file has them."""
    table = pd.read_csv(folder / "predictions.csv")
    ids = table[table["split"].isin(["train", "val"])]["id"]
    photos = folder.parent / "photos"
    return {hashlib.sha256((photos / image).read_bytes()).hexdigest()[:16] for image in ids}


def listed(weights: Path) -> set[str]:
    """The digests in the head of a weights file."""
    with safe_open(weights, framework="np") as head:
        return {*json.loads(head.metadata()["clusterlab_trained_on"])}


def test_weights_tuned_twice_have_seen_the_images_of_both_trainings(tmp_path: Path) -> None:
    photos = pictures(tmp_path / "photos", n=40, classes=("one", "two"))
    tune = ["finetune=classifier", "finetune.epochs=1"]
    clusterlab.run(None, [*words(photos), *tune], folder=tmp_path / "first")
    first = tmp_path / "first" / "model" / "finetuned.safetensors"
    tune.append(f"extractor.weights={first}")

    same = clusterlab.run(None, [*words(photos), *tune], folder=tmp_path / "same")
    assert "marks" not in same.metrics
    assert "had been fine-tuned" not in (tmp_path / "same" / "report.html").read_text("utf-8")

    other = clusterlab.run(None, [*words(photos), *tune, "seed=1"], folder=tmp_path / "other")
    assert other.metrics["scored_split"] == "test"
    assert other.metrics["marks"] == ["seen in training"]
    assert all("seen in training" in marks for marks in other.scores["marks"])
    second = tmp_path / "other" / "model" / "finetuned.safetensors"
    assert listed(first) == shown(tmp_path / "first")
    assert shown(tmp_path / "other") - listed(first)
    assert listed(second) == shown(tmp_path / "first") | shown(tmp_path / "other")
    n_test = other.metrics["n_scored"]
    n_known = len(listed(first) - shown(tmp_path / "other"))
    assert 0 < n_known <= n_test
    page = (tmp_path / "other" / "report.html").read_text("utf-8")
    assert f"fine-tuned before, on {n_known} of the {n_test} images" in page
    assert "which the model has not seen" not in page


def test_the_food_study_s_last_rows_take_the_weights_of_its_final_model(tmp_path: Path) -> None:
    photos = pictures(tmp_path / "photos", n=20, classes=("dog", "meat"))
    small = [
        f"extractor.model={tiny_blip(tmp_path / 'blip')}",
        *(f"extractor.encoder={minilm()}", "clusterer.n_clusters=2", "view=pca"),
    ]
    learn = ["dataset.sample_per_class=null", "finetune.epochs=1", "finetune.learning_rate=1e-2"]
    learn.append("finetune.template='this is a image of {class}'")
    final = clusterlab.run(
        "food_blip_ft_final", [f"dataset.path={photos}", *small, *learn], folder=tmp_path / "final"
    )
    # Of the images that training has not seen, which alone are clustered.
    said = pd.read_csv(final.folder / "captions.csv").set_index("id")["text"]
    said = said[final.assignments["id"]]
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for number, image in enumerate(said.index):
        (hidden / f"{number}.png").write_bytes((photos / image).read_bytes())
    weights = final.folder / "model" / "finetuned.safetensors"
    kaggle = clusterlab.run(
        "food_kaggle_kmeans",
        [f"dataset.path={hidden}", f"extractor.weights={weights}", *small],
        folder=tmp_path / "kaggle",
    )
    again = pd.read_csv(kaggle.folder / "captions.csv").set_index("id")["text"]
    assert [again[f"{number}.png"] for number in range(len(said))] == said.tolist()
    assert len(said) == 4
    assert not [key for key in kaggle.metrics if key.startswith("ari/")]
    assert "marks" not in kaggle.metrics


def test_scores_of_training_images_are_marked_in_classification_too(tmp_path: Path) -> None:
    photos = pictures(tmp_path / "photos", n=40, classes=("one", "two"))
    tune = ["finetune=classifier", "finetune.epochs=1"]
    clusterlab.run(None, [*words(photos), *tune], folder=tmp_path / "run")
    table = pd.read_csv(tmp_path / "run" / "classification.csv", keep_default_na=False)
    marks = dict(table[["split", "marks"]].drop_duplicates().to_numpy().tolist())
    assert marks == {"train": "seen in training", "val": "chose the epoch", "test": ""}


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["scored_split=train"], "the model was trained on"),
        (["clustered_split=train"], "no others"),
        (["dataset.split={train: 1}"], "no others"),
    ],
)
def test_what_cannot_be_scored_is_refused_before_training(
    extra: list[str], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos = pictures(tmp_path / "photos", n=40, classes=("one", "two"))
    with pytest.raises(ClusterlabError, match=message):
        clusterlab.run(None, [*words(photos), "finetune=classifier", *extra], folder=tmp_path / "r")
    log = (tmp_path / "r" / "run.log").read_text(encoding="utf-8")
    assert "epoch 1" not in log
    capfd.readouterr()


def test_a_column_made_of_the_learned_one_is_supervised_too(tmp_path: Path) -> None:
    photos = pictures(tmp_path / "photos", n=40, classes=())
    files = sorted(file.name for file in photos.iterdir())
    tags = [("red|soft", "blue|soft")[number % 2] for number in range(len(files))]
    pd.DataFrame({"image": files, "tags": tags}).to_csv(photos / "table.csv", index=False)
    result = clusterlab.run(
        None,
        [
            *["dataset=table", f"dataset.path={photos / 'table.csv'}", "clusterer.n_clusters=2"],
            *['dataset.multi_valued={tags: "|"}', "dataset.first_of={main: tags}", *SMALL],
            *["finetune=classifier", "finetune.epochs=1", "finetune.columns=[main]"],
        ],
        folder=tmp_path / "run",
    )
    scores = result.scores
    ours = scores[(scores["label"] == "tags") & (scores["split"] == "test")]
    assert len(ours)
    assert set(ours["marks"]) == {"supervised"}


def test_rare_sets_of_values_reach_all_splits() -> None:
    sets = [f"{number}" for number in range(100)]
    shares = {"train": 0.6, "val": 0.2, "test": 0.2}
    split = stratified(pooled(sets), sets, shares=shares)
    counts = {name: int((np.array(split) == name).sum()) for name in shares}
    assert counts == {"train": 60, "val": 20, "test": 20}


# Learning rate, weight decay, frozen share, weighting: the study's table, row by row.
MUSEUM = {
    "vit_povo_original": (5e-5, 2e-6, 0, None),
    "vit_povo": (2e-5, 2e-6, 0, "balanced"),
    "vit_povo_frozen50": (2e-5, 2e-6, 0.5, "balanced"),
    "vit_povo_frozen80": (2e-5, 2e-6, 0.8, "balanced"),
    "vit_categoria_original": (1e-5, 2e-6, 0, None),
    "vit_categoria": (3e-6, 1e-6, 0, "balanced"),
    "vit_categoria_frozen50": (3e-6, 1e-6, 0.5, "balanced"),
    "vit_categoria_frozen80": (3e-6, 1e-6, 0.8, "balanced"),
    "dinov2_povo_original": (1e-6, 3e-7, 0, None),
    "dinov2_povo": (1e-6, 3e-7, 0, "balanced"),
    "dinov2_povo_frozen50": (1e-6, 3e-7, 0.5, "balanced"),
    "dinov2_povo_frozen80": (1e-6, 3e-7, 0.8, "balanced"),
    "dinov2_categoria_original": (3e-7, 1e-7, 0, None),
    "dinov2_categoria": (3e-7, 1e-7, 0, "balanced"),
    "dinov2_categoria_frozen50": (3e-7, 1e-7, 0.5, "balanced"),
    "dinov2_categoria_frozen80": (3e-7, 1e-7, 0.8, "balanced"),
    "vit_multihead_50_50": (1e-5, 3e-6, 0, "balanced"),
    "vit_multihead_70_30": (1e-5, 3e-6, 0, "balanced"),
    "vit_multihead_30_70": (1e-5, 3e-6, 0, "balanced"),
    "dinov2_multihead_50_50": (3e-7, 1e-7, 0, "balanced"),
    "dinov2_multihead_70_30": (3e-7, 1e-7, 0, "balanced"),
    "dinov2_multihead_30_70": (3e-7, 1e-7, 0, "balanced"),
}


@pytest.mark.parametrize("name", MUSEUM)
def test_the_museum_rows_are_the_study_s(name: str) -> None:
    made = yaml.safe_load(yaml.safe_dump(_plain(compose([f"+experiment={name}"]).finetune)))
    rate, decay, frozen, weighted = MUSEUM[name]
    told = (made["learning_rate"], made["weight_decay"], made["frozen"], made["class_weights"])
    assert told == (rate, decay, frozen, weighted)
    assert (made["optimizer"], made["patience"], made["tolerance"]) == ("adam", 3, 0.01)
    assert made["rebalance"]["apply"] != name.endswith("_original")
    if "multihead" in name:
        shares = [int(part) / 100 for part in name.split("_")[2:]]
        assert made["column_weights"] == shares
        assert made["columns"] == ["povo", "categoria"]
        assert made["rebalance"]["drop_classes"] == {"categoria": ["etnobotânica"]}
    sizes = {"vit": (32, 16), "dinov2": (16, 8)}[name.split("_")[0]]
    assert made["batch_size"] == sizes["multihead" in name]


def _plain(node: object) -> object:
    from omegaconf import OmegaConf

    return OmegaConf.to_container(node, resolve=False)


def test_without_a_store_the_run_folder_keeps_the_weights_alone(tmp_path: Path) -> None:
    photos = pictures(tmp_path / "photos", n=40, classes=("one", "two"))
    tune = ["finetune=classifier", "finetune.epochs=1", "store=false"]
    clusterlab.run(None, [*words(photos), *tune], folder=tmp_path / "run")
    assert not (tmp_path / "run" / "finetuned").exists()
    assert (tmp_path / "run" / "model" / "finetuned.safetensors").is_file()
