"""Centroids and the distances to them, in blocks: memory does not grow with the images."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from clusterlab.errors import DataError

_BLOCK = 4096


def centroids(X: np.ndarray, codes: np.ndarray, k: int) -> np.ndarray:
    """X: (n, d). codes: (n,) int in 0..k-1, each used. Returns (k, d) float64 means."""
    sums = np.zeros((k, X.shape[1]))
    for start in range(0, len(X), _BLOCK):
        block = X[start : start + _BLOCK].astype(np.float64)
        rows = codes[start : start + _BLOCK]
        members = sparse.csr_matrix(
            (np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(k, len(rows))
        )
        sums += members @ block
    return sums / np.bincount(codes, minlength=k)[:, np.newaxis]


def squared_distances(X: np.ndarray, codes: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """(n,) float64 squared distance of each row of X to the center of its own code."""
    out = np.empty(len(X))
    for start in range(0, len(X), _BLOCK):
        rows = slice(start, start + _BLOCK)
        away = X[rows] - centers[codes[rows]]
        out[rows] = np.einsum("ij,ij->i", away, away)
    return out


def why_undefined(X: np.ndarray, labels: np.ndarray) -> str:
    """Why no internal metric is defined for these clusters, or '' where each is.

    X: (n, d). labels: (n,) int.
    """
    if len(X) != len(labels):
        raise DataError(f"{len(X)} vectors cannot be scored with {len(labels)} cluster labels.")
    k = len(np.unique(labels))
    if k < 2:
        return "for one cluster" if k else "without images"
    if k == len(labels):
        return "where each image is its own cluster"
    if all(np.array_equal(row, X[0]) for row in (X.min(axis=0), X.max(axis=0))):
        return "where all vectors are equal"
    return ""


def check(X: np.ndarray, labels: np.ndarray, metric: str) -> None:
    """Raises DataError where the metric is undefined, with the reason."""
    reason = why_undefined(X, labels)
    if reason:
        raise DataError(f"{metric} is undefined {reason}.")
