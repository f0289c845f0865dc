"""One run, or search, of a study: found finished, or carried out in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from clusterlab.config.launch import is_done, is_of, launch_resolved, quiet
from clusterlab.config.launch_search import begin, go_on
from clusterlab.config.rows import Composed
from clusterlab.config.search_plan import Job
from clusterlab.errors import OutputError
from clusterlab.files import remove
from clusterlab.searching import Search
from clusterlab.studies.contents import Contents
from clusterlab.tuning.study import FILE as TRIALS

# What follows from them is elsewhere in the config, or changes no result.
_SAME_ALL_THE_SAME = ("data_dir", "weights_dir", "workers", "batch_size")


@dataclass(frozen=True)
class Piece:
    """What a row is to run with one seed. changes: key -> value, on top of the row's words.

    Every property raises ConfigError where that is no config.
    """

    composed: Composed
    seed: int
    folder: Path
    changes: Mapping[str, str]

    @cached_property
    def run(self) -> tuple[dict[str, Any], dict[str, str]]:
        """The config of the run, for a search of what is tried in it, and its choices."""
        return self.composed.at(self.seed, self.changes)

    @cached_property
    def job(self) -> Job:
        """The search."""
        return self.composed.job(self.seed, self.folder, self.changes)

    @property
    def result(self) -> Path:
        """Where the finished run is, of a search its best one."""
        return self.folder / "best" / "1" if self.composed.is_search else self.folder

    @property
    def aside(self) -> Path:
        """Where what was there before waits until this has worked."""
        return self.folder.with_name(f"{self.folder.name}.old")

    @property
    def failed(self) -> Path:
        """Where a failure is left that had to make room for what was there before."""
        return self.folder.with_name(f"{self.folder.name}.failed")

    def has_begun(self) -> bool:
        """Whether its folder holds this, finished or not."""
        config = self.job.config if self.composed.is_search else self.run[0]
        return is_of(self.folder, config, but_for=_SAME_ALL_THE_SAME)

    def is_finished(self) -> bool:
        """Whether its folder holds the whole of this."""
        if self.composed.is_search:
            return self.has_begun() and _is_whole(self.folder)
        return is_done(self.folder, self.run[0], but_for=_SAME_ALL_THE_SAME)


def finished(piece: Piece, contents: Contents) -> tuple[Path | None, str]:
    """The finished run that is there already, or why the one that is there does not count: what of
    its images, labels or weights has changed; "" where there is none. Raises ConfigError."""
    _settle(piece)
    if not piece.is_finished():
        return None, ""
    changed = contents.changed(piece.result, *piece.run)
    return (None, changed) if changed else (piece.result, "")


def carry_out(piece: Piece) -> Path:
    """The run, or the best one of the search, gone on with where it was begun.

    What else is in its folder is moved aside until this has worked, and put back where it fails.
    Raises what a run does, and OutputError where another process is at the search.
    """
    if piece.folder.exists() and (_is_whole(piece.folder) or not piece.has_begun()):
        remove(piece.aside)
        piece.folder.replace(piece.aside)
    try:
        with quiet():
            run = _search(piece) if piece.composed.is_search else _run(piece)
    except Exception:
        if piece.aside.exists():
            _put_back(piece)
        raise
    if run is None:
        raise OutputError(f"Another process is at the search in {piece.folder}.")
    remove(piece.aside)
    remove(piece.failed)
    return run


def _run(piece: Piece) -> Path:
    config, choices = piece.run
    launch_resolved(config, piece.folder, choices)
    return piece.result


def _search(piece: Piece) -> Path | None:
    begun = (piece.folder / TRIALS).exists()
    found: Search | None = go_on(piece.job) if begun else begin(piece.job)
    if found is None:
        return None
    if not found.runs:
        said = found.trials[0].bad if found.trials else found.stopped
        raise OutputError(f"None of {len(found.trials)} trials could be scored: {said}")
    return next(iter(found.runs.values()))


def _settle(piece: Piece) -> None:
    """After a kill: what was moved aside is put back, unless what took its place is finished, or
    is this and can be gone on with."""
    if not piece.aside.exists():
        return
    if _is_whole(piece.folder):
        remove(piece.aside)
    elif not piece.has_begun():
        _put_back(piece)


def _put_back(piece: Piece) -> None:
    if piece.folder.exists():
        remove(piece.failed)
        piece.folder.replace(piece.failed)
    piece.aside.replace(piece.folder)


def _is_whole(folder: Path) -> bool:
    """Whether the folder holds a finished run, or a search that came to its end and has its best
    run."""
    if (folder / "metrics.json").is_file():
        return True
    try:
        status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    best = folder / "best" / "1" / "metrics.json"
    return bool(status["state"] == "finished") and best.is_file()
