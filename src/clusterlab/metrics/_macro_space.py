"""The space in which classes are compared: learned from the images that they are compared by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Space:
    """values: (n, r) float64. told: the space in words. notes: what was decided by itself."""

    values: np.ndarray
    told: str
    notes: tuple[str, ...] = ()


def space_of(values: np.ndarray, n_components: int | None, *, random_state: int) -> Space:
    """Standardised features and their first principal components, both learned from these images
    alone.

    values: (n, d). n_components: at most min(n, d) of them are kept; None keeps the features as
    they are.

    >>> space_of(np.eye(4), None, random_state=0).told
    'the 4 features as they are'
    """
    X = np.asarray(values, dtype=np.float64)
    n, d = X.shape
    if n_components is None:
        return Space(X, f"the {d:,} features as they are")
    kept = min(n_components, n, d)
    notes = (
        (
            f"The space of the macro-categories has {kept:,} principal components, not "
            f"{n_components:,}: {n:,} images with {d:,} features allow no more.",
        )
        if kept < n_components
        else ()
    )
    standard = StandardScaler().fit_transform(X)
    pca = PCA(n_components=kept, random_state=random_state)
    reduced = pca.fit_transform(standard)
    share = min(1.0, float(np.nansum(pca.explained_variance_ratio_)))
    told = f"{kept:,} principal components of the standardised features ({share:.0%} of their "
    told += "variance), both learned from these images alone"
    return Space(reduced, told, notes)
