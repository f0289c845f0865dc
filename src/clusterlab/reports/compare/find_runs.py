"""Finds the runs at and below the paths that a user gives."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clusterlab.errors import UsageError
from clusterlab.reports.compare.left_out import LeftOut, with_settings
from clusterlab.reports.compare.read_runs import Run, UnusableRunError, read_config, read_run

_SEARCH = "study.sqlite"
_PICTURES = ("sweep.png", "granularity_lines.png", "granularity_heatmap.png")
_BESIDE_RUNS = frozenset(
    {"summary.csv", "summary.html", "unfinished.csv", "multirun.yaml", *_PICTURES}
)


def find_runs(paths: Iterable[Path]) -> tuple[list[Run], list[LeftOut]]:
    """Reads every run at or below the paths, each once, in the order given.

    Raises UsageError for a path that is no run and holds none.
    """
    paths = list(paths)
    named = {path.resolve() for path in paths}
    folders: dict[Path, Path] = {}  # real path -> the path as the user gave it
    for path in paths:
        if not (path.is_file() and path.name in _BESIDE_RUNS):
            for folder in _run_folders(path):
                folders.setdefault(folder.resolve(), folder)
    runs: list[Run] = []
    left_out: list[LeftOut] = []
    for real, folder in folders.items():
        try:
            runs.append(read_run(folder))
        except UnusableRunError as error:
            left_out.append(
                LeftOut(
                    folder=folder,
                    reason=str(error),
                    message=error.message,
                    unfinished=error.unfinished,
                    named=real in named,
                    config=_config(folder),
                )
            )
    return runs, with_settings(left_out, runs)


def _config(folder: Path) -> dict[str, Any]:
    """Of a run that was left out: nothing where there is none."""
    try:
        return read_config(folder)
    except UnusableRunError:
        return {}


def _run_folders(path: Path) -> list[Path]:
    if not path.exists():
        raise UsageError(f"No such run: '{path}'. `clusterlab run` prints its folder last.")
    if path.is_file():
        hint = f" Did you mean its folder '{path.parent}'?" if _is_run(path.parent) else ""
        raise UsageError(f"'{path}' is a file, not a run folder.{hint}")
    found: list[Path] = []
    for top, below, files in os.walk(path):
        if _SEARCH in files:
            # Of a search the best trials are runs.
            below[:] = [name for name in below if name == "best"]
        elif _is_run(Path(top)):
            found.append(Path(top))
            below.clear()
        below.sort(key=lambda name: (len(name), name) if name.isdigit() else (0, name))
    if not found:
        raise UsageError(
            f"'{path}' is no run folder and holds none: neither metrics.json nor status.json is "
            "in it or below. Give a run, a sweep, or a folder such as runs/NAME."
        )
    return found


def _is_run(folder: Path) -> bool:
    return (folder / "metrics.json").is_file() or (folder / "status.json").is_file()
