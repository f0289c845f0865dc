"""Calls any scikit-learn-compatible estimator, and answers for what it does."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from clusterlab.errors import ClusterlabError, ComponentError

# A sum over two threads is the same in either order, over three it is not: with more, t-SNE and
# the centres of k-means differ in their last digits from run to run.
_THREADS = 2


def steps(estimator: Any) -> list[Any]:
    """The steps of a scikit-learn Pipeline, or the estimator itself."""
    return [step for _, step in getattr(estimator, "steps", [("", estimator)])]


def name_of(estimator: Any) -> str:
    """The class, or the classes of a Pipeline's steps.

    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import Normalizer, StandardScaler
    >>> name_of(make_pipeline(StandardScaler(), Normalizer()))
    'StandardScaler + Normalizer'
    """
    return " + ".join(type(step).__name__ for step in steps(estimator))


def call(
    role: str, estimator: Any, method: Callable[[np.ndarray], Any], X: np.ndarray
) -> tuple[Any, tuple[str, ...]]:
    """What `method` makes of a copy of X, with notes for the reader of the report.

    role: what the estimator is to the user ("Reducer"). The notes are what it decided by itself
    (its `notes_`, and those of each step of a Pipeline) and its UserWarnings; other warnings are
    passed on. Raises ComponentError where it fails, with its own error chained.
    """
    with (
        warnings.catch_warnings(record=True) as caught,
        threadpool_limits(limits=_THREADS, user_api="openmp"),
    ):
        warnings.simplefilter("default")
        try:
            result = method(X.copy())
        except ClusterlabError:
            raise
        except Exception as error:
            raise ComponentError(
                f"{role} {name_of(estimator)} failed on {X.shape[0]} x {X.shape[1]} features: "
                f"{type(error).__name__}: {error}"
            ) from error
    decided = [note for step in steps(estimator) for note in getattr(step, "notes_", ())]
    warned = []
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            warned.append(f"{name_of(estimator)} warned: {warning.message}")
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return result, (*decided, *dict.fromkeys(warned))


def all_rows_equal(X: np.ndarray) -> bool:
    """Whether there is nothing to tell the images apart by.

    >>> all_rows_equal(np.ones((3, 2)))
    True
    """
    return len(X) > 1 and not np.ptp(X, axis=0).any()
