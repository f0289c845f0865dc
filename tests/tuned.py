"""Searches on a few small pictures, in this process or as a user starts them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pandas as pd

import clusterlab
from clusterlab.api import Tuned
from tests.runs import environment, heed_interrupts

# 80 digits, in features that are made in no time.
SMALL = [
    "dataset.sample_per_class=8",
    "extractor=pixels",
    "extractor.size=8",
    "reducer.n_components=8",
    "view=none",
    "report.max_thumbnails=0",
    "search.n_best=1",
]


def tune(folder: Path, *words: str) -> Tuned:
    """A search carried out in one go."""
    return clusterlab.tune(overrides=[*SMALL, *words], folder=folder)


def trials(search: Path) -> pd.DataFrame:
    """trials.csv without what a clock decides."""
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
    if not (search / "study.sqlite").exists():
        return []
    with closing(sqlite3.connect(search / "study.sqlite", timeout=60)) as db:
        try:
            found = db.execute("SELECT state FROM trials ORDER BY number").fetchall()
        except sqlite3.OperationalError:
            return []
    return [state for (state,) in found]


def wait_for(search: Path, n: int, process: subprocess.Popen[str]) -> None:
    """Until so many trials are done and another is under way."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        found = states(search)
        if found.count("COMPLETE") >= n and found[-1] == "RUNNING":
            return
        time.sleep(0.002)
    raise AssertionError(f"{n} trials were never done: {process.communicate()[1]}")
