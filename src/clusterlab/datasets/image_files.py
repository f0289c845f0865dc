"""Which files of a folder are images."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from clusterlab.errors import DataError
from clusterlab.types import Failure

# fmt: off
EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib",
    ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".jpf", ".jpx",
    ".avif", ".ico", ".tga",
})
# fmt: on


def list_images(root: Path) -> tuple[list[str], list[Failure], Counter[str]]:
    """(ids, failures, ignored) of all files at any depth, hidden ones left out.

    ids: relative paths of the images, with "/". failures: images whose names are not UTF-8, which
    no table could hold. ignored: the endings of the other files, counted.
    """
    ids, failures = [], []
    ignored: Counter[str] = Counter()
    for name in _files(str(root), "", ()):
        ending = os.path.splitext(name)[1].lower()  # noqa: PTH122 (25,000 Paths are slow)
        if ending not in EXTENSIONS:
            ignored[ending or "without an ending"] += 1
        elif _is_text(name):
            ids.append(name)
        else:
            shown = os.fsencode(name).decode("utf-8", "backslashreplace")
            message = "the file name is not valid UTF-8; rename the file"
            failures.append(Failure(shown, shown, "load", "UnicodeError", message))
    return ids, failures, ignored


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _files(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Relative paths of the files below `folder`; `above` are the folders that led here."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        status = os.stat(folder)  # noqa: PTH116
    except OSError as error:
        raise DataError(f"Cannot list the folder {folder}: {error.strerror}.") from error
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    for entry in found:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir():
            yield from _files(entry.path, f"{prefix}{entry.name}/", (*above, here))
        else:
            yield prefix + entry.name
