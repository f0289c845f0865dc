"""DBSCAN in flat memory, with an eps that it can read from the data."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors

from clusterlab.clusterers._pairs import pairs_within
from clusterlab.errors import ComponentError, ConfigError
from clusterlab.types import NOISE

# The knee is itself a distance between two rows: a hair more, so that rounding does not decide
# whether they are within reach of each other.
_HAIR = 1e-5


class DBSCAN:
    """Clusters are what dense points reach in steps of at most eps; the rest is noise.

    Gives the labels of scikit-learn's DBSCAN with the Euclidean metric on float64. Wrapped because
    scikit-learn holds every pair of neighbours at once, which can be n² of them, and because one
    eps does not fit the scale of every extractor.

    eps: the reach, in the unit of the features, or "auto": the knee of the k-distance curve (see
    `k_distance_knee`). min_samples: images within eps, the image itself included, that make it a
    core point. After fitting: `eps_` is the reach used, `labels_` (n,) int, -1 = noise,
    `core_sample_indices_` the core points, and `notes_` tells how "auto" chose.
    Ester, Kriegel, Sander & Xu 1996.

    >>> X = np.array([[0], [1], [2], [20], [21], [22], [90]], dtype=np.float32)
    >>> DBSCAN(eps=1.5, min_samples=2).fit_predict(X)
    array([ 0,  0,  0,  1,  1,  1, -1])
    """

    def __init__(self, *, eps: float | str = "auto", min_samples: int = 10) -> None:
        if eps != "auto" and (isinstance(eps, str) or eps <= 0):
            raise ConfigError(f"eps={eps} of DBSCAN is neither a number above 0 nor 'auto'.")
        if min_samples < 1:
            raise ConfigError(f"min_samples={min_samples} of DBSCAN must be at least 1.")
        self.eps = eps
        self.min_samples = min_samples

    def fit_predict(self, X: np.ndarray) -> np.ndarray:
        """X: (n, r) float32. Returns (n,) int64, -1 = noise; clusters in the order of their first
        core point. Raises ComponentError if eps is "auto" and the curve has no knee."""
        self.notes_: list[str] = []
        if isinstance(self.eps, str):
            self.eps_ = k_distance_knee(X, k=self.min_samples)
            self.notes_.append(
                f"DBSCAN chose eps={self.eps_:.4g}, the knee of the distances to neighbour "
                f"{self.min_samples - 1}."
            )
        else:
            self.eps_ = float(self.eps)
        core = _neighbour_counts(X, self.eps_) >= self.min_samples
        self.core_sample_indices_ = np.flatnonzero(core)
        self.labels_ = _labels(X, self.eps_, core)
        return self.labels_


def k_distance_knee(X: np.ndarray, *, k: int) -> float:
    """The distance at the knee of the k-distance curve of X, in the unit of X.

    The curve holds each row's distance to the k-th nearest row, itself counted, in ascending
    order. With both axes scaled to [0, 1], its knee is the point farthest below the chord from
    the first to the last point: up to there the rows lie in dense regions, beyond it the distances
    shoot up. Satopaa et al. 2011 (the offline case, without smoothing).
    X: (n, r). Raises ComponentError if k > n or the curve has no point below its chord.
    """
    n = len(X)
    if not 2 <= k <= n:
        raise ComponentError(
            f"eps=auto needs min_samples between 2 and the number of images, {n}, not {k}: set "
            "clusterer.min_samples, or clusterer.eps to a number."
        )
    curve = np.sort(NearestNeighbors(n_neighbors=k).fit(X).kneighbors(X)[0][:, -1])
    height = curve[-1] - curve[0]
    if height > 0:
        below_chord = np.linspace(0, 1, n) - (curve - curve[0]) / height
        knee = int(below_chord.argmax())
        if below_chord[knee] > 0 and curve[knee] > 0:
            return float(curve[knee]) * (1 + _HAIR)
    raise ComponentError(
        f"The {n} distances to neighbour {k - 1} have no knee (they go from {curve[0]:.4g} to "
        f"{curve[-1]:.4g}), so eps=auto has nothing to choose by: set clusterer.eps to a number."
    )


def _neighbour_counts(X: np.ndarray, eps: float) -> np.ndarray:
    counts = np.ones(len(X), dtype=np.int64)
    for rows, columns in pairs_within(X, eps):
        counts += np.bincount(rows, minlength=len(X)) + np.bincount(columns, minlength=len(X))
    return counts


def _labels(X: np.ndarray, eps: float, core: np.ndarray) -> np.ndarray:
    n = len(X)
    group = np.arange(n)
    reached: list[tuple[np.ndarray, np.ndarray]] = []
    for rows, columns in pairs_within(X, eps):
        group = _merge(group, rows, columns, core)
        # At most (min_samples - 1) a border point, so these may be kept.
        for border, by in ((rows, columns), (columns, rows)):
            edge = core[by] & ~core[border]
            reached.append((border[edge], by[edge]))
    labels = np.full(n, NOISE, dtype=np.int64)
    labels[core] = _numbered(group[core])
    border, by = (np.concatenate(part) for part in zip(*reached, strict=True))
    # A border point that several clusters reach goes to the first of them.
    first = np.full(n, n, dtype=np.int64)
    np.minimum.at(first, border, labels[by])
    return np.where(first < n, first, labels)


def _merge(
    group: np.ndarray, rows: np.ndarray, columns: np.ndarray, core: np.ndarray
) -> np.ndarray:
    one, other = group[rows], group[columns]
    link = core[rows] & core[columns] & (one != other)
    if not link.any():
        return group
    n = len(group)
    edges = coo_matrix((np.ones(int(link.sum()), bool), (one[link], other[link])), shape=(n, n))
    component: np.ndarray = connected_components(edges, directed=False)[1]
    return np.take(component, group)


def _numbered(groups: np.ndarray) -> np.ndarray:
    """Groups renumbered 0, 1, ... in the order in which they first appear."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]
