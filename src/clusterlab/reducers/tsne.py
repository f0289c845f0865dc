"""t-SNE that also works on a collection smaller than its perplexity."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import manifold

from clusterlab.errors import ComponentError


class TSNE:
    """scikit-learn's t-SNE, except that a small collection is no error.

    scikit-learn refuses a perplexity of n or more, so the default of 30 would fail on a folder of
    30 pictures, and a PCA start where there are fewer features than dimensions. This one takes
    (n - 1) / 3, the largest perplexity that makes sense, or a random start, and says so in
    `notes_`.

    n_components: 2 or 3. perplexity: the effective number of neighbours. early_exaggeration: how
    tight clusters are kept at first. learning_rate: a number or "auto". max_iter: iterations.
    init: "pca" or "random". random_state: seed. van der Maaten & Hinton 2008.
    """

    def __init__(
        self,
        *,
        n_components: int = 2,
        perplexity: float = 30.0,
        early_exaggeration: float = 12.0,
        learning_rate: float | str = "auto",
        max_iter: int = 1000,
        metric: str = "euclidean",
        init: str = "pca",
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.perplexity = perplexity
        self.early_exaggeration = early_exaggeration
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.metric = metric
        self.init = init
        self.random_state = random_state

    def fit(self, X: np.ndarray, _y: Any = None) -> TSNE:
        """X: (n, d)."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: np.ndarray, _y: Any = None) -> np.ndarray:
        """X: (n, d). Returns (n, n_components) float32.

        Raises ComponentError for a single image.
        """
        n, d = X.shape
        if n < 2:
            raise ComponentError(f"t-SNE needs at least 2 images, not {n}. Use reducer=none.")
        self.notes_: list[str] = []
        layout = manifold.TSNE(
            n_components=self.n_components,
            perplexity=self._perplexity(n),
            early_exaggeration=self.early_exaggeration,
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            metric=self.metric,
            init=self._init(n, d),
            random_state=self.random_state,
        )
        embedding: np.ndarray = layout.fit_transform(X)
        return embedding

    def _perplexity(self, n: int) -> float:
        if self.perplexity < n:
            return self.perplexity
        possible = max(1.0, (n - 1) / 3)
        self.notes_.append(
            f"t-SNE used a perplexity of {possible:.3g}, not {self.perplexity:g}: there are only "
            f"{n} images."
        )
        return possible

    def _init(self, n: int, d: int) -> str:
        if self.init != "pca" or min(n, d) >= self.n_components:
            return self.init
        self.notes_.append(
            f"t-SNE started from random positions: {n} images with {d} features have no "
            f"{self.n_components} principal components."
        )
        return "random"
