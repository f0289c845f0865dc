"""Whole runs with fine-tuning: what they leave, what they reuse, and what interrupts them."""

from __future__ import annotations

import csv
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

import clusterlab as package
from clusterlab.api import Result
from clusterlab.cli.main import main
from clusterlab.finetune import kept
from tests.finetuning import picture
from tests.models import tiny_dinov2, tiny_vit
from tests.runs import environment, heed_interrupts, pictures

SIMPLE = ["view=pca", "reducer=none", "precision=fp32", "report.max_thumbnails=0"]
FOLDER = ["dataset=folder", *SIMPLE, "clusterer.n_clusters=3"]
TUNED = ["finetune=classifier", "finetune.epochs=2", "finetune.learning_rate=1e-3"]
TINY_CNN = [
    "extractor=cnn",
    *("extractor.size=16", "extractor.filters=[4,6]", "extractor.dropout=[0,.2]"),
    *("extractor.embedding=8", "extractor.momentum=.5"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 60 digits of 3 classes, and a store that the tests share."""
    folder = tmp_path_factory.mktemp("runs")
    pictures(folder / "pics", 60, classes=("a", "b", "c"))
    return folder


@pytest.fixture(autouse=True)
def _one_store(place: Path, _own_store: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERLAB_CACHE", str(place / "cache"))


def run(place: Path, name: str, *words: str) -> Result:
    given = [*FOLDER, f"dataset.path={place / 'pics'}", *words]
    return package.run(overrides=given, folder=place / name)


def said_of(result: Result, stage: str) -> str:
    """What the stage says about the store."""
    timings = json.loads((result.folder / "timings.json").read_text())
    return str(timings[stage]["store"])


def model_of(result: Result) -> dict[str, np.ndarray]:
    return dict(load_file(result.folder / "model" / "model.safetensors"))


MODELS = {
    "tiny_vit": lambda folder: ["extractor=transformers", f"model={tiny_vit(folder)}"],
    "tiny_dinov2": lambda folder: ["extractor=transformers", f"model={tiny_dinov2(folder)}"],
    "resnet18": lambda _: ["extractor=timm", "model=resnet18", "weights=random", "crop=32"],
}


def full(words: list[str]) -> list[str]:
    return [word if word.startswith("extractor") else f"extractor.{word}" for word in words]


@pytest.mark.parametrize("name", MODELS)
def test_a_run_with_a_fine_tuned_model(name: str, place: Path) -> None:
    model = full(MODELS[name](place / name))
    first = run(place, f"{name}_1", *model, *TUNED, "finetune.frozen=.5")
    log = (first.folder / "run.log").read_text()
    assert re.search(r"(1 of 2|4 of 8) blocks and what comes before them are frozen: [\d,]+", log)
    assert re.search(r"epoch 2/2: loss [\d.]+, val loss [\d.]+, ", log)
    assert said_of(first, "finetune").startswith("trained, and epoch")
    assert first.metrics["scored_split"] == "test"
    assert first.metrics["n_scored"] == 6
    assert 0 <= first.metrics["accuracy/label"] <= 1
    facts = json.loads((first.folder / "environment.json").read_text())
    assert (facts["seen_labels"], facts["seen_splits"]) == (["label"], ["train", "val"])
    assert len(pd.read_csv(first.folder / "training.csv")) == 2

    if name == "tiny_dinov2":
        return  # What follows takes seconds, and is the same for all models of transformers.

    words = [*model, *TUNED, "finetune.frozen=.5"]
    again = run(place, f"{name}_2", *words, "clusterer=agglomerative", "reducer=pca")
    assert "of a finished training from the store" in said_of(again, "finetune")
    assert said_of(again, "extract").startswith("all 60 images from the store")

    # The weights in the run folder, as the weights of an extractor that nobody trains.
    weights = f"extractor.weights={first.folder / 'model' / 'finetuned.safetensors'}"
    plain = [word for word in model if not word.startswith("extractor.weights")]
    reused = run(place, f"{name}_3", *plain, weights)
    assert reused.metrics["scored_split"] == "all"
    assert said_of(reused, "extract").startswith("all 60 images from the store")
    centroids = model_of(first)["centroids_features"]
    np.testing.assert_array_equal(model_of(reused)["centroids_features"], centroids)


def written(
    place: Path, name: str, *, contents: list[bytes], labels: list[str], split: list[str]
) -> list[str]:
    """The words for a dataset of these images, as a table."""
    folder = place / name
    folder.mkdir()
    with (folder / "table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "kind", "part"])
        for row, (content, label, part) in enumerate(zip(contents, labels, split, strict=True)):
            (folder / f"{row:03}.png").write_bytes(content)
            table.writerow([f"{row:03}.png", label, part])
    columns = ["dataset.label_columns=[kind]", "dataset.split_column=part"]
    return ["dataset=table", f"dataset.path={folder / 'table.csv'}", *columns]


def test_test_images_reach_neither_the_model_nor_the_mlp(place: Path) -> None:
    """Other pixels and labels in the test part, and nothing that was learned differs."""
    rng = np.random.default_rng(0)
    split = ["train", "train", "train", "val", "test"] * 8
    labels = [f"class {row % 2}" for row in range(40)]
    contents = [picture(row % 2, rng) for row in range(40)]
    found = []
    for name in ("plain", "scrambled"):
        if name == "scrambled":
            for row in range(4, 40, 5):
                contents[row], labels[row] = picture(3, rng), "class 0"
        data = written(place, name, contents=contents, labels=labels, split=split)
        words = [*SIMPLE, *TINY_CNN, *TUNED, "reducer=mlp", "reducer.epochs=3", "store=false"]
        words += ["clusterer.n_clusters=2", "reducer.hidden=4"]
        found.append(package.run(overrides=[*data, *words], folder=place / f"{name} run"))
    plain, scrambled = (model_of(result) for result in found)
    learned = [name for name in plain if name.startswith(("reducer.", "finetune."))]
    assert {"reducer.hidden.weight", "finetune.weight"} <= set(learned)
    for name in learned:
        np.testing.assert_array_equal(plain[name], scrambled[name])
    one, other = (result.folder / "model" / "finetuned.safetensors" for result in found)
    assert one.read_bytes() == other.read_bytes()
    assert (plain["centroids_reduced"] != scrambled["centroids_reduced"]).any()
    assert not (place / "cache" / "finetuned" / "plain").exists()


def test_odd_classes_are_no_obstacle_and_are_told_of(place: Path) -> None:
    """One with a single image, and one that only test images have."""
    rng = np.random.default_rng(1)
    split = [*["train", "train", "train", "val", "test"] * 8, "train", "test", "test"]
    labels = [*(f"class {row % 2}" for row in range(40)), "solo", "strange", "strange"]
    contents = [picture(row % 2, rng) for row in range(43)]
    data = written(place, "odd", contents=contents, labels=labels, split=split)
    words = [*data, *SIMPLE, *TINY_CNN, *TUNED, "clusterer.n_clusters=2", "store=false"]
    result = package.run(overrides=words, folder=place / "odd run")
    report = (result.folder / "report.html").read_text()
    assert re.search(r"1 class was in no training image [^.]*strange[^.]*2 test images", report)
    assert "macro averages are over the other 3" in report
    distribution = pd.read_csv(result.folder / "distribution.csv").set_index("class")
    assert distribution.loc["solo", ["train", "val", "test"]].tolist() == [1, 0, 0]
    said = pd.read_csv(result.folder / "predictions.csv")
    strange = said[said["true"] == "strange"]
    assert len(strange) == 2
    assert not strange["correct"].any()
    right = said[(said["split"] == "test") & (said["true"] == said["predicted"])]
    assert result.metrics["accuracy/kind"] == pytest.approx(len(right) / 10)


def test_without_a_store_all_is_in_the_run_folder(place: Path) -> None:
    before = set((place / "cache").rglob("*")) if (place / "cache").exists() else set()
    words = [*TINY_CNN, *TUNED, "store=false", "seed=5"]
    result = run(place, "storeless", *words)
    assert (result.folder / "model" / "finetuned.safetensors").is_file()
    assert (set((place / "cache").rglob("*")) if before else set()) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["finetune.frozen=1.0"], "finetune.frozen is 1: nothing of the extractor would be"),
        (["finetune.columns=[knid]"], "finetune.columns names 'knid', which is no label column."),
        (["finetune.column_weights=[1,2]"], "column_weights has 2 values [1, 2] for 1 columns"),
        (["dataset.path=flat"], "has no label column, and fine-tuning learns from labels"),
        (["dataset.split={val: .5, test: .5}"], "has none named train (it has test, val)"),
        (["scored_split=train"], "scored_split=train holds images that the model was trained on"),
        (["clustered_split=train"], "no others are left to score it by"),
        (["extractor=hog"], "extractor=hog is no such model: use finetune=none"),
        (["precision=fp16", "device=cpu"], "precision=fp16 cannot train on cpu"),
        (["finetune.rebalance.drop_below=99"], "drops all 3 classes of 'label'"),
        (["finetune.learning_rate=1e30", "extractor.l2=1"], "in epoch 1 of the training, at a"),
        (
            ["finetune.schedule=reduce_on_plateau", "dataset.split={train: .5, test: .5}"],
            "finetune.schedule=reduce_on_plateau looks at the validation images",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_what_cannot_be_is_one_message(
    words: list[str],
    says: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(place)
    pictures(place / "flat", 4, classes=())
    model = [] if "extractor=hog" in words else TINY_CNN
    given = ["dataset.path=pics", *FOLDER, *model, *TUNED, *words, "hydra.run.dir=wrong"]
    shutil.rmtree(place / "wrong", ignore_errors=True)
    last = {word.split("=")[0]: word for word in given}
    assert main(["run", *last.values()]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert says in " ".join(err.split())
    assert "Traceback" not in err
    assert "unexpected" not in err
    assert not (place / "wrong" / "metrics.json").exists()


def test_who_comes_second_waits_for_the_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "clusterlab")
    seen: list[bool] = []

    def second() -> None:
        with kept.opened(tmp_path, {"what": 1}) as folder:
            seen.append((folder / "done").exists())

    other = threading.Thread(target=second)
    with kept.opened(tmp_path, {"what": 1}) as folder:
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()
        with kept.opened(tmp_path, {"what": 2}):
            pass
        (folder / "done").touch()
    other.join(timeout=10)
    assert seen == [True]
    assert caplog.messages == ["another run is fine-tuning the same: waiting for it"]


# Slow enough to be interrupted in the middle of an epoch, with all that draws at random; without
# validation images the last weights are kept, which all epochs went into.
LONG = [
    "run",
    "dataset.path=pics",
    "dataset.split={train: .8, test: .2}",
    *FOLDER,
    *("extractor=cnn", "extractor.size=48", "extractor.filters=[8,16]", "extractor.momentum=.5"),
    *("extractor.dropout=[0,.2]", "finetune=classifier", "finetune/augmentation=photo"),
    *("finetune.epochs=9", "finetune.patience=null", "finetune.schedule=cosine"),
    *("finetune.dropout=.3", "finetune.learning_rate=1e-2", "finetune.batch_size=8"),
]


Said = tuple[subprocess.Popen[str], str]


def start(folder: Path, said: queue.Queue[Said]) -> subprocess.Popen[str]:
    """A run in a process of its own, whose lines on stderr go to `said`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "clusterlab", *LONG],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.put((process, line))

    threading.Thread(target=listen, daemon=True).start()
    return process


def until(
    said: queue.Queue[Said], beginning: str, among: set[subprocess.Popen[str]]
) -> tuple[subprocess.Popen[str], str]:
    """Who among them says a line that begins so, and all that they said up to there."""
    lines = ""
    while True:
        process, line = said.get(timeout=120)
        if process in among:
            lines += line
            if line.startswith(beginning):
                return process, lines


def test_killed_and_interrupted_the_same_command_goes_on(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once: kill -9 for the one that trains, so that the other takes over; Ctrl-C for that
    one; and a third to the end. Its weights are those of a run that nobody stopped, to the byte."""
    shutil.copytree(place / "pics", tmp_path / "pics")
    said: queue.Queue[Said] = queue.Queue()
    both = {start(tmp_path, said) for _ in range(2)}
    first, _ = until(said, "epoch 2/9", both)
    first.kill()
    assert first.wait(timeout=60) == -signal.SIGKILL
    assert first.stdout is not None
    assert first.stdout.read() == ""

    (second,) = both - {first}
    _, lines = until(said, "epoch 6/9", {second})
    assert re.search(r"going on from the checkpoint of epoch [2-5]\n", lines)
    second.send_signal(signal.SIGINT)
    assert second.wait(timeout=60) == 130
    _, lines = until(said, "clusterlab: interrupted; what was finished is kept", {second})
    assert "Traceback" not in lines
    assert second.stdout is not None
    assert second.stdout.read() == ""
    assert not list((tmp_path / "cache" / "finetuned").glob("*/finished.json"))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLUSTERLAB_CACHE", str(tmp_path / "cache"))
    rest = package.run(overrides=LONG[1:], folder=tmp_path / "rest")
    log = (rest.folder / "run.log").read_text()
    assert re.search(r"going on from the checkpoint of epoch [678]\n", log)
    monkeypatch.setenv("CLUSTERLAB_CACHE", str(tmp_path / "another"))
    whole = package.run(overrides=LONG[1:], folder=tmp_path / "whole")
    assert "going on" not in (whole.folder / "run.log").read_text()
    for name in ("model/finetuned.safetensors", "predictions.csv", "assignments.csv"):
        assert (rest.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name


def test_a_full_disk_leaves_the_last_checkpoint(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is on a disk that has room for one checkpoint and a half."""
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0:
        pytest.skip("mounting a file system for the test needs root and unshare")
    words: list[Any] = ["run", *FOLDER, "dataset.path=pics", "extractor=cnn", "extractor.size=16"]
    words += ["extractor.embedding=2048", *TUNED, "finetune.epochs=4", "finetune.patience=null"]
    (tmp_path / "cache").mkdir()
    shutil.copytree(place / "pics", tmp_path / "pics")
    script = 'mount -t tmpfs -o size=9m tmpfs cache && "$@"; code=$?; cp -r cache left; exit $code'
    command = [unshare, "-m", "sh", "-c", script, "sh"]
    tried = subprocess.run([*command, "true"], cwd=tmp_path, capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("file systems cannot be mounted here")
    shutil.rmtree(tmp_path / "left")
    done = subprocess.run(
        [*command, sys.executable, "-m", "clusterlab", *words],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    said = " ".join(done.stderr.split())
    assert re.search(r"Cannot keep the fine-tuning in \S+: No space left on device\. Free", said)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert "epoch 1/4" in done.stderr

    monkeypatch.setenv("CLUSTERLAB_CACHE", str(tmp_path / "left"))
    monkeypatch.chdir(tmp_path)
    result = package.run(overrides=words[1:], folder=tmp_path / "with room")
    log = (result.folder / "run.log").read_text()
    assert "going on from the checkpoint of epoch 1" in log
    assert "epoch 4/4" in log
