"""What passes between the stages about which images lie beside which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """The nearest neighbours of every image, and what they say about its labels.

    space: whose distances these are ("features"). indices: (n, k) int rows of the neighbours,
        nearest first, never the image itself. distances: (n, k) float32, Euclidean.
    issues: labels that are probably wrong, the least likely first: label (the column), id, path,
        given, suggested, quality (the probability that the given label gets from other images, in
        [0, 1], low is bad), same_share (the share of the neighbours that carry the given label).
    pairs: classes that neighbour each other more than chance, the strongest first: label, one,
        other, links (neighbour pairs that join the two), expected (by chance), ratio, p_value.
    notes: what a reader must know first.
    """

    space: str
    indices: np.ndarray
    distances: np.ndarray
    issues: pd.DataFrame
    pairs: pd.DataFrame
    notes: tuple[str, ...] = ()
