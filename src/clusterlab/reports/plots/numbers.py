"""Cluster numbers written on a map, where they can be read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes

from clusterlab.reports.plots.canvas import INK

PIXELS = 27.0


def write_numbers(axes: Axes, clusters: Mapping[str, np.ndarray]) -> None:
    """clusters: number -> (m, 2) points. Each number stands in the middle of its cluster, above it
    where it would cover the cluster, and aside where it would touch another number."""
    if not clusters:
        return
    # Where the points will be on the paper is known once the aspect is.
    axes.apply_aspect()
    places = np.array([_place(axes.transData.transform(rows)) for rows in clusters.values()])
    apart = axes.transData.inverted().transform(push_apart(places, distance=PIXELS))
    for number, (x, y) in zip(clusters, apart, strict=True):
        axes.text(
            x,
            y,
            number,
            fontsize=8.5,
            color=INK,
            weight="bold",
            ha="center",
            va="center",
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white", alpha=0.9)],
        )


def _place(members: np.ndarray) -> tuple[float, float]:
    """members: (m, 2) pixels. The median, or above it for a cluster no larger than a number."""
    x, y = np.median(members, axis=0)
    radius = np.quantile(np.hypot(members[:, 0] - x, members[:, 1] - y), 0.8)
    return float(x), float(y if radius > PIXELS else y + radius + PIXELS)


def push_apart(places: np.ndarray, *, distance: float) -> np.ndarray:
    """Places (k, 2) moved by as little as a few rounds find until all are `distance` apart."""
    places = places + 1e-3 * np.arange(len(places))[:, None]
    for _ in range(100):
        gaps = places[:, None] - places[None]
        lengths = np.linalg.norm(gaps, axis=2) + np.eye(len(places)) * distance
        short = np.maximum(distance - lengths, 0.0)
        if not short.any():
            break
        places = places + 0.5 * (gaps / lengths[..., None] * short[..., None]).sum(axis=1)
    return places
