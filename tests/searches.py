"""Searches as a user starts them: processes of their own, on a few small pictures."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tests.runs import clusterlab, environment, heed_interrupts

SMALL = [
    "dataset.sample_per_class=8",
    "view=none",
    "report.max_thumbnails=0",
    "reducer.n_components=8",
]
KMEANS = [*SMALL, "search.space.clusterer.n_clusters={low: 4, high: 30}"]


def tune(folder: Path, *words: str, into: str = "mine") -> pd.DataFrame:
    """The trials of a search that is carried out in one go."""
    done = clusterlab("tune", *words, f"hydra.run.dir={into}", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == into
    return trials(folder / into)


def resume(folder: Path, *words: str, into: str = "mine") -> pd.DataFrame:
    done = clusterlab("tune", "--resume", into, *words, folder=folder)
    assert done.returncode == 0, done.stderr
    return trials(folder / into)


def trials(search: Path) -> pd.DataFrame:
    """trials.csv without what a clock or a folder decides."""
    return pd.read_csv(search / "trials.csv").drop(columns="seconds")


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A search that goes on while the test does something to it."""
    return subprocess.Popen(
        [sys.executable, "-m", "clusterlab", "tune", *words],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )


def states(search: Path) -> list[str]:
    """The state of each trial that Optuna knows, in the order begun."""
    file = search / "study.sqlite"
    if not file.exists():
        return []
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60) as db:
        try:
            return [state for (state,) in db.execute("SELECT state FROM trials ORDER BY number")]
        except sqlite3.OperationalError:
            return []


def wait_for(search: Path, n: int, process: subprocess.Popen[str]) -> None:
    """Until so many trials are done."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if states(search).count("COMPLETE") >= n:
            return
        time.sleep(0.01)
    raise AssertionError(f"{n} trials were never done: {process.communicate()[1]}")


def as_typed(words: Sequence[str]) -> list[str]:
    return list(words)
