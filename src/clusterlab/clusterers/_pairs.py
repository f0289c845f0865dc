"""All pairs of rows within a distance, a block at a time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from sklearn.neighbors import KDTree

# Above this many dimensions a tree visits nearly every row; the same bound as in scikit-learn.
_TREE_DIMENSIONS = 15
_BLOCK_ELEMENTS = 2_000_000
_MIN_ROWS = 64


def pairs_within(X: np.ndarray, radius: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (rows, columns), int arrays of equal length with row < column, until each pair of
    rows at a Euclidean distance <= radius has come once.

    X: (n, d) float32. Distances count as in float64. Memory grows with n, not n².

    >>> [(rows.tolist(), columns.tolist()) for rows, columns in pairs_within(
    ...     np.float32([[0], [1], [3]]), 1.0)]
    [([0], [1])]
    """
    return _by_tree(X, radius) if X.shape[1] <= _TREE_DIMENSIONS else _by_products(X, radius)


def _by_tree(X: np.ndarray, radius: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    tree = KDTree(X)
    step = max(_MIN_ROWS, _BLOCK_ELEMENTS // len(X))
    for start in range(0, len(X), step):
        found = tree.query_radius(X[start : start + step], radius)
        rows = np.repeat(np.arange(start, start + len(found)), [len(row) for row in found])
        columns = np.concatenate(found)
        once = rows < columns
        yield rows[once], columns[once]


def _by_products(X: np.ndarray, radius: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """|a - b|² = |a|² + |b|² - 2ab by float32 matrix products, which are twice as fast as float64,
    and by float64 differences for the few pairs where rounding could decide."""
    centred = X - X.mean(axis=0)
    squares = np.einsum("ij,ij->i", centred, centred)
    # Rounding errors add up like a random walk over the d products; 4 is a margin.
    slack = 4 * float(np.finfo(np.float32).eps) * X.shape[1] ** 0.5
    low = (1 - slack) * squares
    ones = np.ones_like(low)
    left = np.column_stack([-2 * centred, low, ones])
    right = np.column_stack([centred, ones, low])
    # Square tiles: BLAS repacks both sides of each product, which costs most for a narrow strip.
    side = math.isqrt(_BLOCK_ELEMENTS)
    for top, start in itertools.combinations_with_replacement(range(0, len(X), side), 2):
        at_least = left[top : top + side] @ right[start : start + side].T
        rows, columns = np.nonzero(at_least <= (1 + slack) * radius**2)
        lower = at_least[rows, columns]
        rows, columns = rows + top, columns + start
        once = rows < columns
        rows, columns, lower = rows[once], columns[once], lower[once]
        upper = lower + 2 * slack * (squares[rows] + squares[columns])
        inside = upper < (1 - slack) * radius**2
        unsure = np.flatnonzero(~inside)
        inside[unsure] = _within(X, rows[unsure], columns[unsure], radius)
        yield rows[inside], columns[inside]


def _within(X: np.ndarray, rows: np.ndarray, columns: np.ndarray, radius: float) -> np.ndarray:
    inside = np.empty(len(rows), dtype=bool)
    step = max(1, _BLOCK_ELEMENTS // X.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        difference = X[rows[part]].astype(np.float64) - X[columns[part]]
        inside[part] = np.einsum("ij,ij->i", difference, difference) <= radius**2
    return inside
