"""The processes that work on one search: who is alive, and starting more of them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

FOLDER = ".workers"


@contextmanager
def at_work(folder: Path) -> Iterator[str]:
    """This process's name as a worker on the search in `folder`. It holds a lock, which goes with
    the process, however that ends."""
    name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{name}.lock"
    lock = FileLock(path)
    lock.acquire()
    try:
        yield name
    finally:
        path.unlink(missing_ok=True)
        lock.release()
        # Others may be at work, or have left theirs.
        with suppress(OSError):
            place.rmdir()


def is_alive(folder: Path, name: str) -> bool:
    """Whether the worker of this name still runs."""
    path = folder / FOLDER / f"{name}.lock"
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    path.unlink(missing_ok=True)
    lock.release()
    return False


@contextmanager
def helpers(n: int, words: Sequence[str], log: Path) -> Iterator[Callable[[], int]]:
    """n processes of `clusterlab words...` beside this one, stopped on leaving. What they say goes
    to `log`. Yields what counts those that have failed."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        with log.open("ab") as file:
            for _ in range(n):
                command = [sys.executable, "-m", "clusterlab", *words]
                started.append(
                    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
                )
        yield lambda: sum(process.poll() not in (None, 0) for process in started)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
