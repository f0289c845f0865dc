"""The values of a search, trial by trial, with the best so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from clusterlab.reports.palette import OTHER_GREY, PALETTE
from clusterlab.reports.plots.canvas import INK, SMALL, new_axes, plain
from clusterlab.reports.plots.window import window

TRIAL, BEST, RAW = PALETTE[0], PALETTE[4], PALETTE[5]
FAINT = "#eceef0"
MANY = 300
"""From here on what was measured is left out, and dots are smaller, lest they hide the line."""


def draw_history(
    numbers: Sequence[int],
    values: Sequence[float],
    raws: Sequence[float],
    *,
    bad: Sequence[int],
    best: Sequence[int],
    maximize: bool,
    title: str,
    caption: str,
    label: str,
) -> Figure:
    """numbers, values, raws: (n,) of the scored trials, n >= 1, raw without the penalties. bad: the
    numbers of the trials without a score. best: those to be ringed."""
    figure, (axes,) = new_axes(
        height=3.8, title=plain(title, 80), caption=plain(caption, 115), left=0.85, bottom=0.95
    )
    low, high = window([*values, *raws], maximize=maximize)
    floor = low - 0.1 * (high - low) if bad else low
    _draw_values(axes, numbers, values, raws, (low, high))
    running = np.maximum.accumulate if maximize else np.minimum.accumulate
    axes.step(
        [*numbers, max([*numbers, *bad])],
        [*(so_far := running(values)), so_far[-1]],
        where="post",
        color=BEST,
        linewidth=1.6,
        label="best so far",
        zorder=5,
        alpha=0.9,
    )
    rows = [row for row, number in enumerate(numbers) if number in set(best)]
    if rows:
        axes.scatter(
            [numbers[row] for row in rows], [values[row] for row in rows], s=75,
            facecolors="none", edgecolors=BEST, linewidths=1.6, zorder=6, label="chosen",
        )  # fmt: skip
    if bad:
        height = (floor + low) / 2
        axes.scatter(
            bad, [height] * len(bad), marker="x", s=18, color=OTHER_GREY, linewidths=1.2, zorder=4,
            label="no score",
        )  # fmt: skip
        axes.axhline(low, color=FAINT, linewidth=0.8)
    axes.set_ylim(floor, high)
    axes.set_xlim(min([*numbers, *bad]) - 0.8, max([*numbers, *bad]) + 0.8)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_xlabel("trial")
    axes.set_ylabel(plain(label, 40))
    _legend(axes)
    return figure


def _draw_values(
    axes: Axes,
    numbers: Sequence[int],
    values: Sequence[float],
    raws: Sequence[float],
    limits: tuple[float, float],
) -> None:
    """Dots; what lies outside the limits is a triangle at the edge."""
    x, y, raw = np.asarray(numbers), np.asarray(values), np.asarray(raws)
    low, high = limits
    differs = ~np.isclose(y, raw) & np.isfinite(raw)
    if differs.any() and len(x) <= MANY:
        axes.vlines(x[differs], y[differs], raw[differs], color=RAW, linewidth=0.7, alpha=0.6)
        axes.scatter(
            x[differs], raw[differs], s=12, facecolors="white", edgecolors=RAW, linewidths=0.9,
            zorder=3, label="as measured, before the penalties",
        )  # fmt: skip
    inside = (y >= low) & (y <= high)
    size = 16 if len(x) <= MANY else 6
    axes.scatter(
        x[inside], y[inside], s=size, color=TRIAL, linewidths=0, zorder=4, alpha=0.85, label="trial"
    )
    margin = 0.015 * (high - low)
    for outside, marker, at in ((y < low, "v", low + margin), (y > high, "^", high - margin)):
        axes.scatter(
            x[outside], np.full(int(outside.sum()), at), s=size, color=TRIAL, linewidths=0,
            marker=marker, zorder=4,
        )  # fmt: skip


def _legend(axes: Axes) -> None:
    axes.legend(
        fontsize=SMALL,
        labelcolor=INK,
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.2),
        ncols=5,
        frameon=False,
        handletextpad=0.4,
        columnspacing=1.2,
        borderpad=0.3,
    )
