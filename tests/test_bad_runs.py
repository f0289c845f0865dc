"""Runs that cannot work: a clear message, the right exit code, and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clusterlab.store import Store
from tests.runs import (
    SMOKE,
    clusterlab,
    environment,
    heed_interrupts,
    here,
    pictures,
    run_folder,
)

FOLDER = ["dataset=folder", "dataset.path=pics", "view=pca", "extractor=pixels"]


def is_one_paragraph(done: subprocess.CompletedProcess[str], says: str) -> None:
    """What a user sees of an error: the message, no traceback, exit code 1, nothing on stdout."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "Error executing job" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dataset=folder", "dataset.path=pisc"], "dataset.path=pisc does not exist"),
        (["dataset=folder", "dataset.path=empty"], "There is no image in the folder empty"),
        (["dataset=table", "dataset.path=t.csv"], "Unknown column 'image'"),
        ([*FOLDER, "clusterer.n_clusters=9"], "n_clusters=9, but there are only 6 images"),
        (
            [
                *FOLDER,
                "clusterer=custom",
                "clusterer._target_=broken.Nan",
                "allowed_targets=[clusterlab,sklearn,broken]",
            ],
            "returned float64 labels",
        ),
        (
            [
                *FOLDER,
                "reducer=custom",
                "reducer._target_=broken.Nan",
                "allowed_targets=[clusterlab,sklearn,broken]",
            ],
            "returned NaN or infinity in 6 of 6",
        ),
        (["dataset=folder", "dataset.path=same", "view=pca"], "features of all 4 images are equal"),
        (["dataset=folder", "dataset.path=junk"], "None of the 3 images"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_the_message_says(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path / "pics", 6)
    (tmp_path / "empty").mkdir()
    (tmp_path / "t.csv").write_text("file,label\npics/a/0000.png,x\n")
    (tmp_path / "junk").mkdir()
    for name in "abc":
        (tmp_path / "junk" / f"{name}.jpg").write_bytes(b"no image at all")
    same = pictures(tmp_path / "same", 1, classes=())
    for copy in range(3):
        shutil.copy(same / "0000.png", same / f"copy{copy}.png")
    (tmp_path / "broken.py").write_text(
        "import numpy as np\n"
        "class Nan:\n"
        "    def fit_predict(self, X):\n        return np.full(len(X), np.nan)\n"
        "    def fit_transform(self, X):\n        return np.full((len(X), 2), np.nan)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    done = here("run", *words, folder=tmp_path)
    is_one_paragraph(done, says)
    (run,) = (tmp_path / "runs").glob("*/*")
    assert not (run / "metrics.json").exists()
    assert json.loads((run / "status.json").read_text())["state"] == "failed"
    assert "Traceback" in (run / "run.log").read_text(), "the traceback is kept for who needs it"


@pytest.mark.parametrize(
    ("words", "clusters", "note"),
    [
        (["clusterer=hdbscan", "clusterer.min_cluster_size=90"], 0, "noise"),
        (["clusterer=dbscan", "clusterer.eps=1e6"], 1, "one cluster"),
        (["clusterer.n_clusters=1"], 1, "one cluster"),
    ],
)
def test_a_useless_clustering_is_still_a_run(
    words: list[str], clusters: int, note: str, tmp_path: Path
) -> None:
    done = here("run", *SMOKE, *words, folder=tmp_path)
    folder = run_folder(done, tmp_path)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["n_clusters"] == clusters
    assert metrics["ari/label"] == pytest.approx(0)
    assert "silhouette/reduced" not in metrics
    assert note in done.stdout.lower()


def test_a_broken_image_costs_one_row(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 20)
    (tmp_path / "pics" / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    done = here("run", *FOLDER, "clusterer.n_clusters=2", folder=tmp_path)
    folder = run_folder(done, tmp_path)
    rows = (folder / "failures.csv").read_text().splitlines()
    assert len(rows) == 2
    assert rows[1].startswith("a/broken.png,pics/a/broken.png,extract,")
    assert json.loads((folder / "metrics.json").read_text())["n_failed"] == 1
    too_many = clusterlab("run", *FOLDER, "dataset.max_failed_share=0.01", folder=tmp_path)
    is_one_paragraph(too_many, "more than dataset.max_failed_share=0.01 allows")


def test_odd_images_go_through(shared_data: Path, tmp_path: Path) -> None:
    done = clusterlab(
        "run",
        "dataset=folder",
        f"dataset.path={shared_data / 'odd_images'}",
        "extractor=concat",
        "clusterer.n_clusters=4",
        "view=pca",
        folder=tmp_path,
    )
    folder = run_folder(done, tmp_path)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["n_scored"] > 30
    assert 5 < metrics["n_failed"] < 30
    errors = {line.split(",")[3] for line in (folder / "failures.csv").read_text().splitlines()}
    assert {"UnidentifiedImageError", "OSError", "DecompressionBombError"} <= errors
    assert len(done.stderr.splitlines()) == 7, "one line a stage, none from a C library"
    assert "TIFFFetchNormalTag" in (folder / "run.log").read_text()


def test_a_folder_that_holds_a_run_is_left_alone(tmp_path: Path) -> None:
    first = here("run", *SMOKE, "hydra.run.dir=mine", folder=tmp_path)
    assert first.stdout.splitlines()[-1] == "mine"
    before = (tmp_path / "mine" / "metrics.json").read_bytes()
    again = here("run", *SMOKE, "hydra.run.dir=mine", folder=tmp_path)
    is_one_paragraph(again, "mine already holds a finished run")
    assert (tmp_path / "mine" / "metrics.json").read_bytes() == before


def test_an_output_folder_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = here("run", *SMOKE, "hydra.run.dir=file/run", folder=tmp_path)
    is_one_paragraph(done, "Choose another folder with hydra.run.dir=PATH")


def in_mounted(folder: Path, options: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs clusterlab where `folder` is a file system of its own, in a private namespace."""
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0:
        pytest.skip("mounting a file system for the test needs root and unshare")
    folder.mkdir()
    script = f'mount -t tmpfs -o {options} tmpfs "$0" && exec "$@"'
    command = [unshare, "-m", "sh", "-c", script, str(folder)]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    return subprocess.run(
        [*command, sys.executable, "-m", "clusterlab", *words],
        cwd=folder.parent,
        env=environment(folder.parent),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_read_only_output_folder(tmp_path: Path) -> None:
    done = in_mounted(tmp_path / "out", "ro", "run", *SMOKE, "hydra.run.dir=out/run")
    is_one_paragraph(done, "Read-only file system")
    assert "hydra.run.dir=PATH" in done.stderr


def test_a_full_disk(tmp_path: Path) -> None:
    done = in_mounted(tmp_path / "out", "size=64k", "run", *SMOKE, "hydra.run.dir=out/run")
    is_one_paragraph(done, "No space left on device")
    assert Store(tmp_path / "cache").size()["vectors"] == 100, "the work done so far is kept"
    run_folder(here("run", *SMOKE, folder=tmp_path), tmp_path)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A run that goes on while the test does something to it."""
    return subprocess.Popen(
        [sys.executable, "-m", "clusterlab", "run", *words],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )


def wait_for_vectors(folder: Path, n: int) -> None:
    """Until the store holds that many; the run under test fills it batch by batch."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if (folder / "cache" / "store.sqlite").exists():
            store = Store(folder / "cache")
            found = store.size()["vectors"]
            store.close()
            if found >= n:
                return
        time.sleep(0.05)
    raise AssertionError(f"the store never held {n} vectors")


# All classical features in small batches take long enough to be interrupted in the middle.
LONG = [
    "extractor=concat",
    "view=pca",
    "report.max_thumbnails=0",
    "batch_size=8",
    "dataset.sample_per_class=60",
    "hydra.run.dir=mine",
]


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
def test_an_interrupted_run_keeps_what_it_has(kill: signal.Signals, tmp_path: Path) -> None:
    run = start(tmp_path, *LONG)
    wait_for_vectors(tmp_path, 64)
    run.send_signal(kill)
    _, said = run.communicate(timeout=60)
    assert run.returncode == (130 if kill == signal.SIGINT else -signal.SIGKILL)
    if kill == signal.SIGINT:
        assert "interrupted" in said
        assert "Traceback" not in said
        assert json.loads((tmp_path / "mine/status.json").read_text())["state"] == "interrupted"
    assert not (tmp_path / "mine" / "metrics.json").exists()
    kept = Store(tmp_path / "cache").size()["vectors"]
    done = here("run", *LONG, folder=tmp_path)
    timings = json.loads((run_folder(done, tmp_path) / "timings.json").read_text())
    assert timings["extract"]["store"] == (
        f"{kept:,} images from the store, {600 - kept:,} computed: new to the store"
    )


@pytest.mark.parametrize("stage", ["view", "report"])
def test_a_kill_leaves_whole_files_and_a_folder_that_can_be_used_again(
    stage: str, tmp_path: Path
) -> None:
    # A map that takes long enough to be killed in the middle.
    words = [*SMOKE, "view=tsne"]
    run = start(tmp_path, *words, "hydra.run.dir=mine")
    status = tmp_path / "mine" / "status.json"
    end = time.monotonic() + 120
    while time.monotonic() < end and run.poll() is None:
        if status.exists() and json.loads(status.read_text())["stage"] == stage:
            break
        time.sleep(0.01)
    run.kill()
    run.communicate()
    assert run.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    assert not (tmp_path / "mine" / "metrics.json").exists()
    assert json.loads(status.read_text()) | {"state": "running", "stage": stage} == json.loads(
        status.read_text()
    )
    again = run_folder(here("run", *words, "hydra.run.dir=mine", folder=tmp_path), tmp_path)
    whole = run_folder(here("run", *words, "store=false", folder=tmp_path), tmp_path)
    assert (again / "assignments.csv").read_bytes() == (whole / "assignments.csv").read_bytes()
    assert not [path for path in again.iterdir() if path.name.startswith(".")]


def test_two_runs_at_the_same_moment(tmp_path: Path) -> None:
    runs = [start(tmp_path, *SMOKE) for _ in range(2)]
    said = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    folders = {out.splitlines()[-1] for out, _ in said}
    assert len(folders) == 2
    tables = {(tmp_path / folder / "assignments.csv").read_bytes() for folder in folders}
    assert len(tables) == 1
    assert Store(tmp_path / "cache").size()["vectors"] == 100


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    run = start(tmp_path, *LONG)
    wait_for_vectors(tmp_path, 16)
    second = here("run", *SMOKE, "hydra.run.dir=mine", folder=tmp_path)
    is_one_paragraph(second, "Another run is writing to mine")
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
