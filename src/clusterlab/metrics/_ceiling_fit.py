"""A logistic regression that learns label columns from features."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Learned:
    """predicted: as the labels that were learned, of all images. n_stopped: classifiers that had
    not converged after max_iter iterations."""

    predicted: np.ndarray
    n_stopped: int


def prepared(
    X: np.ndarray, basis: np.ndarray, *, n_components: int | None, random_state: int
) -> tuple[np.ndarray, int | None]:
    """Standardised values, and their principal components where those are asked for.

    X: (n, d). basis: (n,) bool, the images that the means, deviations and components are of.
    Returns (n, r) float64, and r where it is fewer than `n_components`, else None.
    """
    steps: list[object] = [StandardScaler()]
    kept = None
    if n_components is not None:
        most = min(n_components, int(basis.sum()), X.shape[1])
        kept = most if most < n_components else None
        steps.append(PCA(most, random_state=random_state))
    # In float32 the classifier may stop before it has converged.
    X = X.astype(np.float64)
    values: np.ndarray = make_pipeline(*steps).fit(X[basis]).transform(X)
    return values, kept


def learn_classes(
    model: LogisticRegression, X: np.ndarray, codes: np.ndarray, train: np.ndarray
) -> Learned:
    """One class an image. X: (n, r). codes: (n,) int. train: (n,) bool, with two classes at least.
    Predicts (n,) int."""
    with _convergence() as stopped:
        predicted = clone(model).fit(X[train], codes[train]).predict(X)
    return Learned(np.asarray(predicted, dtype=np.int64), len(stopped))


def learn_values(
    model: LogisticRegression, X: np.ndarray, has: np.ndarray, train: np.ndarray
) -> Learned:
    """Several values an image: a classifier a value (one against the rest); one that all or none
    of the training images have is predicted so. X: (n, r). has: (n, c) bool. Predicts (n, c)."""
    predicted = np.tile(has[train].any(axis=0), (len(has), 1))
    both = has[train].any(axis=0) & ~has[train].all(axis=0)
    with _convergence() as stopped:
        for at in np.flatnonzero(both):
            predicted[:, at] = clone(model).fit(X[train], has[train, at]).predict(X)
    return Learned(predicted, len(stopped))


@contextmanager
def _convergence() -> Iterator[list[str]]:
    """Collects the warnings that a classifier has not converged; others stay what they are."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        yield found
    for one in caught:
        if issubclass(one.category, ConvergenceWarning):
            found.append(str(one.message))
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
