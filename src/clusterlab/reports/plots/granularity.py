"""Purity over the number of clusters and the number of classes that they are scored against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, WIDTH, plain
from clusterlab.reports.plots.panels import new_panels
from clusterlab.reports.plots.sweep_lines import scale_x

SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#b7d3e6", "#0072b2", "#003a5c"])
LINES = LinearSegmentedColormap.from_list("lines", ["#8fc4e8", "#0072b2", "#002b45"])
CELL = 0.78
LIGHT = 0.22
"""The luminance below which white letters stand out better than dark ones."""
CROWDED = 7
"""More columns than this leave room for the purity and the chance level alone."""


def draw_granularity_lines(
    table: pd.DataFrame, *, title: str, caption: Sequence[str] = (), footer: Sequence[str] = ()
) -> Figure:
    """table: one row a (k, column): k (clusters), column (label column), n_classes, purity,
    purity_std, chance (NaN where there is none). One line a k, darker with k, its chance dashed;
    x is the number of classes, on a log scale where it spans a decade."""
    ks = sorted(set(table["k"]))
    colours = {k: LINES(at / max(len(ks) - 1, 1)) for at, k in enumerate(ks)}
    key = {
        f"K = {k:,}": Line2D([], [], color=colours[k], marker="o", markersize=4, linewidth=1.6)
        for k in ks
    }
    if table["chance"].notna().any():
        key["chance: same clusters, labels permuted"] = Line2D(
            [], [], color=MUTED, linewidth=1.2, linestyle=(0, (4, 3))
        )
    figure, (axes,) = new_panels(
        1,
        columns=1,
        panel_height=3.1,
        above=0.12,
        title=title,
        caption=caption,
        footer=footer,
        key=key,
        key_columns=6,
    )
    for k in ks:
        own = table[table["k"] == k].sort_values(["n_classes", "column"])
        x = own["n_classes"].to_numpy(dtype=float)
        spread = np.nan_to_num(own["purity_std"].to_numpy(dtype=float))
        axes.errorbar(
            x,
            own["purity"].to_numpy(dtype=float),
            yerr=spread if spread.any() else None,
            color=colours[k],
            linewidth=1.6,
            marker="o",
            markersize=4,
            elinewidth=1,
            capsize=2.5,
        )
        chance = own["chance"].to_numpy(dtype=float)
        axes.plot(x, chance, color=colours[k], linewidth=1.1, linestyle=(0, (4, 3)))
    counts = np.unique(table["n_classes"].to_numpy(dtype=float))
    scale_x(axes, counts)
    axes.xaxis.set_major_locator(FixedLocator(counts.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{count:,.0f}" for count in counts])
    axes.set_ylim(0, 1)
    axes.set_xlabel("number of classes that the clusters are scored against")
    axes.set_ylabel("purity")
    axes.grid(axis="y", color="#eceef0", linewidth=0.8)
    return figure


def draw_granularity_heatmap(
    table: pd.DataFrame, *, title: str, caption: Sequence[str] = (), footer: Sequence[str] = ()
) -> Figure:
    """table: as draw_granularity_lines has it, with ami and ari. A cell says the purity, large, and
    chance, AMI and ARI, small; its shade is purity minus chance. Columns are in the table's order;
    a cell without a score stays empty."""
    ks = sorted(set(table["k"]))
    columns = list(dict.fromkeys(table["column"]))
    cells = table.set_index(["k", "column"])
    figure, (axes,) = new_panels(
        1,
        columns=1,
        panel_height=CELL * len(ks),
        above=0.12,
        title=title,
        caption=caption,
        footer=footer,
        left=0.8,
        right=1.05,
        bottom=0.75,
    )
    gain = np.full((len(ks), len(columns)), np.nan)
    for row, k in enumerate(ks):
        for at, column in enumerate(columns):
            if (k, column) in cells.index:
                cell = cells.loc[(k, column)]
                gain[row, at] = cell["purity"] - cell["chance"]
    top = max(float(np.nanmax(gain, initial=0.0)), 0.05)
    shade = Normalize(0, top, clip=True)
    picture = axes.imshow(
        np.ma.masked_invalid(gain), cmap=SHADES, norm=shade, aspect="auto", interpolation="nearest"
    )
    for row, k in enumerate(ks):
        for at, column in enumerate(columns):
            if (k, column) in cells.index:
                ground = SHADES(shade(gain[row, at])) if np.isfinite(gain[row, at]) else None
                ink = "white" if ground and _luminance(ground) < LIGHT else INK
                _write_cell(axes, cells.loc[(k, column)], (at, row), ink, len(columns))
    _frame(axes, ks, columns, table)
    bar = figure.colorbar(picture, cax=_beside(figure, axes))
    bar.set_label("purity minus chance", color=MUTED, fontsize=SMALL)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL, labelcolor=INK, length=2)
    return figure


def _write_cell(
    axes: Axes, cell: pd.Series, place: tuple[int, int], colour: str, n_columns: int
) -> None:
    at, row = place
    if np.isnan(cell["purity"]):
        axes.text(at, row, "not scored", ha="center", va="center", color=MUTED, fontsize=7.5)
        return
    big = 13 if n_columns <= CROWDED else 9.5
    axes.text(
        at, row - 0.2, _three(cell["purity"]), ha="center", va="center", color=colour,
        fontsize=big, weight="bold",
    )  # fmt: skip
    lines = [f"chance {_three(cell['chance'])}"]
    if n_columns <= CROWDED:
        lines += [f"AMI {_three(cell['ami'])}", f"ARI {_three(cell['ari'])}"]
    axes.text(
        at, row + 0.22, "\n".join(lines), ha="center", va="center", color=colour,
        fontsize=6.8, linespacing=1.15,
    )  # fmt: skip


def _frame(axes: Axes, ks: Sequence[int], columns: Sequence[str], table: pd.DataFrame) -> None:
    counts = table.groupby("column")["n_classes"].max()
    axes.set_yticks(range(len(ks)), [f"K = {k:,}" for k in ks])
    names = [f"{counts[column]:,.0f} classes\n{plain(column, 16)}" for column in columns]
    axes.set_xticks(range(len(columns)), names)
    axes.tick_params(length=0)
    axes.tick_params(axis="x", labelsize=7.5 if len(columns) > 4 else SMALL)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(ks) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _beside(figure: Figure, axes: Axes) -> Axes:
    place = axes.get_position()
    return figure.add_axes((place.x1 + 0.12 / WIDTH, place.y0, 0.14 / WIDTH, place.height))


def _luminance(colour: Sequence[float]) -> float:
    """Of an RGB colour, in [0, 1] (WCAG 2).

    >>> _luminance((1.0, 1.0, 1.0))
    1.0
    """
    channels = np.asarray(colour[:3], dtype=float)
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return round(float(linear @ [0.2126, 0.7152, 0.0722]), 6)


def _three(value: float) -> str:
    """As tables have it, without the zero before the point.

    >>> _three(0.5731), _three(-0.004), _three(1.0)
    ('.573', '-.004', '1.000')
    """
    if np.isnan(value):
        return "\N{EN DASH}"
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"
