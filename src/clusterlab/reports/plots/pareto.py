"""Two measures of every trial against each other: a Pareto front, or a look back with labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import INK, SMALL, new_axes, plain
from clusterlab.reports.plots.window import window

TRIAL, CHOSEN, OTHER = PALETTE[0], PALETTE[4], PALETTE[2]
FAINT = "#eceef0"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """values: (n,) finite, one a trial. maximize: whether more is better."""

    name: str
    values: Sequence[float]
    maximize: bool = True


def draw_pareto(
    x: Measure,
    y: Measure,
    *,
    front: Sequence[int],
    best: Mapping[int, str],
    title: str,
    caption: str,
) -> Figure:
    """front: positions of the trials that no other beats in every objective, joined in the order of
    x where there are two objectives only. best: position -> what is written beside it."""
    figure, axes = _scatter(x, y, title, caption)
    rows = sorted(front, key=lambda row: x.values[row])
    if rows:
        across, up = [x.values[row] for row in rows], [y.values[row] for row in rows]
        # A step from one to the next goes by the corner that both beat.
        where: Literal["pre", "post"] = "pre" if x.maximize else "post"
        axes.step(across, up, where=where, color=CHOSEN, linewidth=1.2, alpha=0.7, zorder=2)
        axes.scatter(across, up, s=34, color=CHOSEN, linewidths=0, zorder=4)
    for row, name in best.items():
        _write(axes, name, x.values[row], y.values[row], CHOSEN)
    return figure


def draw_hindsight(
    x: Measure,
    y: Measure,
    *,
    chosen: Mapping[int, str],
    reachable: int,
    title: str,
    caption: str,
) -> Figure:
    """x: the objective. y: what the labels say. chosen: position -> what is written beside a trial
    that the search chose. reachable: the position of the best one by the labels."""
    figure, axes = _scatter(x, y, title, caption)
    axes.axhline(float(np.median(y.values)), color=OTHER, linewidth=1, linestyle=(0, (4, 3)))
    # Where the worse trials are there are fewer.
    side = 0 if x.maximize else 1
    axes.annotate(
        "median", (side, float(np.median(y.values))), xycoords=("axes fraction", "data"),
        xytext=(4 if x.maximize else -4, 3), textcoords="offset points",
        ha="left" if x.maximize else "right", fontsize=SMALL, color=OTHER,
    )  # fmt: skip
    if reachable not in chosen:
        _write(axes, "best by the labels", x.values[reachable], y.values[reachable], OTHER)
    for row, name in chosen.items():
        text = f"{name}, and best by the labels" if row == reachable else name
        _write(axes, text, x.values[row], y.values[row], CHOSEN)
    return figure


def _scatter(x: Measure, y: Measure, title: str, caption: str) -> tuple[Figure, Axes]:
    """What is far worse than the rest lies hollow at the edge, so that it does not squeeze them."""
    left, right = window(x.values, maximize=x.maximize)
    low, high = window(y.values, maximize=y.maximize)
    across, up = np.clip(x.values, left, right), np.clip(y.values, low, high)
    inside = (across == np.asarray(x.values)) & (up == np.asarray(y.values))
    if not inside.all():
        caption += ". Hollow: farther out"
    figure, (axes,) = new_axes(
        height=4.3, title=plain(title, 80), caption=plain(caption, 115), left=0.85, bottom=0.65
    )
    axes.scatter(across[inside], up[inside], s=20, color=TRIAL, alpha=0.6, linewidths=0, zorder=3)
    axes.scatter(
        across[~inside], up[~inside], s=18, facecolors="white", edgecolors=TRIAL, linewidths=1,
        zorder=3, clip_on=False,
    )  # fmt: skip
    axes.set_xlim(left, right)
    axes.set_ylim(low, high + 0.06 * (high - low))
    axes.set_xlabel(plain(_axis(x), 70))
    axes.set_ylabel(plain(_axis(y), 48))
    axes.grid(color=FAINT, linewidth=0.8)
    return figure, axes


def _axis(measure: Measure) -> str:
    return f"{measure.name} ({'higher' if measure.maximize else 'lower'} is better)"


def _write(axes: Axes, text: str, x: float, y: float, colour: str) -> None:
    """A ring with words on the side where there is room."""
    axes.scatter([x], [y], s=80, facecolors="none", edgecolors=colour, linewidths=1.8, zorder=5)
    left, right = axes.get_xlim()
    after = x < (left + right) / 2
    axes.annotate(
        plain(text, 40),
        (x, y),
        xytext=(8 if after else -8, 7),
        textcoords="offset points",
        ha="left" if after else "right",
        fontsize=SMALL,
        color=INK,
        zorder=6,
        bbox={
            "boxstyle": "round,pad=0.15",
            "facecolor": "white",
            "edgecolor": "none",
            "alpha": 0.8,
        },
    )
