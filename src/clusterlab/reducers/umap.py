"""UMAP on exact neighbours."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from clusterlab.errors import ComponentError
from clusterlab.reducers._neighbours import METRICS, exact_neighbours


class UMAP:
    """umap-learn's UMAP, fed with exact neighbours.

    umap-learn looks for approximate neighbours from 4,096 rows on, and compiles that search in
    every process, which costs more than the layout itself. faiss finds the exact ones in a
    fraction of the time. It also fails on collections that are small against n_neighbors or
    n_components; this one adapts and says so in `notes_`.

    n_components: dimensions of the layout. n_neighbors: size of the neighbourhood, the image
    itself included; more shows more of the global shape. min_dist: how close points may lie, in
    [0, spread]; 0 is best for clustering. metric: for euclidean, cosine and correlation the
    neighbours are exact; any other metric of umap-learn uses its own search. n_epochs: None lets
    umap-learn choose by the number of images. random_state: the same seed gives the same bytes,
    at the price of one thread. McInnes, Healy & Melville 2018.
    """

    def __init__(
        self,
        *,
        n_components: int = 2,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        spread: float = 1.0,
        metric: str = "euclidean",
        n_epochs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.min_dist = min_dist
        self.spread = spread
        self.metric = metric
        self.n_epochs = n_epochs
        self.random_state = random_state

    def fit(self, X: np.ndarray, _y: Any = None) -> UMAP:
        """X: (n, d) float32."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: np.ndarray, _y: Any = None) -> np.ndarray:
        """X: (n, d) float32. Returns (n, n_components) float32.

        Raises ComponentError for fewer than 3 images.
        """
        # Imported when needed: it takes a second, which a run from the store need not pay.
        import umap

        n = len(X)
        if n < 3:
            raise ComponentError(f"UMAP needs at least 3 images, not {n}. Use pca or none.")
        self.notes_: list[str] = []
        n_neighbors = self._n_neighbors(n)
        layout = umap.UMAP(
            n_components=self.n_components,
            n_neighbors=n_neighbors,
            min_dist=self.min_dist,
            spread=self.spread,
            metric=self.metric,
            n_epochs=self.n_epochs,
            init=self._init(n),
            random_state=self.random_state,
            # A seed means one thread; asking for it keeps umap-learn from warning about it.
            n_jobs=1,
        )
        if self.metric in METRICS:
            layout.precomputed_knn = exact_neighbours(
                X, n_neighbors=n_neighbors, metric=self.metric
            )
        with warnings.catch_warnings():
            # It says that new points cannot be placed, which nobody asked of it.
            warnings.filterwarnings("ignore", message=r"precomputed_knn\[2\]")
            embedding: np.ndarray = layout.fit_transform(X)
        return embedding

    def _n_neighbors(self, n: int) -> int:
        if self.n_neighbors < n:
            return self.n_neighbors
        self.notes_.append(
            f"UMAP looked at {n - 1} neighbours, not {self.n_neighbors}: there are {n} images."
        )
        return n - 1

    def _init(self, n: int) -> str:
        # The spectral start takes n_components + 1 eigenvectors of an n x n matrix by a solver
        # that needs n to be larger.
        if n > self.n_components + 1:
            return "spectral"
        self.notes_.append(
            f"UMAP started from random positions: {n} images are too few for a spectral start in "
            f"{self.n_components} dimensions."
        )
        return "random"
