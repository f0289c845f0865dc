"""The tables of how well the labels can be learned."""

from __future__ import annotations

import pandas as pd

from clusterlab.outcome import Outcome


def ceiling_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table (ceiling, ceiling_classes), of those that the run has."""
    return {}
