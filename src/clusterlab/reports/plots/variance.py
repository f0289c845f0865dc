"""How much of the features' variance the components of a PCA keep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import INK, SMALL, new_axes

# Where the studies read the curve.
POINTS = (2, 10, 50, 60, 75, 100, 120)
MOST_DOTS = 60
# Below this there is room for two lines of it under the curve.
_FEW = 20


def draw_variance(explained: np.ndarray, *, points: Sequence[int] = POINTS) -> Figure:
    """explained: (r,) share of the variance a component, in [0, 1]. points: numbers of components
    at which the share of all up to there is written, where there are so many."""
    kept = np.cumsum(explained)
    count = len(explained)
    plural = "components" if count > 1 else "component"
    figure, (axes,) = new_axes(
        height=3.8,
        title=f"{count} {plural} keep {kept[-1]:.0%} of the variance",
        caption="Line: all components up to this one. Bars: each component alone",
        left=0.75,
        bottom=0.6,
    )
    numbers = np.arange(1, count + 1)
    axes.bar(numbers, explained, color=PALETTE[5], width=0.8 if count < 80 else 1.0)
    marker = "o" if count <= MOST_DOTS else ""
    axes.plot(numbers, kept, color=PALETTE[0], linewidth=1.6, marker=marker, markersize=3)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0.3, count + 0.7)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.grid(axis="y", color="#eceef0", linewidth=0.8)
    axes.locator_params(axis="x", nbins=10, integer=True)
    axes.set_xlabel("component")
    _write_half(axes, kept)
    if count >= _FEW:
        _write_points(axes, kept, [point for point in points if point <= count])
    return figure


def _write_half(axes: Axes, kept: np.ndarray) -> None:
    half = int(np.searchsorted(kept, kept[-1] / 2))
    axes.annotate(
        f"half of that after {half + 1}",
        (half + 1, kept[half]),
        xytext=(8, -12),
        textcoords="offset points",
        fontsize=SMALL,
        color=INK,
    )


def _write_points(axes: Axes, kept: np.ndarray, points: Sequence[int]) -> None:
    """Rings on the curve, and what they say in the empty corner below it: on the curve their
    numbers would lie over each other."""
    if not points:
        return
    shares = [float(kept[point - 1]) for point in points]
    axes.plot(
        points,
        shares,
        linestyle="",
        marker="o",
        markersize=5.5,
        markerfacecolor="white",
        markeredgecolor=PALETTE[0],
        markeredgewidth=1.4,
    )
    lines = [
        f"first {point:>3}  {share:>6.2%}" for point, share in zip(points, shares, strict=True)
    ]
    axes.annotate(
        "\n".join(lines),
        (1, 0),
        xycoords="axes fraction",
        xytext=(-6, 18),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=SMALL - 0.5,
        family="monospace",
        color=INK,
        linespacing=1.35,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
    )
