"""Parallel coordinates: one axis a parameter, one line a trial."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from clusterlab.reports.palette import OTHER_GREY, PALETTE
from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, new_axes, plain

BELOW = -0.13
"""The height of what has no place on an axis: a parameter not set, a trial without a score."""
JITTER = 0.035
BEST = PALETTE[4]
SHADES = LinearSegmentedColormap.from_list("values", ["#d5e4ef", PALETTE[0], "#03253a"])


@dataclass(frozen=True, kw_only=True)
class Axis:
    """name: above it. places: (n,) height of each trial, 0 to 1, NaN for none. ticks: height and
    text. below: what a trial without a height is called. words: the heights are of words, which
    many trials share. right: the ticks stand on the right."""

    name: str
    places: np.ndarray
    ticks: Sequence[tuple[float, str]]
    below: str = "not set"
    words: bool = False
    right: bool = False


def draw_parallel(
    axes: Sequence[Axis], shades: np.ndarray, *, best: Sequence[int], title: str, caption: str
) -> Figure:
    """shades: (n,) how good a trial is, 0 to 1, NaN for one without a score. best: positions of the
    trials to be shown above all."""
    figure, (plot,) = new_axes(
        height=4.6, title=plain(title, 80), caption=plain(caption, 115), left=1.0, right=0.75,
        bottom=0.45,
    )  # fmt: skip
    heights = _heights(axes, shades)
    _draw_lines(plot, heights, shades, best)
    for at, axis in enumerate(axes):
        _draw_axis(plot, at, axis, each=6.25 / max(len(axes) - 1, 1))
    for side in ("left", "bottom"):
        plot.spines[side].set_visible(False)
    plot.set_xticks([])
    plot.set_yticks([])
    plot.set_xlim(0, max(len(axes) - 1, 1))
    plot.set_ylim(BELOW - 0.08, 1.26)
    _legend(plot, shades)
    return figure


def _heights(axes: Sequence[Axis], shades: np.ndarray) -> np.ndarray:
    """(n, axes). Trials that share a word are fanned out a little, the better ones above."""
    order = np.argsort(np.argsort(np.nan_to_num(shades, nan=-1.0), kind="stable"))
    fan = (order / max(len(order) - 1, 1) - 0.5) * 2 * JITTER
    columns = []
    for axis in axes:
        places = axis.places + (fan if axis.words else 0.0)
        columns.append(np.where(np.isnan(places), BELOW + fan * 0.6, places))
    return np.stack(columns, axis=1)


def _draw_lines(plot: Axes, heights: np.ndarray, shades: np.ndarray, best: Sequence[int]) -> None:
    x = np.arange(heights.shape[1])
    bad = np.isnan(shades)
    lines = [np.column_stack([x, row]) for row in heights]
    alpha = min(max(100 / max(len(heights), 1), 0.1), 0.8)
    plot.add_collection(
        LineCollection(
            [lines[row] for row in np.flatnonzero(bad)],
            colors=OTHER_GREY, linewidths=0.6, alpha=alpha / 2, linestyles="dotted", zorder=1,
        )
    )  # fmt: skip
    order = [row for row in np.argsort(shades, kind="stable") if not bad[row]]
    plot.add_collection(
        LineCollection(
            [lines[row] for row in order], colors=SHADES(shades[order]),
            linewidths=0.9, alpha=alpha, zorder=2,
        )
    )  # fmt: skip
    for row in reversed(best):
        first = row == best[0]
        plot.plot(
            x, heights[row], color=BEST, linewidth=2.4 if first else 1.3, zorder=4,
            marker="o", markersize=5 if first else 3, clip_on=False,
        )  # fmt: skip


def _draw_axis(plot: Axes, at: int, axis: Axis, *, each: float) -> None:
    """each: inches between axes."""
    plot.vlines(at, 0, 1, color=MUTED, linewidth=1, zorder=3, clip_on=False)
    halo = [patheffects.withStroke(linewidth=2.5, foreground="white", alpha=0.9)]
    letters = min(max(int(each / 0.075), 6), 18)
    ticks = list(axis.ticks)
    if np.isnan(axis.places).any():
        ticks.append((BELOW, axis.below))
    for height, text in ticks:
        if height >= 0:
            plot.hlines(height, at - 0.012 / each, at + 0.012 / each, color=MUTED, linewidth=1)
        side = "left" if axis.right else "right"
        note = plot.annotate(
            plain(text, min(letters, 13)), (at, height), xytext=(6 if axis.right else -5, 0),
            textcoords="offset points", ha=side, va="center", fontsize=8,
            color=INK if height >= 0 else MUTED, zorder=6, path_effects=halo,
        )  # fmt: skip
        note.set_clip_on(False)
    # Lines are broken at underscores too, where most names are made of.
    words = plain(axis.name, 40).replace("_", "_ ").replace(".", ". ")
    name = "\n".join(
        line.replace("_ ", "_").replace(". ", ".") for line in textwrap.wrap(words, letters)
    )
    plot.annotate(
        name, (at, 1.06), ha="center", va="bottom", fontsize=SMALL, color=INK, weight="bold",
        linespacing=1.1, annotation_clip=False,
    )  # fmt: skip


def _legend(plot: Axes, shades: np.ndarray) -> None:
    entries = [
        Line2D([], [], color=BEST, linewidth=2.4, marker="o", markersize=5),
        Line2D([], [], color=SHADES(1.0), linewidth=1.5),
        Line2D([], [], color=SHADES(0.0), linewidth=1.5),
    ]
    names = ["chosen", "better", "worse"]
    if np.isnan(shades).any():
        entries.append(Line2D([], [], color=OTHER_GREY, linewidth=1, linestyle="dotted"))
        names.append("no score")
    plot.legend(
        entries, names, loc="upper left", bbox_to_anchor=(-0.09, -0.02), ncols=4, frameon=False,
        fontsize=SMALL, labelcolor=INK, borderaxespad=0.0,
    )  # fmt: skip
