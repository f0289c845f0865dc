"""Runs clusterlab as a user does: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SMOKE = ["+experiment=ci_smoke"]


def environment(folder: Path) -> dict[str, str]:
    """The environment of a user whose store is in `folder`, at a terminal of 80 columns."""
    return {**os.environ, "CLUSTERLAB_CACHE": str(folder / "cache"), "COLUMNS": "80"}


def heed_interrupts() -> None:
    """For a child that is to be interrupted: a test run in the background of a script ignores
    Ctrl-C, and hands that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def clusterlab(
    *words: str, folder: Path, environment_: dict[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """`clusterlab words...` in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "clusterlab", *words],
        cwd=folder,
        env={**environment(folder), **(environment_ or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_folder(done: subprocess.CompletedProcess[str], folder: Path) -> Path:
    """The folder that the last line of a run's stdout names."""
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


def pictures(folder: Path, n: int, *, classes: Sequence[str] = ("a", "b")) -> Path:
    """A folder of n small real pictures (digits from scikit-learn), in folders of their class."""
    from PIL import Image
    from sklearn.datasets import load_digits

    images = load_digits().images
    for index in range(n):
        place = folder / classes[index % len(classes)] if classes else folder
        place.mkdir(parents=True, exist_ok=True)
        pixels = (images[index] * 15.9).astype("uint8")
        Image.fromarray(pixels).resize((40, 40)).save(place / f"{index:04}.png")
    return folder
