"""trials.csv: every trial of a search in one row."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.reports.marks import with_marks
from clusterlab.reports.page.text import compact
from clusterlab.reports.search.trials import best_trials, parameters, penalties
from clusterlab.searching import Search, Trial


def trials_table(search: Search) -> pd.DataFrame:
    """One row a trial, in the order tried.

    number; best: its rank among the best trials, or empty. Per objective "value_<name>", what the
    sampler was told, and "raw_<name>", what was measured, empty where nothing could be; penalty_*:
    how much worse each made every value. n_clusters; noise_share and coverage, which add up to 1;
    all three empty where no clustering was made; seconds; space: the digest of the scored space;
    bad: why there is no score. Then the parameters by their names, empty where a trial does not
    set one, and "hindsight_<metric>/<column>".
    """
    ranks = {one.number: rank for rank, one in enumerate(best_trials(search), start=1)}
    hindsight = list(dict.fromkeys(key for trial in search.trials for key in trial.hindsight))
    rows = []
    for trial in search.trials:
        row: dict[str, Any] = {"number": trial.number, "best": ranks.get(trial.number)}
        for one in search.objectives:
            row[f"value_{one.name}"] = trial.values.get(one.name, math.nan)
            row[f"raw_{one.name}"] = trial.raw.get(one.name, math.nan)
        row |= {f"penalty_{one}": trial.penalties.get(one, 0.0) for one in penalties(search)}
        row |= _facts(trial)
        row |= {name: _cell(trial.parameters.get(name)) for name in parameters(search)}
        row |= {f"hindsight_{key}": trial.hindsight.get(key, math.nan) for key in hindsight}
        rows.append(row)
    table = pd.DataFrame(rows)
    if not rows:
        return pd.DataFrame(columns=["number", "best"])
    return with_marks(table.astype({"best": "Int64", "n_clusters": "Int64"}), search.marks)


def write_trials(search: Search, path: Path) -> None:
    """The table as CSV, numbers in full."""
    trials_table(search).to_csv(path, index=False, lineterminator="\n")


def _facts(trial: Trial) -> dict[str, Any]:
    # A clustering without clusters is noise throughout.
    clustered = trial.n_clusters > 0 or trial.noise_share > 0
    return {
        "n_clusters": trial.n_clusters if clustered else None,
        "noise_share": trial.noise_share if clustered else math.nan,
        "coverage": 1.0 - trial.noise_share if clustered else math.nan,
        "seconds": trial.seconds,
        "space": trial.space,
        "bad": trial.bad,
    }


def _cell(value: Any) -> Any:
    """Numbers stay numbers, so that a column of them can be read as one."""
    return value if value is None or isinstance(value, (int, float, str)) else compact(value)
