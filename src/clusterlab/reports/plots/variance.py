"""How much of the features' variance the components of a PCA keep."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import INK, SMALL, new_axes


def draw_variance(explained: np.ndarray) -> Figure:
    """explained: (r,) share of the variance a component, in [0, 1]."""
    kept = np.cumsum(explained)
    count = len(explained)
    plural = "components" if count > 1 else "component"
    figure, (axes,) = new_axes(
        height=3.4,
        title=f"{count} {plural} keep {kept[-1]:.0%} of the variance",
        caption="Line: all components up to this one. Bars: each component alone",
        left=0.75,
        bottom=0.6,
    )
    numbers = np.arange(1, count + 1)
    axes.bar(numbers, explained, color=PALETTE[5], width=0.8 if count < 80 else 1.0)
    marker = "o" if count <= 60 else ""
    axes.plot(numbers, kept, color=PALETTE[0], linewidth=1.6, marker=marker, markersize=3)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0.3, count + 0.7)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.grid(axis="y", color="#eceef0", linewidth=0.8)
    axes.locator_params(axis="x", nbins=10, integer=True)
    axes.set_xlabel("component")
    half = int(np.searchsorted(kept, kept[-1] / 2))
    axes.annotate(
        f"half of that after {half + 1}",
        (numbers[half], kept[half]),
        xytext=(8, -12),
        textcoords="offset points",
        fontsize=SMALL,
        color=INK,
    )
    return figure
