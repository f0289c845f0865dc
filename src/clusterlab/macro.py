"""What passes between the stages about classes that are joined into macro-categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class MacroCategories:
    """A hierarchy of the classes of one label column, and label columns made by cutting it.

    column: whose classes were joined. classes: (c,) their names, sorted. centroids: (c, d) in the
        space that `told` describes. linkage: (c - 1, 4) as scipy has it.
    cut: the share of the greatest height at which a line is drawn. cuts: one row a cut: share (of
        the greatest height), height, n_macro.
    columns: new label column -> class -> macro-category ("label_macro5" -> {"duck": "3"}).
    built_on: ids of the images whose labels made it. circular: whether those are scored as well.
    told: of what and how it was made, in words. notes: what a reader must know first.

    With fewer than three classes there is nothing to join: all but column and notes is empty.
    """

    column: str
    classes: tuple[str, ...]
    centroids: np.ndarray
    linkage: np.ndarray
    cuts: pd.DataFrame
    columns: Mapping[str, Mapping[str, str]]
    built_on: frozenset[str]
    circular: bool
    told: str
    cut: float = 0.5
    notes: tuple[str, ...] = ()
