"""Runs any scikit-learn-compatible clusterer, and answers for what it returns."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from clusterlab.clusterers.strength import strength
from clusterlab.errors import ClusterlabError, ComponentError
from clusterlab.types import NOISE, Clustering

# A sum over two threads is the same in either order, over three it is not: with more, the centres
# of k-means differ in their last digits from run to run.
_THREADS = 2


def cluster(clusterer: Any, X: np.ndarray) -> tuple[Clustering, tuple[str, ...]]:
    """Fits the clusterer on the features and returns the clustering with its notes.

    clusterer: has `fit_predict`, or `fit` and then `labels_`; a scikit-learn Pipeline will do.
    X: (n, r) float32, finite; left unchanged. Returns the clustering, with strengths where the
    clusterer has any, and sentences for the reader of the report: what it decided by itself (its
    `notes_`) and the warnings it gave.
    Raises ComponentError if all rows are equal, if more clusters are asked for than there are
    images, if the clusterer fails (its own error is chained), or if it returns anything but one
    integer >= -1 an image.

    >>> from sklearn.cluster import KMeans
    >>> X = np.array([[0], [1], [8], [9]], dtype=np.float32)
    >>> clustering, notes = cluster(KMeans(n_clusters=2, random_state=0), X)
    >>> clustering.labels
    array([1, 1, 0, 0])
    """
    _check_input(clusterer, X)
    labels, warned = _fit_predict(clusterer, X)
    clustering = Clustering(_checked(labels, clusterer, len(X)), strength(clusterer, X))
    return clustering, (*notes(clusterer), *warned)


def notes(clusterer: Any) -> tuple[str, ...]:
    """What a fitted clusterer, or the steps of a fitted Pipeline, decided by themselves."""
    return tuple(note for step in _steps(clusterer) for note in getattr(step, "notes_", ()))


def _steps(clusterer: Any) -> list[Any]:
    return [step for _, step in getattr(clusterer, "steps", [("", clusterer)])]


def _name(clusterer: Any) -> str:
    return " + ".join(type(step).__name__ for step in _steps(clusterer))


def _check_input(clusterer: Any, X: np.ndarray) -> None:
    n = len(X)
    for key in ("n_clusters", "n_components"):
        k = getattr(_steps(clusterer)[-1], key, None)
        if isinstance(k, int) and k > n:
            raise ComponentError(
                f"{key}={k}, but there are only {n} images: set clusterer.{key}={n} or less."
            )
    if n > 1 and not np.ptp(X, axis=0).any():
        raise ComponentError(
            f"All {n} rows that {_name(clusterer)} was given are equal, so there is nothing to "
            "cluster. Check the extractor and the reducer."
        )


def _fit_predict(clusterer: Any, X: np.ndarray) -> tuple[Any, list[str]]:
    with (
        warnings.catch_warnings(record=True) as caught,
        threadpool_limits(limits=_THREADS, user_api="openmp"),
    ):
        warnings.simplefilter("default")
        try:
            if hasattr(clusterer, "fit_predict"):
                labels = clusterer.fit_predict(X.copy())
            else:
                clusterer.fit(X.copy())
                labels = clusterer.labels_
        except ClusterlabError:
            raise
        except Exception as error:
            raise ComponentError(
                f"Clusterer {_name(clusterer)} failed on {X.shape[0]} x {X.shape[1]} features: "
                f"{type(error).__name__}: {error}"
            ) from error
    messages = []
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            messages.append(f"{_name(clusterer)} warned: {warning.message}")
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return labels, list(dict.fromkeys(messages))


def _checked(labels: Any, clusterer: Any, n: int) -> np.ndarray:
    found = np.asarray(labels)
    if found.shape != (n,):
        raise ComponentError(
            f"Clusterer {_name(clusterer)} returned labels of shape {found.shape}; "
            f"expected ({n},), one an image."
        )
    if not np.issubdtype(found.dtype, np.integer):
        raise ComponentError(
            f"Clusterer {_name(clusterer)} returned {found.dtype} labels, such as {found[0]!r}; "
            "expected integers, -1 for noise."
        )
    found = found.astype(np.int64)
    if found.min() < NOISE:
        raise ComponentError(
            f"Clusterer {_name(clusterer)} returned the label {found.min()}; "
            "expected -1 for noise, and 0 or more for a cluster."
        )
    return found
