"""TriMap with a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from clusterlab.errors import ComponentError


class TriMap:
    """A layout from triplets (i is closer to j than to k), on the CPU.

    Wrapped because trimap.TRIMAP has no random_state, draws its triplets in several threads and
    compiles for 14 s at import. trimap's PyTorch version can be seeded, but returns tensors, picks
    a GPU where there is one, and its autograd gradient differs between two runs; this class uses
    its explicit gradient and its exact neighbour search.

    n_components: at least 2. n_inliers: near neighbours per image. n_outliers: far images per
    neighbour. n_random: random triplets per image. distance: euclidean, manhattan, cosine,
    hamming or chebyshev. lr: learning rate. n_iters: iterations. weight_temp: 0 keeps the weights
    as they are, larger gives more compact groups. apply_pca: to 100 dimensions first.
    random_state: seed. Time and memory grow with n * n_inliers * n_outliers. Amid & Warmuth 2019.
    """

    def __init__(
        self,
        *,
        n_components: int = 2,
        n_inliers: int = 12,
        n_outliers: int = 4,
        n_random: int = 3,
        distance: str = "euclidean",
        lr: float = 0.1,
        n_iters: int = 400,
        weight_temp: float = 0.5,
        apply_pca: bool = True,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.n_inliers = n_inliers
        self.n_outliers = n_outliers
        self.n_random = n_random
        self.distance = distance
        self.lr = lr
        self.n_iters = n_iters
        self.weight_temp = weight_temp
        self.apply_pca = apply_pca
        self.random_state = random_state

    def fit(self, X: np.ndarray, _y: Any = None) -> TriMap:
        """X: (n, d)."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: np.ndarray, _y: Any = None) -> np.ndarray:
        """X: (n, d). Returns (n, n_components) float32.

        Raises ComponentError for n_inliers + n_outliers images or fewer.
        """
        # Imported when needed: it brings PyTorch, which takes seconds to load.
        from trimap import TorchTRIMAP

        needed = self.n_inliers + self.n_outliers + 1
        if len(X) < needed:
            raise ComponentError(
                f"TriMap with n_inliers={self.n_inliers} and n_outliers={self.n_outliers} needs at "
                f"least {needed} images, not {len(X)}. Lower n_inliers or n_outliers."
            )
        layout = TorchTRIMAP(
            n_dims=self.n_components,
            n_inliers=self.n_inliers,
            n_outliers=self.n_outliers,
            n_random=self.n_random,
            distance=self.distance,
            lr=self.lr,
            n_iters=self.n_iters,
            weight_temp=self.weight_temp,
            apply_pca=self.apply_pca,
            gradient="explicit",
            knn_backend="torch",
            device="cpu",
            random_state=self.random_state,
        )
        embedding: np.ndarray = layout.fit_transform(X).numpy()
        return embedding
