"""Principal component analysis that also works on a collection smaller than n_components."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import decomposition

from clusterlab.errors import ComponentError, ConfigError


class PCA:
    """scikit-learn's PCA, except that it never asks for more components than there can be.

    scikit-learn refuses n_components above min(n, d), so the default of 50 would fail on a folder
    of 30 pictures. This one takes min(n, d) then, and says so in `notes_`.

    n_components: a whole number of components, or a share of the variance in (0, 1): as few
    components as explain more than that. whiten: scale each component to unit variance.
    random_state: seed of the randomised solver, which scikit-learn picks for large data.

    >>> X = np.random.default_rng(0).normal(size=(8, 20)).astype(np.float32)
    >>> pca = PCA(n_components=50)
    >>> pca.fit_transform(X).shape
    (8, 8)
    >>> pca.notes_
    ['PCA kept 8 components, not 50: 8 images with 20 features allow no more.']
    """

    def __init__(
        self, *, n_components: float = 50, whiten: bool = False, random_state: int = 0
    ) -> None:
        if not (0 < n_components < 1 or (n_components >= 1 and n_components == int(n_components))):
            raise ConfigError(
                f"n_components={n_components} of the PCA is neither a whole number of components "
                "(50) nor a share of the variance between 0 and 1 (0.95)."
            )
        self.n_components = n_components
        self.whiten = whiten
        self.random_state = random_state

    def fit(self, X: np.ndarray, _y: Any = None) -> PCA:
        """X: (n, d)."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: np.ndarray, _y: Any = None) -> np.ndarray:
        """X: (n, d). Returns (n, r). Raises ComponentError for fewer than 2 images."""
        n, d = X.shape
        if n < 2:
            raise ComponentError(f"PCA needs at least 2 images, not {n}. Use reducer=none.")
        self.notes_: list[str] = []
        kept = self.n_components
        if kept >= 1:
            kept = min(int(kept), n, d)
            if kept < self.n_components:
                self.notes_.append(
                    f"PCA kept {kept} components, not {int(self.n_components)}: {n} images with "
                    f"{d} features allow no more."
                )
        self._pca = decomposition.PCA(
            n_components=kept, whiten=self.whiten, random_state=self.random_state
        )
        reduced: np.ndarray = self._pca.fit_transform(X)
        self.explained_variance_ratio_: np.ndarray = self._pca.explained_variance_ratio_
        self.explained_variance_: np.ndarray = self._pca.explained_variance_
        self.components_: np.ndarray = self._pca.components_
        self.mean_: np.ndarray = self._pca.mean_
        return reduced

    def transform(self, X: np.ndarray) -> np.ndarray:
        """X: (m, d). Returns (m, r): new images in the fitted space."""
        reduced: np.ndarray = self._pca.transform(X)
        return reduced
