"""The tables of what lies beside what."""

from __future__ import annotations

import pandas as pd

from clusterlab.outcome import Outcome


def neighbour_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table (neighbours, label_issues, class_neighbours), of those that the run has."""
    return {}
