"""A mixture of Gaussians, in float64."""

from __future__ import annotations

import numpy as np
from sklearn.mixture import GaussianMixture


class GMM:
    """scikit-learn's GaussianMixture, fitted in float64.

    Features are float32, in which full covariances of real features are soon not positive
    definite: 50 principal components of the 1,797 scanned digits already fail.

    n_components: clusters. covariance_type: "full", "tied", "diag" or "spherical"; full has
    d² / 2 parameters a cluster, and needs many more images than that. reg_covar: added to each
    variance. n_init: starts, of which the likeliest is kept. random_state: seed.
    """

    def __init__(
        self,
        *,
        n_components: int = 10,
        covariance_type: str = "diag",
        reg_covar: float = 1e-6,
        n_init: int = 1,
        max_iter: int = 100,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.reg_covar = reg_covar
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state

    def fit_predict(self, X: np.ndarray) -> np.ndarray:
        """X: (n, r). Returns (n,) int: the component of the largest posterior."""
        # What was set last counts, as in scikit-learn: a seed may be changed between two fits.
        self._mixture = GaussianMixture(
            self.n_components,
            covariance_type=self.covariance_type,
            reg_covar=self.reg_covar,
            n_init=self.n_init,
            max_iter=self.max_iter,
            random_state=self.random_state,
        )
        labels: np.ndarray = self._mixture.fit_predict(X.astype(np.float64))
        return labels

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """X: (m, r). Returns (m, n_components) posteriors; rows sum to 1."""
        posterior: np.ndarray = self._mixture.predict_proba(X.astype(np.float64))
        return posterior
