"""Measures of several rows over one setting: what draw_sweep draws."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from clusterlab.reports.charts.scored import (
    chance_of,
    different_images,
    footer_of,
    n_scored,
    n_seeds,
    usable,
)
from clusterlab.reports.charts.words import measure_name, setting_name
from clusterlab.reports.compare.caveats import space_groups
from clusterlab.reports.compare.configs import is_seed
from clusterlab.reports.compare.names import words_of
from clusterlab.reports.compare.read_runs import Run
from clusterlab.reports.compare.rows import Row, pool
from clusterlab.reports.compare.scores import is_internal, split_key
from clusterlab.reports.compare.settings import with_settings
from clusterlab.reports.plots.sweep_lines import draw_sweep

TABLE = ["x", "series", "measure", "mean", "std", "chance", "chance_std", "n_seeds", "bounded"]
_UNBOUNDED = frozenset({"silhouette", "dbcv", "davies_bouldin", "calinski_harabasz", "seconds"})


@dataclass(frozen=True)
class Sweep:
    """Rows that have a number where the setting `over` is. series: of each row, what else sets it
    apart, "" where nothing does."""

    over: str
    rows: tuple[Row, ...]
    series: tuple[str, ...]

    @property
    def values(self) -> list[float]:
        """(r,) of each row."""
        return [float(row.config[self.over]) for row in self.rows]


def sweep_figure(
    rows: Mapping[str, Sequence[Path]], *, over: str, measures: Sequence[str]
) -> Figure | None:
    """The measures over a setting, or None with fewer than two values of it.

    rows: name -> run folders, one a seed.
    """
    runs, left_out = usable(folder for folders in rows.values() for folder in folders)
    sweep = swept(pool(runs), over)
    if len(set(sweep.values)) < 2:
        return None
    notes = [f"Left out: {len(left_out)} unfinished."] if left_out else []
    return draw(sweep, measures, notes=notes)


def draw(sweep: Sweep, measures: Sequence[str], *, notes: Sequence[str] = ()) -> Figure:
    """notes: sentences for the caption."""
    counted = n_scored(sweep.rows)
    caption = [n_seeds(sweep.rows), f"{counted}." if counted else ""]
    caption += [different_images(sweep.rows), *_about_spaces(sweep, measures), *notes]
    return draw_sweep(
        _table(sweep, measures),
        over=setting_name(sweep.over),
        measures={key: measure_name(key) for key in measures},
        title=f"Measures by {setting_name(sweep.over)}",
        caption=[sentence for sentence in caption if sentence],
        footer=footer_of(sweep.rows, measures),
    )


def sweep_table(runs: Sequence[Run], over: str, measures: Sequence[str]) -> pd.DataFrame:
    """One row a (x, series, measure), runs of one configuration pooled over their seeds.

    over: a dotted config key; runs without a number there are left out. measures: keys of
    metrics.json; of a run that lacks one the mean is NaN. Columns: x, series (what else sets the
    run apart, "" where nothing does), measure, mean, std (ddof=1, NaN for one seed), chance,
    chance_std (of permuted labels, NaN where none was measured), n_seeds (with the measure),
    bounded (whether its axis may start at 0).
    """
    return _table(swept(pool(runs), over), measures)


def swept(rows: Sequence[Row], over: str) -> Sweep:
    """The rows that have a number at `over`, smallest first, each with its series."""
    found = [row for row in rows if number_at(row, over) is not None]
    found.sort(key=lambda row: float(row.config[over]))
    if not found:
        return Sweep(over, (), ())
    groups: dict[Hashable, list[Row]] = {}
    for row in found:
        groups.setdefault(_but_for(row, over, found), []).append(row)
    # Rows that differ in `over` too would be told apart by it.
    firsts = [group[0] for group in groups.values()]
    names = _names(firsts, over) if len(firsts) > 1 else [""]
    of = {
        id(row): name for name, group in zip(names, groups.values(), strict=True) for row in group
    }
    return Sweep(over, tuple(found), tuple(of[id(row)] for row in found))


def _table(sweep: Sweep, measures: Sequence[str]) -> pd.DataFrame:
    records = []
    for row, x, series in zip(sweep.rows, sweep.values, sweep.series, strict=True):
        for key in measures:
            chance, spread = chance_of(row, key)
            if math.isnan(chance):
                chance = row.chance(key)
            bounded = split_key(key)[0] not in _UNBOUNDED
            values = (x, series, key, row.mean(key), row.std(key), chance, spread)
            records.append((*values, len(row.values(key)), bounded))
    return pd.DataFrame.from_records(records, columns=TABLE)


def _but_for(row: Row, over: str, rows: Sequence[Row]) -> Hashable:
    """A row's config without seeds, its name, and all that goes along with `over`."""
    value = row.config[over]
    return tuple(
        sorted(
            (key, repr(one))
            for key, one in row.config.items()
            if key not in ("name", over)
            and not is_seed(key)
            and not (one == value and all(r.config.get(key) == r.config[over] for r in rows))
        )
    )


def _names(rows: Sequence[Row], over: str) -> list[str]:
    """What sets each series apart, in short; a number where words do not."""
    stripped = [_without(row, over) for row in rows]
    settings = [row.settings for row in with_settings(stripped, taken=(), by_seed=False)]
    told = [", ".join(word for word in own.values() if word) for own in words_of(settings)]
    if len(set(told)) == len(told):
        return [name or "none" for name in told]
    return [f"{at}: {name}" for at, name in enumerate(told, start=1)]


def _without(row: Row, over: str) -> Row:
    config = {key: value for key, value in row.config.items() if key not in (over, "name")}
    return Row(runs=row.runs, config=config)


def _about_spaces(sweep: Sweep, measures: Sequence[str]) -> list[str]:
    spaces = dict.fromkeys(split_key(key)[1] for key in measures if is_internal(key))
    apart = [space for space in spaces if len(space_groups(sweep.rows, space)) > 1]
    if not apart:
        return []
    return [
        f"Scores within {' and '.join(f'“{space}”' for space in apart)} are measured in different "
        "spaces: do not rank by them."
    ]


def number_at(row: Row, key: str) -> float | None:
    """The number at a config key, or None where there is none."""
    value = row.config.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
