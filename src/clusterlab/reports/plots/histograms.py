"""Image widths, heights and shapes as histograms."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import new_axes


def draw_image_sizes(widths: np.ndarray, heights: np.ndarray) -> Figure:
    """widths, heights: (n,) pixels of the upright images, n >= 1."""
    sizes = f"{_range(widths)} wide, {_range(heights)} high"
    figure, axes = new_axes(
        height=2.9,
        title=f"Image sizes in pixels: {sizes}",
        caption=f"Median {_size(np.median(widths), np.median(heights))}, n={len(widths):,}",
        left=0.6,
        bottom=0.55,
        columns=3,
    )
    ratios = widths / heights
    for one, values, label in zip(
        axes,
        (widths, heights, ratios),
        ("width in pixels", "height in pixels", "width : height"),
        strict=True,
    ):
        bins = _bins(values)
        one.hist(values, bins=bins, color=PALETTE[0], alpha=0.85)
        one.set_xlabel(label)
        one.locator_params(axis="x", nbins=4)
        one.locator_params(axis="y", nbins=4, integer=True)
    axes[0].set_ylabel("images")
    return figure


def _range(values: np.ndarray) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _size(width: float, height: float) -> str:
    return f"{width:.0f} \N{MULTIPLICATION SIGN} {height:.0f}"


def _bins(values: np.ndarray) -> list[float]:
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low * 0.9, low * 1.1, 22) if low == high else np.linspace(low, high, 25)
    return [float(edge) for edge in edges]
