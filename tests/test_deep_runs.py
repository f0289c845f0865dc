"""Whole runs with models: what is computed once, what is kept, and what is said."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pandas as pd
import pytest

import clusterlab as package
from clusterlab.errors import ClusterlabError
from clusterlab.store import Store
from tests.runs import clusterlab, environment, heed_interrupts, here, pictures, run_folder

# Random weights of a real network, for what has nothing to do with what it sees.
TINY = ["extractor=timm", "model=resnet18", "weights=random", "extractor.crop=32"]
FOLDER = ["dataset=folder", "dataset.path=pics", "view=pca", "reducer=none", "precision=fp32"]


def log_of(run: Path) -> str:
    return (run / "run.log").read_text(encoding="utf-8")


def stored(folder: Path) -> int:
    store = Store(folder / "cache")
    try:
        return store.size()["vectors"]
    finally:
        store.close()


def underway(words: list[str], folder: Path, *, n_stored: int) -> subprocess.Popen[str]:
    """A run in a process of its own, once it has stored so many vectors."""
    process = subprocess.Popen(
        [sys.executable, "-m", "clusterlab", *words],
        cwd=folder,
        env=environment(folder),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    until = time.monotonic() + 120
    while stored(folder) < n_stored:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    return process


def test_ten_new_images_are_ten_computations(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 1000)
    words = [*FOLDER, *TINY, "clusterer.n_clusters=3", "report.max_thumbnails=0"]
    first = here("run", *words, folder=tmp_path)
    assert "1,000 images computed" in first.stderr
    for index, source in enumerate(sorted((tmp_path / "pics" / "a").iterdir())[:10]):
        # New bytes: the same picture with another comment behind it.
        (tmp_path / "pics" / "a" / f"new{index}.png").write_bytes(
            source.read_bytes() + b"%d" % index
        )
    second = here("run", *words, folder=tmp_path)
    assert "1,000 images from the store, 10 computed" in second.stderr, second.stderr
    assert "timm: 10 images in" in log_of(run_folder(second, tmp_path))


def test_killed_in_the_middle_a_run_repeats_one_batch_at_most(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 60)
    words = ["run", *FOLDER, *TINY, "extractor.crop=224", "batch_size=4", "clusterer.n_clusters=3"]
    process = underway(words, tmp_path, n_stored=20)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = stored(tmp_path)
    assert kept % 4 == 0, "a batch is kept whole or not at all"
    done = here(*words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{kept} images from the store, {60 - kept} computed" in done.stderr


def test_interrupted_a_run_keeps_what_is_done(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 100)
    words = ["run", *FOLDER, *TINY, "extractor.crop=224", "batch_size=4", "clusterer.n_clusters=3"]
    process = underway(words, tmp_path, n_stored=12)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; what was finished is kept" in said
    assert "Traceback" not in said
    assert stored(tmp_path) >= 12


def test_at_a_terminal_the_pace_and_the_time_left_are_shown(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 60)
    words = ["run", *FOLDER, *TINY, "extractor.crop=224", "batch_size=4", "clusterer.n_clusters=3"]
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-m", "clusterlab", *words],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # which is how a terminal says that nobody writes any more
        while part := os.read(ours, 4096):
            shown += part
    assert process.wait() == 0
    assert re.search(rb"extract: +\d+%.*/60 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+img/s\]", shown)


def test_a_sweep_loads_its_model_once(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 12)
    words = [*FOLDER, *TINY, "store=false", "clusterer=kmeans,agglomerative"]
    done = clusterlab("run", "-m", *words, "clusterer.n_clusters=3", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    logs = [log_of(folder) for folder in sorted((tmp_path / "runs").glob("*/*/[01]"))]
    assert len(logs) == 2
    assert "loaded timm/resnet18" in logs[0]
    assert "loaded timm/resnet18" not in logs[1]
    assert "12 images computed; the store is off" in logs[1]


def test_random_weights_are_marked_in_everything_that_shows_a_number(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 12)
    done = here("run", *FOLDER, *TINY, "clusterer.n_clusters=3", folder=tmp_path)
    folder = run_folder(done, tmp_path)
    assert "random weights" in done.stdout
    tables = sorted(folder.glob("*.csv"))
    assert len(tables) >= 4
    for table in tables:
        rows = pd.read_csv(table)
        assert list(rows.columns)[-1] == "marks", table.name
        assert (rows["marks"] == "random weights").all()
    assert json.loads((folder / "metrics.json").read_text())["marks"] == ["random weights"]
    assert "random weights" in (folder / "report.html").read_text(encoding="utf-8")
    compared = here("compare", "runs", folder=tmp_path)
    assert "random weights" in compared.stdout


def test_a_worker_that_gives_up_costs_one_image(tmp_path: Path) -> None:
    """A library may call sys.exit in a thread, which Python would not even mention."""
    pictures(tmp_path / "pics", 9)
    (tmp_path / "fragile.py").write_text(
        "import sys\n"
        "from clusterlab.extractors.pixels import Pixels\n"
        "class Fragile(Pixels):\n"
        "    def prepare(self, image):\n"
        "        if not hasattr(Fragile, 'died'):\n"
        "            Fragile.died = True\n"
        "            sys.exit('the decoder gave up')\n"
        "        return super().prepare(image)\n",
        encoding="utf-8",
    )
    done = clusterlab(
        "run",
        *FOLDER,
        "extractor=pixels",
        "extractor._target_=fragile.Fragile",
        "allowed_targets=[clusterlab,sklearn,fragile]",
        "clusterer.n_clusters=3",
        folder=tmp_path,
        environment_={"PYTHONPATH": str(tmp_path)},
    )
    failures = pd.read_csv(run_folder(done, tmp_path) / "failures.csv")
    assert len(failures) == 1
    assert failures.message[0] == "the decoder gave up"


def test_a_store_from_before_texts_is_used_on(tmp_path: Path) -> None:
    import sqlite3

    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        database.execute("DROP TABLE texts")
    store = Store(tmp_path)
    store.add_texts({"a": 1}, [("digest", "a cake", 0.5)])
    from clusterlab.store import key_of

    assert list(store.texts(key_of({"a": 1}), ["digest"])) == [("digest", "a cake", 0.5)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([*TINY, "device=cuda:7"], "device=cuda:7, but"),
        ([*TINY, "device=gpu"], "Unknown device 'gpu'"),
        ([*TINY, "precision=bf17"], "Did you mean 'bf16'?"),
        ([*TINY, "batch_size=many"], "batch_size is 'many'; it must be a whole number, or auto"),
        (["extractor=resnet50", "weights=nowhere.pth"], "nowhere.pth"),
        (["extractor=resnet50", "weights=pics/a/0000.png"], "0000.png"),
        (["extractor=timm", "model=resnet5O"], "Did you mean 'resnet50'?"),
        (["extractor=dinov2", "model=facebook/dinov2-bsae"], "two ways out"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[-1:]),
)
def test_bad_words_are_answered(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path / "pics", 4)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    with pytest.raises(ClusterlabError) as error:
        package.run(overrides=[*FOLDER, *words, "clusterer.n_clusters=2"], folder=tmp_path / "run")
    assert says.lower() in " ".join(str(error.value).split()).lower()
