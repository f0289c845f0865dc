"""The tables of the hierarchy of the classes, and of a PCA."""

from __future__ import annotations

import pandas as pd

from clusterlab.outcome import Outcome


def macro_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table (macro, macro_cuts, explained_variance), of those that the run has."""
    return {}
