"""The maps of several rows: what draw_views draws."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from clusterlab.reports.charts.scored import footer_of, usable
from clusterlab.reports.classes import Classes, legend
from clusterlab.reports.compare.read_runs import Run, label_columns_of, read_assignments
from clusterlab.reports.compare.rows import pool
from clusterlab.reports.plots.views import View, draw_views

TABLE = ["run", "id", "x", "y", "split", "seen", "value"]


def views_figure(rows: Mapping[str, Sequence[Path]], *, colour: str | None) -> Figure | None:
    """The map of each row's first run, or None where none has one.

    rows: name -> run folders, one a seed. colour: a label column; None takes the first run's first.
    """
    shown: dict[str, Run] = {}
    for name, folders in rows.items():
        runs, _ = usable(folders)
        if runs:
            first = min(runs, key=lambda run: (run.seed is None, run.seed or 0))
            if _has_map(first):
                shown[name] = first
    if not shown:
        return None
    column = colour or _first_column(next(iter(shown.values())))
    table = views_table(shown, column)
    classes = _classes(table, column)
    groups, codes = legend(classes)
    views = []
    for name, run in shown.items():
        own = (table["run"] == name).to_numpy()
        views.append(
            View(
                title=_title(name, run, column),
                points=table.loc[own, ["x", "y"]].to_numpy(dtype=float),
                codes=codes[own],
                seen=table.loc[own, "seen"].to_numpy(dtype=bool),
            )
        )
    return draw_views(
        views,
        groups,
        title=f"Maps coloured by “{column}”",
        caption=_caption(table, shown),
        footer=footer_of([row for run in shown.values() for row in pool([run])], [f"ari/{column}"]),
    )


def views_table(runs: Mapping[str, Run], colour: str) -> pd.DataFrame:
    """One row a (run, image): run (its name), id, x, y (NaN without a place), split, seen (the
    features were learned from the image's labels), value (of the label column `colour`, "" where
    the run has none of it)."""
    tables = []
    for name, run in runs.items():
        table = pd.read_csv(run.folder / "assignments.csv", dtype=str, na_filter=False)
        place = {axis: pd.to_numeric(table[axis], errors="coerce") for axis in ("x", "y")}
        value = table.get(colour, "")
        table = table[["id", "split"]].assign(run=name, **place, value=value)
        tables.append(table.assign(seen=table["split"].isin(run.seen_splits))[TABLE])
    return pd.concat(tables, ignore_index=True)


def _has_map(run: Run) -> bool:
    table = pd.read_csv(run.folder / "assignments.csv", usecols=["x", "y"])
    return bool(table.notna().all(axis=1).any())


def _first_column(run: Run) -> str:
    columns = label_columns_of(read_assignments(run.folder, marked=bool(run.marks)))
    return columns[0] if columns else ""


def _classes(table: pd.DataFrame, column: str) -> Classes:
    """The classes of all runs' images together, so that a class has one colour."""
    counted = Counter(table.drop_duplicates("id").query("value != ''")["value"])
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    code = {name: at for at, (name, _) in enumerate(ordered)}
    return Classes(
        column=column,
        names=tuple(name for name, _ in ordered),
        counts=np.array([count for _, count in ordered], dtype=int),
        codes=np.array([code.get(value, -1) for value in table["value"]], dtype=int),
    )


def _title(name: str, run: Run, column: str) -> str:
    ari = run.metrics.get(f"ari/{column}", math.nan)
    return name if math.isnan(ari) else f"{name}: ARI {ari:.3f}"


def _caption(table: pd.DataFrame, shown: Mapping[str, Run]) -> list[str]:
    images = [frozenset(own) for _, own in table.groupby("run", sort=False)["id"]]
    told = ["A 2-D map bends distances; only what lies near what may be compared between maps."]
    splits = dict.fromkeys(run.scored_split for run in shown.values())
    told.append(
        f"ARI on all images of each run, n={len(images[0]):,}."
        if list(splits) == ["all"] and len(set(images)) == 1
        else f"ARI on the split that each run was scored on ({', '.join(splits)})."
    )
    if len(set(images)) > 1:
        common = len(frozenset.intersection(*images))
        told.append(f"The maps hold different images: {common:,} are in all of them.")
    seeds = {run.seed for run in shown.values()}
    told.append(f"Seed {seeds.pop()}." if len(seeds) == 1 else "Each row's first seed.")
    return told
