"""Runs any scikit-learn-compatible reducer, and answers for what it returns."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from clusterlab.errors import ClusterlabError, ComponentError
from clusterlab.types import Reducer

# A sum over two threads is the same in either order, over three it is not: with more, t-SNE gives
# other bytes in each run.
_THREADS = 2


def reduce(reducer: Reducer, X: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Fits the reducer on the features and returns the reduced features with its notes.

    X: (n, d) float32, finite; left unchanged. Returns (n, r) float32, finite, and sentences for
    the reader of the report: what the reducer decided by itself (its `notes_`, and those of each
    step of a scikit-learn Pipeline) and the warnings it gave.
    Raises ComponentError if all rows are equal, if the reducer fails (its own error is chained),
    or if it returns another shape, NaN or infinity.

    >>> from sklearn.preprocessing import Normalizer
    >>> reduce(Normalizer(), np.array([[3, 4], [0, 2]], dtype=np.float32))
    (array([[0.6, 0.8],
           [0. , 1. ]], dtype=float32), ())
    """
    if len(X) > 1 and not np.ptp(X, axis=0).any():
        raise ComponentError(
            f"The features of all {len(X)} images are equal, so there is nothing to reduce or "
            "cluster. Check that the images differ, or choose another extractor."
        )
    values, warned = _fit_transform(reducer, X)
    return _checked(values, reducer, len(X)), (*notes(reducer), *warned)


def notes(reducer: Any) -> tuple[str, ...]:
    """What a fitted reducer, or the steps of a fitted Pipeline, decided by themselves."""
    return tuple(note for step in _steps(reducer) for note in getattr(step, "notes_", ()))


def _steps(reducer: Any) -> list[Any]:
    return [step for _, step in getattr(reducer, "steps", [("", reducer)])]


def _name(reducer: Any) -> str:
    return " + ".join(type(step).__name__ for step in _steps(reducer))


def _fit_transform(reducer: Reducer, X: np.ndarray) -> tuple[Any, list[str]]:
    with (
        warnings.catch_warnings(record=True) as caught,
        threadpool_limits(limits=_THREADS, user_api="openmp"),
    ):
        warnings.simplefilter("default")
        try:
            values = reducer.fit_transform(X.copy())
        except ClusterlabError:
            raise
        except Exception as error:
            raise ComponentError(
                f"Reducer {_name(reducer)} failed on {X.shape[0]} x {X.shape[1]} features: "
                f"{type(error).__name__}: {error}"
            ) from error
    messages = []
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            messages.append(f"{_name(reducer)} warned: {warning.message}")
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return values, list(dict.fromkeys(messages))


def _checked(values: Any, reducer: Reducer, n: int) -> np.ndarray:
    try:
        # A float64 beyond the range of float32 becomes infinite here, and is reported below.
        with np.errstate(over="ignore"):
            reduced = np.ascontiguousarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ComponentError(
            f"Reducer {_name(reducer)} returned {type(values).__name__}, not numbers."
        ) from error
    if reduced.ndim != 2 or len(reduced) != n or reduced.shape[1] == 0:
        raise ComponentError(
            f"Reducer {_name(reducer)} returned values of shape {np.shape(values)}; "
            f"expected ({n}, r), one row an image."
        )
    wrong = int((~np.isfinite(reduced).all(axis=1)).sum())
    if wrong:
        raise ComponentError(
            f"Reducer {_name(reducer)} returned NaN or infinity in {wrong} of {n} rows. "
            "Check its settings, or choose another reducer."
        )
    return reduced
