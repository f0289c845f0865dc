"""Keeps what C libraries print out of the terminal.

libtiff and libjpeg write a line for every oddity of an image straight to file descriptor 2: a
hundred lines for one damaged TIFF, between the lines of the progress. They belong in run.log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STDERR = 2


@contextmanager
def own_stderr() -> Iterator[None]:
    """Gives Python's stderr a descriptor of its own, so that descriptor 2 is the C libraries'."""
    shared = sys.stderr
    with os.fdopen(os.dup(_STDERR), "w", buffering=1, errors="backslashreplace") as own:
        sys.stderr = own
        try:
            yield
        finally:
            sys.stderr = shared


@contextmanager
def native_output_to(path: Path) -> Iterator[None]:
    """Appends what C libraries print to a file, where Python's stderr has its own descriptor."""
    if _python_shares_it():
        yield
        return
    terminal = os.dup(_STDERR)
    with path.open("ab") as file:
        os.dup2(file.fileno(), _STDERR)
    try:
        yield
    finally:
        os.dup2(terminal, _STDERR)
        os.close(terminal)


def _python_shares_it() -> bool:
    try:
        return sys.stderr.fileno() == _STDERR
    except (AttributeError, OSError, ValueError):
        # No stderr at all, or one that is no file (a notebook's, a test's).
        return True
