"""Runs any scikit-learn-compatible reducer, and answers for what it returns."""

from __future__ import annotations

from typing import Any

import numpy as np

from clusterlab.components import Reducer
from clusterlab.errors import ComponentError
from clusterlab.estimators import all_rows_equal, call, name_of


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
    if all_rows_equal(X):
        raise ComponentError(
            f"The features of all {len(X)} images are equal, so there is nothing to reduce or "
            "cluster. Check that the images differ, or choose another extractor."
        )
    values, notes = call("Reducer", reducer, reducer.fit_transform, X)
    return _checked(values, reducer, len(X)), notes


def _checked(values: Any, reducer: Reducer, n: int) -> np.ndarray:
    try:
        # A float64 beyond the range of float32 becomes infinite here, and is reported below.
        with np.errstate(over="ignore"):
            reduced = np.ascontiguousarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ComponentError(
            f"Reducer {name_of(reducer)} returned {type(values).__name__}, not numbers."
        ) from error
    if reduced.ndim != 2 or len(reduced) != n or reduced.shape[1] == 0:
        raise ComponentError(
            f"Reducer {name_of(reducer)} returned values of shape {np.shape(values)}; "
            f"expected ({n}, r), one row an image."
        )
    wrong = int((~np.isfinite(reduced).all(axis=1)).sum())
    if wrong:
        raise ComponentError(
            f"Reducer {name_of(reducer)} returned NaN or infinity in {wrong} of {n} rows. "
            "Check its settings, or choose another reducer."
        )
    return reduced
