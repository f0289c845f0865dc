"""Each image's vector to length 1, then each feature by a scaler that an argument names."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

from clusterlab.errors import ConfigError, closest

_SCALERS = {
    "none": FunctionTransformer,
    "standard": StandardScaler,
    "minmax": MinMaxScaler,
    "robust": RobustScaler,
    "maxabs": MaxAbsScaler,
}
_NORMS = ("l1", "l2", "max", None)


class Scale:
    """scikit-learn's Normalizer, then one of its scalers by name.

    A search tries arguments, not classes; here the scaler is an argument.

    norm: "l1", "l2" or "max" of each image's vector becomes 1; None leaves it.
    scaler: of each feature over the images: "none", "standard" (mean 0, variance 1), "minmax"
    (into [0, 1]), "robust" (median 0, interquartile range 1) or "maxabs" (largest magnitude 1).
    Raises ConfigError for another norm or scaler.

    >>> Scale(scaler="maxabs").fit_transform(np.array([[3, 4], [0, 2]])).tolist()
    [[1.0, 0.8], [0.0, 1.0]]
    """

    def __init__(self, *, norm: str | None = "l2", scaler: str = "none") -> None:
        if norm not in _NORMS:
            raise ConfigError(f"Unknown norm {norm!r} of the scaling. Use l1, l2, max or null.")
        if scaler not in _SCALERS:
            raise ConfigError(
                f"Unknown scaler '{scaler}'.{closest(str(scaler), _SCALERS)} "
                f"Use one of {', '.join(_SCALERS)}."
            )
        self.norm = norm
        self.scaler = scaler

    def fit(self, X: np.ndarray, _y: Any = None) -> Scale:
        """X: (n, d)."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: np.ndarray, _y: Any = None) -> np.ndarray:
        """X: (n, d). Returns (n, d)."""
        norm = FunctionTransformer() if self.norm is None else Normalizer(norm=self.norm)
        self._chain = make_pipeline(norm, _SCALERS[self.scaler]())
        return np.asarray(self._chain.fit_transform(X))

    def transform(self, X: np.ndarray) -> np.ndarray:
        """X: (m, d), scaled as those that were fitted. Returns (m, d)."""
        return np.asarray(self._chain.transform(X))
