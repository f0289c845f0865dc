"""The silhouette of each cluster, the best first, as wide as the cluster is large."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, new_axes

_GAPLESS = 60


def draw_silhouettes(
    values: np.ndarray,
    sizes: np.ndarray,
    *,
    noise: int | None,
    colour: str,
    grey: str,
    title: str,
    caption: str,
) -> Figure:
    """values: (k,) the mean silhouette of each cluster's images, NaN where undefined. sizes: (k,)
    images. noise: the position of noise among them, drawn in `grey` after the clusters; None for
    no noise. The line is at the mean over all images, noise among them.
    """
    known = np.flatnonzero(np.isfinite(values))
    clusters = known[known != noise] if noise is not None else known
    order = clusters[np.argsort(-values[clusters], kind="stable")]
    if noise is not None and noise in known:
        order = np.append(order, noise)
    left = np.cumsum(sizes[order]) - sizes[order]
    colours = [grey if at == noise else colour for at in order]
    figure, (axes,) = new_axes(height=3.4, title=title, caption=caption, left=0.75)
    edge = "none" if len(order) > _GAPLESS else "white"
    axes.bar(left, values[order], sizes[order], color=colours, align="edge", edgecolor=edge)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    if len(order):
        mean = float(np.average(values[order], weights=sizes[order]))
        axes.axhline(mean, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"mean {mean:.3f}",
            (float(sizes[order].sum()), mean),
            xytext=(-4, 4),
            textcoords="offset points",
            ha="right",
            fontsize=SMALL,
            color=INK,
        )
    axes.set_xlim(0, max(1, int(sizes[order].sum())))
    axes.set_ylabel("silhouette")
    axes.set_xlabel("images")
    return figure
