"""Runs clusterlab as a user does: a process of its own, in a folder of its own."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import pytest

from clusterlab.cli.main import main

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


def here(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has imported its libraries already: seconds less."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.chdir(folder)
        for name, value in environment(folder).items():
            patch.setenv(name, value)
        with _stderr() as err:
            code = main(words)
            err.seek(0)
            return subprocess.CompletedProcess(words, code, out.getvalue(), err.read())


@contextlib.contextmanager
def _stderr() -> Iterator[TextIO]:
    """What is written to stderr, by Python or straight to the descriptor of that number."""
    with tempfile.TemporaryFile("w+", buffering=1, encoding="utf-8") as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            with contextlib.redirect_stderr(file):
                yield file
        finally:
            os.dup2(before, 2)
            os.close(before)


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
