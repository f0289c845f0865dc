"""The tables of what lies beside what."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterlab.neighbourhood import Neighbourhood
from clusterlab.outcome import Outcome
from clusterlab.reports.synthetic import with_column_tags


def neighbour_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table (neighbours, label_issues, class_neighbours), of those that the run has: the
    last two where a label column could be looked at."""
    found = outcome.evaluation.neighbourhood
    if found is None:
        return {}
    tables = {"neighbours": _neighbours(outcome.collection.ids, found)}
    if len(found.columns):
        tables["label_issues"] = with_column_tags(found.issues, outcome)
        tables["class_neighbours"] = with_column_tags(found.pairs, outcome)
    return tables


def _neighbours(ids: tuple[str, ...], found: Neighbourhood) -> pd.DataFrame:
    """id, rank (1 = nearest), neighbour, distance."""
    names = np.array(ids, dtype=object)
    n, k = found.indices.shape
    return pd.DataFrame(
        {
            "id": np.repeat(names, k),
            "rank": np.tile(np.arange(1, k + 1), n),
            "neighbour": names[found.indices.ravel()],
            "distance": found.distances.ravel(),
        }
    )
