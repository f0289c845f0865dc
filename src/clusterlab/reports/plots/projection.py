"""A 2-D projection with its points coloured by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from clusterlab.reports.classes import Group
from clusterlab.reports.plots.canvas import INK, SMALL, new_axes, plain
from clusterlab.reports.plots.numbers import write_numbers

UNDER = ("noise", "missing", "other")
MOST_IN_LEGEND = 30
LEGEND_ROWS = 21


def draw_projection(
    points: np.ndarray, codes: np.ndarray, groups: Sequence[Group], *, title: str, caption: str
) -> Figure:
    """points: (n, 2). codes: (n,) int into groups. Grey groups are drawn under the others.

    Cluster numbers are also written on the map, since nobody tells thirty colours apart.
    """
    shown = _legend_groups(groups)
    legend_width = _legend_width(shown)
    figure, (axes,) = new_axes(
        height=5.6, title=title, caption=caption, left=0.2, right=legend_width, bottom=0.2
    )
    _draw_points(axes, points, codes, groups)
    _frame(axes)
    clusters = {
        group.name.removeprefix("cluster "): points[codes == code]
        for code, group in enumerate(groups[:MOST_IN_LEGEND])
        if group.role == "cluster"
    }
    write_numbers(axes, clusters)
    _draw_legend(axes, shown, n_hidden=len(groups) - len(shown))
    return figure


def _draw_points(
    axes: Axes, points: np.ndarray, codes: np.ndarray, groups: Sequence[Group]
) -> None:
    """One draw call for the grey points and one for the others, those in a random order: drawn
    group by group, the last group would seem to lie over all."""
    size = float(np.clip(16000 / max(len(points), 1), 1.5, 34))
    grey = np.array([group.role in UNDER for group in groups])[codes]
    colours = np.array([group.colour for group in groups], dtype=object)[codes]
    order = np.random.default_rng(0).permutation(len(points))
    for rows, alpha in ((order[grey[order]], 0.55), (order[~grey[order]], 0.8)):
        axes.scatter(
            points[rows, 0],
            points[rows, 1],
            s=size,
            c=list(colours[rows]),
            alpha=alpha,
            linewidths=0.0 if size < 8 else 0.3,
            edgecolors="white",
            rasterized=True,
        )


def _frame(axes: Axes) -> None:
    """The same scale both ways, since distances are what the map is about; no numbers, since
    the units of a projection mean nothing."""
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.04)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color("#e4e6e8")


def _legend_groups(groups: Sequence[Group]) -> list[Group]:
    """As many as there is room for; the grey ones at the end are always among them."""
    grey = [group for group in groups if group.role in UNDER]
    others = [group for group in groups if group.role not in UNDER]
    return others[: MOST_IN_LEGEND - len(grey)] + grey


def _legend_width(groups: Sequence[Group]) -> float:
    """Inches: 0.075 a letter of the longest name and count, for one or two columns."""
    longest = max((len(plain(g.name, 22)) + len(f" {g.count:,}") for g in groups), default=0)
    columns = 1 if len(groups) <= LEGEND_ROWS else 2
    return 0.35 + columns * (0.32 + 0.068 * longest)


def _draw_legend(axes: Axes, groups: Sequence[Group], *, n_hidden: int) -> None:
    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=6, color=group.colour)
        for group in groups
    ]
    labels = [f"{plain(group.name, 22)}  {group.count:,}" for group in groups]
    if n_hidden:
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"and {n_hidden} smaller")
    axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        handletextpad=0.3,
        columnspacing=0.8,
        labelspacing=0.42,
        ncols=1 if len(labels) <= LEGEND_ROWS + 1 else 2,
    )
