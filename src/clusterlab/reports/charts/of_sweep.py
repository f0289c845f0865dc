"""The charts of a sweep over one numeric setting, beside its summary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from clusterlab.files import replacing
from clusterlab.reports.charts import granularity, sweeps
from clusterlab.reports.charts.words import setting_name
from clusterlab.reports.compare.configs import differing, is_seed
from clusterlab.reports.compare.leaderboard import Comparison
from clusterlab.reports.compare.rows import Row
from clusterlab.reports.compare.scores import label_columns, label_of, split_key
from clusterlab.reports.plots.canvas import render, save

FILES = {
    "sweep.png": "Measures over the {over}, with the chance level of each that has one",
    "granularity_lines.png": "Purity over the number of classes, one line a number of clusters",
    "granularity_heatmap.png": "Purity, chance, AMI and ARI by number of clusters and of classes",
}
LEAST_VALUES = 3
MOST_SERIES = 8
_MACRO = re.compile(r"_macro\d+$")
_MEASURES = ("purity", "ari", "ami", "entropy")
_MOST_PANELS = 6


def write_sweep_charts(comparison: Comparison, folder: Path) -> list[tuple[str, str]]:
    """Writes the charts that the sweep has into its folder, and takes away those that an earlier
    summary left and it no longer has. Returns their file names, each with what it shows."""
    over = swept_setting(comparison.rows)
    drawn = {} if over is None else _figures(comparison, over)
    for name in FILES:
        if name in drawn:
            with replacing(folder / name) as temporary:
                save(render(drawn[name]), temporary)
        else:
            (folder / name).unlink(missing_ok=True)
    words = setting_name(over or "")
    return [(name, FILES[name].format(over=words)) for name in FILES if name in drawn]


def swept_setting(rows: Sequence[Row]) -> str | None:
    """The dotted key of the one numeric setting that a sweep went over, or None.

    It has at least 3 values, and what else sets the rows apart, besides seeds, is one setting of at
    most 8 values, or nothing. Where a second setting is numeric too, the one with more values.
    """
    keys = [key for key in differing([row.config for row in rows]) if _counts(key)]
    numeric = {
        key: values
        for key in keys
        if None not in (values := tuple(sweeps.number_at(row, key) for row in rows))
        and len(set(values)) >= LEAST_VALUES
    }
    # A key that another one follows says the same.
    first = {values: key for key, values in reversed(numeric.items())}
    ranked = sorted(first.values(), key=lambda key: (-len(set(numeric[key])), keys.index(key)))
    for over in ranked:
        sweep = sweeps.swept(rows, over)
        series = dict.fromkeys(sweep.series)
        per_series = len(sweep.rows) / max(len(series), 1)
        if len(series) <= MOST_SERIES and per_series > 1 and len(_others(rows, over)) <= 1:
            return over
    return None


def _others(rows: Sequence[Row], over: str) -> set[str]:
    """The columns, besides that of `over`, by which the leaderboard tells the rows apart."""
    found = dict.fromkeys(column for row in rows for column in row.settings)
    return {
        column
        for column in found
        if not f".{over}".endswith(f".{column}")
        and [row.settings.get(column) for row in rows] != [str(row.config[over]) for row in rows]
    }


def _counts(key: str) -> bool:
    return key != "name" and not is_seed(key)


def _figures(comparison: Comparison, over: str) -> Mapping[str, Figure]:
    sweep = sweeps.swept(comparison.rows, over)
    measures = _measures(comparison, over)
    found = {"sweep.png": sweeps.draw(sweep, measures)} if measures else {}
    columns = _granularity(comparison) if over == granularity.K else []
    if len(columns) > 1 and len(set(sweep.series)) == 1:
        drawn = granularity.draw(comparison.rows, columns)
        names = {"": "granularity_lines.png", "_heatmap": "granularity_heatmap.png"}
        found |= {names[suffix]: figure for suffix, figure in drawn.items()}
    return found


def _measures(comparison: Comparison, over: str) -> list[str]:
    """Of one label column; the silhouettes; the number of clusters and the share of noise where
    they move with something else."""
    keys = comparison.all_metrics
    label = _label(comparison)
    wanted = [f"{metric}/{label}" for metric in _MEASURES] if label else []
    wanted += [key for key in reversed(keys) if split_key(key)[0] == "silhouette"]
    counts = [key for key in ("n_clusters", "noise_share") if over != granularity.K]
    moved = [key for key in counts if len({row.mean(key) for row in comparison.rows}) > 1]
    there = [key for key in wanted if key in keys]
    return [*there[: _MOST_PANELS - len(moved)], *moved]


def _label(comparison: Comparison) -> str | None:
    """The label column that the leaderboard is about; where a model has learned that one, the first
    that no model has."""
    known = label_columns(key for key in comparison.all_metrics if split_key(key)[0] == "purity")
    label = label_of(comparison.metric or "") or next(iter(known), None)
    seen = {name for row in comparison.rows for name in row.seen_labels}
    others = [name for name in known if name not in seen and not _MACRO.search(name)]
    return others[0] if label in seen and others else label


def _granularity(comparison: Comparison) -> list[str]:
    """A label column and the macro-categories that were made of its classes, fine to coarse."""
    columns = label_columns(key for key in comparison.all_metrics if split_key(key)[0] == "purity")
    macro = [column for column in columns if _MACRO.search(column)]
    if not macro:
        return []
    base = _MACRO.sub("", macro[0])
    own = [column for column in macro if _MACRO.sub("", column) == base]
    own.sort(key=lambda column: -int(column.rpartition("macro")[2]))
    return [*([base] if base in columns else []), *own]
