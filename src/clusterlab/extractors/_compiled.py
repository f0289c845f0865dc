"""Compiling the inner loops that no library offers fast enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiles a loop to machine code that runs without the interpreter lock.

    The machine code is kept on disk for the next process: beside the source file, or in the
    user's cache folder where that is read-only. Where neither can be written numba refuses at
    import, so the function is then compiled once a process (1 to 2 seconds) instead of not at all.

    Floating-point operations keep their order (no fast math): the same input gives the same bits.
    """
    try:
        return cast(Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:
        return cast(Function, numba.njit(nogil=True)(function))
