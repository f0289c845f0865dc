"""The tables beside the scores: ceiling, macro-categories, neighbours, annotators."""

from __future__ import annotations

import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.ceiling_tables import ceiling_tables
from clusterlab.reports.macro_tables import macro_tables
from clusterlab.reports.neighbour_tables import neighbour_tables
from clusterlab.reports.people_tables import people_tables

TABLES = (
    "ceiling", "ceiling_classes", "macro", "macro_cuts", "explained_variance",
    "neighbours", "label_issues", "class_neighbours", "annotators",
)  # fmt: skip


def insight_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table, of those in TABLES that the run has."""
    return {
        **ceiling_tables(outcome),
        **macro_tables(outcome),
        **neighbour_tables(outcome),
        **people_tables(outcome),
    }
