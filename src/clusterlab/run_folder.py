"""The run folder while a run is going: whose it is, how far it got, and what each stage took."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from filelock import BaseFileLock, FileLock, Timeout

from clusterlab.errors import OutputError
from clusterlab.files import remove, write_json

log = logging.getLogger("clusterlab")

# What these say belongs in run.log, not between the lines of the progress.
_LIBRARIES = ("py.warnings", "PIL")


NOTHING = "none"
"""What a stage says in `store` that had nothing to do; then the progress does not tell of it."""


@dataclass
class Stage:
    """What one stage took. store: a sentence on what came from the store and what did not."""

    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    store: str = ""


@dataclass
class RunFolder:
    """One run's folder, from `with RunFolder(path) as folder:` on this process's alone.

    Raises OutputError where the folder cannot be written, holds a finished run, or belongs to a
    run that is going on. On leaving, status.json says finished, failed or interrupted; run.log
    holds every message and, after a failure, the traceback.
    """

    path: Path
    stages: dict[str, Stage] = field(default_factory=dict)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    current: str = "start"
    _handler: logging.Handler | None = None
    _within: bool = False
    _lock: BaseFileLock | None = None

    def __enter__(self) -> RunFolder:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._claim()
            self._handler = logging.FileHandler(self.path / "run.log", encoding="utf-8")
        except OSError as error:
            raise OutputError(
                f"Cannot write the run folder {self.path}: {error.strerror}. "
                "Choose another with hydra.run.dir=PATH."
            ) from error
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(self._handler)
        log.setLevel(logging.INFO)
        # Another folder of this process's may be open: a search's, around its best runs.
        held = logging.getLogger(_LIBRARIES[0]).handlers
        self._within = any(isinstance(handler, logging.FileHandler) for handler in held)
        logging.captureWarnings(True)
        for name in _LIBRARIES:
            logging.getLogger(name).addHandler(self._handler)
            logging.getLogger(name).propagate = False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            state, message = "finished", ""
        elif isinstance(error, KeyboardInterrupt):
            state, message = "interrupted", "interrupted by the user"
        else:
            state, message = "failed", str(error)
        assert self._handler is not None
        if error is not None:
            record = log.makeRecord(
                log.name, logging.ERROR, __file__, 0, f"{state} in stage {self.current}", (), None
            )
            record.exc_info = (type(error), error, trace)
            self._handler.handle(record)
        if not self._within:
            logging.captureWarnings(False)
        log.removeHandler(self._handler)
        for name in _LIBRARIES:
            logging.getLogger(name).removeHandler(self._handler)
            logging.getLogger(name).propagate = not self._within
        self._handler.close()
        try:
            self._status(state, message)
        except OutputError:
            # The disk that failed the run cannot take the news of it either.
            if error is None:
                raise
        finally:
            self._release()

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time a stage, and name it in status.json while it runs."""
        self.current = name
        self._status("running", "")
        stage = self.stages[name] = Stage()
        begin = time.perf_counter()
        yield stage
        stage.seconds = round(time.perf_counter() - begin, 4)
        stage.peak_memory_mb = round(peak_memory_mb(), 1)
        if stage.store != NOTHING:
            said = f": {stage.store}" if stage.store else ""
            log.info("%-9s %6.1f s%s", name, stage.seconds, said)

    def finish(self, metrics: Mapping[str, Any], environment: Mapping[str, Any]) -> None:
        """Write what only a whole run has; metrics.json comes last, since it says that all is."""
        write_json(self.path / "timings.json", self.timings())
        write_json(self.path / "environment.json", environment)
        write_json(self.path / "metrics.json", metrics)

    def timings(self) -> dict[str, dict[str, Any]]:
        """Per stage: seconds; peak_memory_mb, the most that the process held until its end; and
        what came from the store."""
        return {name: dict(vars(stage)) for name, stage in self.stages.items()}

    def _claim(self) -> None:
        # The lock goes with the process that holds it, however that ends.
        self._lock = FileLock(self.path / ".lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise OutputError(
                f"Another run is writing to {self.path}. Choose another folder with "
                "hydra.run.dir=PATH."
            ) from None
        try:
            self._check_new()
        except OutputError:
            self._release()
            raise

    def _release(self) -> None:
        assert self._lock is not None
        (self.path / ".lock").unlink(missing_ok=True)
        self._lock.release()

    def _check_new(self) -> None:
        for left_over in self.path.glob(".*.tmp"):
            remove(left_over)
        if (self.path / "metrics.json").exists():
            raise OutputError(
                f"{self.path} already holds a finished run, which stays as it is. Choose another "
                "folder with hydra.run.dir=PATH, or delete it first."
            )
        self._status("running", "")

    def _status(self, state: str, message: str) -> None:
        write_json(
            self.path / "status.json",
            {
                "state": state,
                "stage": self.current,
                "message": message,
                "pid": os.getpid(),
                "started": self.started,
                "updated": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )


def peak_memory_mb() -> float:
    """The most resident memory that this process has held so far, in MiB."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (2**20 if sys.platform == "darwin" else 2**10)
