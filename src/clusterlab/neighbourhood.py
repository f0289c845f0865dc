"""What passes between the stages about which images lie beside which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """The nearest neighbours of every image, and what they say about its labels.

    space: whose distances these are: "features", or "features at unit length", where only the
        direction of a vector counts. indices: (n, k) int rows of the neighbours, nearest first,
        never the image itself. distances: (n, k) float32, Euclidean.
    issues: labels that are probably wrong, the least likely first: label (the column), id, path,
        given, suggested, quality (cleanlab's normalized margin: how much more of its neighbours'
        votes the given label has than any other; in [0, 1], below 0.5 another has more),
        same_share (the share of the voting neighbours that carry the given label).
    pairs: classes that neighbour each other more than chance, the strongest first: label, one,
        other, links (neighbour pairs that join the two), expected (by chance), ratio, p_value
        (corrected for the number of pairs).
    columns: one row a label column that was looked at: label, n (the images that were judged),
        n_issues, n_voters (neighbours asked about an image, at most), same_share (the share of
        neighbours that carry the image's own label), chance (the same with the labels permuted).
    notes: what a reader must know first.
    """

    space: str
    indices: np.ndarray
    distances: np.ndarray
    issues: pd.DataFrame
    pairs: pd.DataFrame
    columns: pd.DataFrame
    notes: tuple[str, ...] = ()
