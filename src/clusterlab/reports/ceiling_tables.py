"""The tables of how well the labels can be learned."""

from __future__ import annotations

import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.marks import COLUMN
from clusterlab.reports.synthetic import with_column_tags


def ceiling_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table (ceiling, ceiling_classes), of those that the run has.

    `marks` is the last column, where a row has any.
    """
    found = outcome.evaluation.ceiling
    if found is None:
        return {}
    tables = {"ceiling": found.table, "ceiling_classes": found.classes}
    return {
        name: _without_empty_marks(with_column_tags(table, outcome))
        for name, table in tables.items()
    }


def _without_empty_marks(table: pd.DataFrame) -> pd.DataFrame:
    return table if table[COLUMN].astype(bool).any() else table.drop(columns=COLUMN)
