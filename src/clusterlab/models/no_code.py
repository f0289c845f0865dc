"""Keeps the code that a model's folder may hold from running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from transformers import dynamic_module_utils

_lock = threading.RLock()


@contextmanager
def no_code() -> Iterator[None]:
    """Within it transformers refuses code instead of asking at the terminal whether to run it.

    Beside trust_remote_code=False, which does not reach everything: the parts of a processor that
    is known by its model's type alone are loaded without it.
    """
    with _lock:
        before = dynamic_module_utils.TIME_OUT_REMOTE_CODE
        dynamic_module_utils.TIME_OUT_REMOTE_CODE = 0
        try:
            yield
        finally:
            dynamic_module_utils.TIME_OUT_REMOTE_CODE = before


def reason(error: Exception) -> str:
    """What a library said that could not load a model, as a clause."""
    if "trust_remote_code" in str(error):
        return "it needs Python code that lies in its folder, and clusterlab runs no such code"
    return " ".join(str(error).split())[:200].rstrip(".")
