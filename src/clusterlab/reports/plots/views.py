"""Maps of several runs side by side, the same images in the same colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from clusterlab.reports.classes import Group
from clusterlab.reports.plots.canvas import MUTED, plain
from clusterlab.reports.plots.panels import new_panels, title_panel

UNDER = ("missing", "other")
SEEN = "seen in training (pale)"
UNSEEN = "not seen in training (filled)"


@dataclass(frozen=True)
class View:
    """title: over the map. points: (n, 2), NaN where an image has no place. codes: (n,) int into
    the groups. seen: (n,) bool, whether training has seen the image's labels."""

    title: str
    points: np.ndarray
    codes: np.ndarray
    seen: np.ndarray


def draw_views(
    views: Sequence[View],
    groups: Sequence[Group],
    *,
    title: str,
    caption: Sequence[str] = (),
    footer: Sequence[str] = (),
) -> Figure:
    """One map a view, two or three in a row; the legend is of all. Images seen in training are
    hollow and pale and lie under the others."""
    columns = len(views) if len(views) <= 3 else 2 if len(views) == 4 else 3
    key = {
        f"{plain(group.name, 22)}": Line2D(
            [], [], marker="o", linestyle="", markersize=6, color=group.colour
        )
        for group in groups
    }
    if any(view.seen.any() for view in views):
        key[SEEN] = _ring()
        key[UNSEEN] = Line2D([], [], marker="o", linestyle="", markersize=6, color=MUTED)
    figure, axes = new_panels(
        len(views),
        columns=columns,
        panel_height=min(3.4, 7.4 / columns),
        title=title,
        caption=caption,
        footer=footer,
        left=0.15,
        right=0.15,
        bottom=0.14,
        gap=0.14,
        key=key,
        key_columns=4 if max(map(len, key), default=0) <= 24 and len(key) <= 12 else 3,
    )
    for one, view in zip(axes, views, strict=True):
        _draw(one, view, groups)
        title_panel(one, view.title, 110 // columns)
    return figure


def _draw(axes: Axes, view: View, groups: Sequence[Group]) -> None:
    there = np.isfinite(view.points).all(axis=1)
    points, codes, seen = view.points[there], view.codes[there], view.seen[there]
    size = float(np.clip(9000 / max(len(points), 1), 1.5, 22))
    colours = np.array([group.colour for group in groups], dtype=object)[codes]
    grey = np.array([group.role in UNDER for group in groups], dtype=bool)[codes]
    order = np.random.default_rng(0).permutation(len(points))
    hollow = order[seen[order]]
    axes.scatter(
        points[hollow, 0], points[hollow, 1], s=size, facecolors="none",
        edgecolors=list(colours[hollow]), linewidths=0.6, alpha=0.4, rasterized=True,
    )  # fmt: skip
    for rows, alpha in (
        (order[~seen[order] & grey[order]], 0.5),
        (order[~seen[order] & ~grey[order]], 0.85),
    ):
        axes.scatter(
            points[rows, 0], points[rows, 1], s=size, c=list(colours[rows]), alpha=alpha,
            linewidths=0.0 if size < 8 else 0.3, edgecolors="white", rasterized=True,
        )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.05)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color("#e4e6e8")


def _ring() -> Line2D:
    return Line2D(
        [], [], marker="o", linestyle="", markersize=6, color=MUTED, fillstyle="none", alpha=0.6
    )
