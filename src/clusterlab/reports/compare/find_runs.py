"""Finds the runs at and below the paths that a user gives."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from clusterlab.errors import UsageError
from clusterlab.reports.compare.read_runs import Run, UnusableRunError, read_run

_BESIDE_RUNS = frozenset({"summary.csv", "summary.html", "multirun.yaml"})


@dataclass(frozen=True)
class LeftOut:
    """A run folder that cannot be compared, and why."""

    folder: Path
    reason: str


def find_runs(paths: Iterable[Path]) -> tuple[list[Run], list[LeftOut]]:
    """Reads every run at or below the paths, each once, in the order given.

    Raises UsageError for a path that is no run and holds none.
    """
    folders: dict[Path, Path] = {}  # real path -> the path as the user gave it
    for path in paths:
        if not (path.is_file() and path.name in _BESIDE_RUNS):
            for folder in _run_folders(path):
                folders.setdefault(folder.resolve(), folder)
    runs: list[Run] = []
    left_out: list[LeftOut] = []
    for folder in folders.values():
        try:
            runs.append(read_run(folder))
        except UnusableRunError as reason:
            left_out.append(LeftOut(folder, str(reason)))
    return runs, left_out


def _run_folders(path: Path) -> list[Path]:
    if not path.exists():
        raise UsageError(f"No such run: '{path}'. `clusterlab run` prints its folder last.")
    if path.is_file():
        hint = f" Did you mean its folder '{path.parent}'?" if _is_run(path.parent) else ""
        raise UsageError(f"'{path}' is a file, not a run folder.{hint}")
    found: list[Path] = []
    for top, below, _ in os.walk(path):
        if _is_run(Path(top)):
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
