"""Measures over one setting: a panel a measure, a line a series, chance beside what it moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import MUTED, plain
from clusterlab.reports.plots.panels import new_panels, title_panel

MOST_TICKS = 7
DECADE = 10
CHANCE = "chance: same clusters, labels permuted"


def draw_sweep(
    table: pd.DataFrame,
    *,
    over: str,
    measures: Mapping[str, str],
    title: str,
    caption: Sequence[str] = (),
    footer: Sequence[str] = (),
) -> Figure:
    """table: one row a (x, series, measure): mean, std (NaN for one seed), chance, chance_std (NaN
    where none was measured); a NaN mean is a gap in its line. over: what x is called. measures: key
    in the table's `measure` -> title of its panel, in this order. x is on a log scale where it
    spans a decade; bounded measures start at 0, so that rise and fall are seen for what they are.
    The chance level's band is there for one series; several would cover each other.
    """
    series = list(dict.fromkeys(table["series"]))
    colours = {name: PALETTE[at % len(PALETTE)] for at, name in enumerate(series)}
    figure, axes = new_panels(
        len(measures),
        columns=min(3, len(measures)) if len(measures) != 4 else 2,
        panel_height=1.75,
        title=title,
        caption=caption,
        footer=footer,
        key=_key(table, colours),
        key_columns=2 if max(map(len, series), default=0) > 24 else 4 - (len(series) < 3),
    )
    values = np.unique(table["x"].to_numpy(dtype=float))
    for one, (measure, name) in zip(axes, measures.items(), strict=True):
        own = table[table["measure"] == measure]
        for label in series:
            of_series = own[own["series"] == label].sort_values("x")
            _draw_line(one, of_series, colours[label], band=len(series) == 1)
        title_panel(one, name)
        scale_x(one, values)
        _scale_y(one, own)
        one.set_xlabel(plain(over, 40))
    return figure


def scale_x(axes: Axes, values: np.ndarray) -> None:
    """Ticks at the values themselves, as many as can be read; a log scale over a decade or more.

    values: (k,) float, sorted, distinct.
    """
    low, high = float(values.min()), float(values.max())
    if low > 0 and high >= DECADE * low:
        axes.set_xscale("log")
        margin = (high / low) ** 0.06
        axes.set_xlim(low / margin, high * margin)
    elif high > low:
        axes.set_xlim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    ticks = _ticks(values, log=axes.get_xscale() == "log")
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{value:g}" for value in ticks])


def _ticks(values: np.ndarray, *, log: bool) -> list[float]:
    """The values, or those of them that are far enough from each other to be read.

    >>> _ticks(np.array([2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0]), log=True)
    [2.0, 4.0, 6.0, 12.0, 24.0]
    """
    where = np.log(values) if log else values
    least = (where[-1] - where[0]) / MOST_TICKS
    kept = [0]
    for at in range(1, len(values)):
        if where[at] - where[kept[-1]] >= least:
            kept.append(at)
    return [float(values[at]) for at in kept]


def _draw_line(axes: Axes, own: pd.DataFrame, colour: str, *, band: bool) -> None:
    x, mean = own["x"].to_numpy(dtype=float), own["mean"].to_numpy(dtype=float)
    chance, spread = (own[name].to_numpy(dtype=float) for name in ("chance", "chance_std"))
    if np.isfinite(chance).any():
        width = np.nan_to_num(spread)
        if band:
            low, high = chance - width, chance + width
            axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(x, chance, color=colour, linewidth=1.2, linestyle=(0, (4, 3)), alpha=0.8)
    std = np.nan_to_num(own["std"].to_numpy(dtype=float))
    axes.errorbar(
        x,
        mean,
        yerr=std if std.any() else None,
        color=colour,
        linewidth=1.6,
        marker="o",
        markersize=4,
        elinewidth=1,
        capsize=2.5,
    )


def _scale_y(axes: Axes, own: pd.DataFrame) -> None:
    axes.margins(y=0.12)
    low, high = axes.get_ylim()
    known = own["mean"].dropna()
    if known.empty:
        axes.set_ylim(0, 1)
        axes.text(
            0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=MUTED, fontsize=9
        )
    elif own["bounded"].all():
        # Chance may lie a little below 0, where a corrected measure has it.
        least = float((own["chance"] - own["chance_std"].fillna(0)).min())
        low = low if known.min() < 0 else 0.0
        axes.set_ylim(min(low, 1.2 * least) if least < 0 else low, high)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.grid(axis="y", color="#eceef0", linewidth=0.8)


def _key(table: pd.DataFrame, colours: Mapping[str, str]) -> dict[str, Line2D]:
    """Nothing for one series without a chance level."""
    found = {}
    if len(colours) > 1:
        found = {
            name or "(none)": Line2D([], [], color=colour, marker="o", markersize=4, linewidth=1.6)
            for name, colour in colours.items()
        }
    if table["chance"].notna().any():
        colour = next(iter(colours.values())) if len(colours) == 1 else MUTED
        told = f"{CHANCE} (band: ± std)" if len(colours) == 1 else CHANCE
        found[told] = Line2D([], [], color=colour, linewidth=1.2, linestyle=(0, (4, 3)))
    return found
