"""Real pictures to try a model on, which come with scikit-learn."""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def photographs() -> tuple[np.ndarray, ...]:
    """Eight square crops of scikit-learn's two photographs, (h, w, 3) uint8 each."""
    from sklearn.datasets import load_sample_images

    crops = []
    for image in load_sample_images().images:
        for top, left, side in ((0, 0, 400), (0, 240, 200), (200, 0, 220), (120, 300, 280)):
            crops.append(np.ascontiguousarray(image[top : top + side, left : left + side]))
    return tuple(crops)
