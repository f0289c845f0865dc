"""Purity by the number of clusters and of classes, of several rows: what the drawings need."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from clusterlab.reports.charts.scored import (
    chance_of,
    different_images,
    footer_of,
    n_scored,
    n_seeds,
    scores_of,
    usable,
)
from clusterlab.reports.compare.read_runs import Run
from clusterlab.reports.compare.rows import Row, pool
from clusterlab.reports.plots.granularity import draw_granularity_heatmap, draw_granularity_lines

TABLE = ["k", "column", "n_classes", "purity", "purity_std", "chance", "ami", "ari", "n_seeds"]
K = "clusterer.n_clusters"


def granularity_figures(
    rows: Mapping[str, Sequence[Path]], *, over: str = K, columns: Sequence[str]
) -> dict[str, Figure]:
    """Lines ("") and a heatmap ("_heatmap"), or {} where no run has purity against a column.

    rows: name -> run folders, one a seed.
    """
    runs, left_out = usable(folder for folders in rows.values() for folder in folders)
    notes = [f"Left out: {len(left_out)} unfinished."] if left_out else []
    return draw(pool(runs), columns, over=over, notes=notes)


def draw(
    rows: Sequence[Row], columns: Sequence[str], *, over: str = K, notes: Sequence[str] = ()
) -> dict[str, Figure]:
    """As granularity_figures, of rows that are pooled already. notes: for the caption."""
    table = _table(rows, columns, over)
    known = table[table["purity"].notna()]
    if known.empty:
        return {}
    table = table[table["column"].isin(set(known["column"])) & table["k"].isin(set(known["k"]))]
    absent = [column for column in columns if column not in set(known["column"])]
    used = [row for row in rows if not math.isnan(_k(row, over))]
    caption = [n_seeds(used), _counted(used, columns), different_images(used), *notes]
    caption += [f"Without scores: {', '.join(absent)}."] if absent else []
    footer = footer_of(used, [f"purity/{column}" for column in columns])
    lines = [
        "More clusters and fewer classes raise purity by themselves: compare each line with its",
        "dashed one.",
    ]
    shade = ["Large: purity. Shade: purity minus the chance level of permuted labels."]
    told = [sentence for sentence in caption if sentence]
    return {
        "": draw_granularity_lines(
            table, title="Purity over granularity", caption=[*lines, *told], footer=footer
        ),
        "_heatmap": draw_granularity_heatmap(
            table, title="Purity by K and granularity", caption=[*shade, *told], footer=footer
        ),
    }


def granularity_table(
    runs: Sequence[Run], columns: Sequence[str], *, over: str = K
) -> pd.DataFrame:
    """One row a (k, column), runs of one configuration pooled over their seeds.

    columns: label columns, in the order that they are drawn in. over: the config key that k is
    read from; without a number there it is the mean number of clusters found. Columns: k, column,
    n_classes (different values among the scored images, the most over the runs; NaN without any),
    purity, purity_std (ddof=1), chance, ami, ari (means over seeds, NaN where they are missing),
    n_seeds.
    """
    return _table(pool(runs), columns, over)


def _table(rows: Sequence[Row], columns: Sequence[str], over: str) -> pd.DataFrame:
    records = []
    for row in rows:
        k = _k(row, over)
        if math.isnan(k):
            continue
        counts = _classes(row, columns)
        for column in columns:
            key = f"purity/{column}"
            chance, _ = chance_of(row, key)
            scores = (row.mean(key), row.std(key), chance if chance == chance else row.chance(key))
            others = (row.mean(f"ami/{column}"), row.mean(f"ari/{column}"), row.n_seeds)
            records.append((round(k), column, counts[column], *scores, *others))
    table = pd.DataFrame.from_records(records, columns=TABLE)
    order = {column: at for at, column in enumerate(columns)}
    table = table.sort_values(["k", "column"], key=lambda one: one.map(order).fillna(one))
    # Two rows of the same k would be drawn over each other: the first that was given stays.
    return table.drop_duplicates(["k", "column"]).reset_index(drop=True)


def _counted(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """How many images were scored; of each column by itself where they differ."""
    counted = n_scored(rows)
    of_columns: dict[int, list[str]] = {}
    for column in columns:
        found = [scores_of(run).get(f"purity/{column}") for row in rows for run in row.runs]
        n = max((one.n for one in found if one is not None), default=0)
        if n:
            of_columns.setdefault(n, []).append(column)
    if len(of_columns) < 2:
        return f"{counted}." if counted else ""
    parts = [f"{', '.join(names)} on {n:,}" for n, names in of_columns.items()]
    return f"Images scored: {'; '.join(parts)}."


def _k(row: Row, over: str) -> float:
    value = row.config.get(over)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return row.mean("n_clusters")


def _classes(row: Row, columns: Sequence[str]) -> dict[str, float]:
    """Column -> how many classes it has among the scored images, the most over the runs."""
    found = dict.fromkeys(columns, math.nan)
    for run in row.runs:
        table = pd.read_csv(run.folder / "assignments.csv", dtype=str, na_filter=False)
        scored = table if run.scored_split == "all" else table[table["split"] == run.scored_split]
        for column in columns:
            if column in scored:
                count = len({value for value in scored[column] if value})
                found[column] = float(np.nanmax([found[column], count or math.nan]))
    return found
