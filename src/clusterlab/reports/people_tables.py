"""The tables of how far people agree."""

from __future__ import annotations

import pandas as pd

from clusterlab.outcome import Outcome


def people_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table (annotators), of those that the run has."""
    return {}
