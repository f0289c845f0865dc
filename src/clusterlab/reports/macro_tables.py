"""The tables of the hierarchy of the classes, and of a PCA."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from clusterlab.macro import MacroCategories
from clusterlab.outcome import Outcome
from clusterlab.reports.seen import labelled
from clusterlab.reports.synthetic import with_column_tags


def macro_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table, of those that the run has.

    macro: label (the column of macro-categories), class, macro, n_images (of the class, in the
    whole collection). macro_cuts: share, height, n_macro. explained_variance: component, share,
    cumulative.
    """
    found: dict[str, pd.DataFrame] = {}
    macro = outcome.macro
    if macro is not None and macro.classes:
        found["macro"] = with_column_tags(_members(macro, class_counts(outcome)), outcome)
        found["macro_cuts"] = macro.cuts
    if outcome.explained_variance is not None and len(outcome.explained_variance):
        found["explained_variance"] = _variance(outcome.explained_variance)
    return found


def class_counts(outcome: Outcome) -> Counter[str]:
    """Class -> images, of the column whose classes were joined; also those not clustered."""
    assert outcome.macro is not None
    cells = labelled(outcome).labels[outcome.macro.column]
    return Counter(cell for cell in cells.tolist() if cell is not None)


def _members(macro: MacroCategories, counts: Counter[str]) -> pd.DataFrame:
    rows = [
        (label, class_, group_of[class_], counts[class_])
        for label, group_of in macro.columns.items()
        for class_ in sorted(group_of, key=lambda name: (int(group_of[name]), name))
    ]
    return pd.DataFrame(rows, columns=["label", "class", "macro", "n_images"])


def _variance(explained: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "component": np.arange(1, len(explained) + 1),
            "share": explained,
            "cumulative": np.minimum(np.cumsum(explained), 1.0),
        }
    )
