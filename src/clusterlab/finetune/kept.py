"""Fine-tunings on disk: each in a folder of its own, beside the store, by what decides it."""

from __future__ import annotations

import errno
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from clusterlab.errors import DataError, OutputError
from clusterlab.files import remove, write_text
from clusterlab.store import key_of

log = logging.getLogger("clusterlab")

FOLDER = "finetuned"
"""The name of the folder that holds them."""
_DAY = 24 * 60 * 60
_SPACE = (
    "Free some space (clusterlab doctor --prune 30): the same command then goes on from the last "
    "checkpoint."
)
_RIGHTS = "Let yourself write there."
_WAYS_OUT = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _SPACE),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _RIGHTS),
    errno.ENOTDIR: "There is a file in its way.",
    errno.EEXIST: "There is a file in its way.",
}
_DESCRIPTION = "description.json"
_USED = "used"


@contextmanager
def opened(root: Path, description: Mapping[str, Any]) -> Iterator[Path]:
    """The folder of one fine-tuning, for this process alone: another that wants the same one waits
    until it is done, and then uses it.

    description: JSON-able, what decides the result. Raises DataError where the folder holds
    another fine-tuning's files, OutputError where it cannot be written.
    """
    key = key_of(description)
    folder = root / key[:32]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / f"{folder.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("another run is fine-tuning the same: waiting for it")
            lock.acquire()
        try:
            _claim(folder, description, key)
            yield folder
        finally:
            lock.release()
    except OSError as error:
        if error.errno not in _WAYS_OUT:
            raise
        raise OutputError(
            f"Cannot keep the fine-tuning in {folder}: {error.strerror or error}. "
            f"{_WAYS_OUT[error.errno]} Or choose another folder with CLUSTERLAB_CACHE=PATH."
        ) from error


def size(root: Path) -> dict[str, int]:
    """Bytes on disk, and the number of fine-tunings."""
    folders = _folders(root)
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return {"bytes": sum(file.stat().st_size for file in files), "finetunings": len(folders)}


def prune(root: Path, *, unused_days: float) -> int:
    """Delete what no run has used for so many days. Returns the number of bytes given back."""
    before = size(root)["bytes"]
    limit = time.time() - unused_days * _DAY
    for folder in _folders(root):
        used = folder / _USED
        if (used if used.exists() else folder).stat().st_mtime <= limit:
            lock = FileLock(root / f"{folder.name}.lock")
            try:
                with lock.acquire(timeout=0):
                    remove(folder)
            except Timeout:
                continue
            remove(Path(lock.lock_file))
    return before - size(root)["bytes"]


def _folders(root: Path) -> list[Path]:
    return sorted(file.parent for file in root.glob(f"*/{_DESCRIPTION}"))


def _claim(folder: Path, description: Mapping[str, Any], key: str) -> None:
    file = folder / _DESCRIPTION
    if file.exists():
        try:
            other = key_of(json.loads(file.read_text(encoding="utf-8"))) != key
        except ValueError:
            other = True
        if other:
            raise DataError(
                f"The checkpoints in {folder} are of another config, so training cannot go on from "
                "them. Delete that folder and run again."
            )
    else:
        # With NaN and infinity as they are, since the file is compared with what is asked for.
        write_text(file, json.dumps(description, indent=2, ensure_ascii=False) + "\n")
    (folder / _USED).touch()
