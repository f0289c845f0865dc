"""How far apart the means of the classes are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.plots.canvas import MUTED, SMALL, new_axes, plain
from clusterlab.reports.plots.contingency import SHADES
from clusterlab.reports.plots.dendrogram import every

MOST_CLASSES = 100
MOST_NAMES = 50
NOTHING = "#eceef0"


def draw_class_distances(distances: np.ndarray, names: Sequence[str], *, column: str) -> Figure:
    """distances: (c, c), symmetric. names: (c,). Both in the order of the tree's leaves, so that
    classes that join early stand beside each other. Above 100 classes the first 100 are drawn."""
    shown = distances[:MOST_CLASSES, :MOST_CLASSES].astype(float)
    n = len(shown)
    apart = shown[~np.eye(n, dtype=bool)]
    step = every(n, MOST_NAMES)
    labels = [plain(name, 22) for name in names[:n]]
    size = SMALL - 1 if n <= MOST_NAMES // 2 else SMALL - 2.5
    longest = 0.0078 * size * max(map(len, labels))
    left, below = 0.3 + longest, 0.25 + longest
    side = 8.0 - left - 0.85
    figure, (axes,) = new_axes(
        height=0.75 + side + below,
        title=f"How far apart the classes of “{plain(column, 28)}” are",
        caption=_caption(shown, labels, total=len(distances)),
        left=left,
        right=0.85,
        bottom=below,
    )
    np.fill_diagonal(shown, np.nan)
    picture = axes.imshow(
        shown,
        cmap=SHADES.reversed().with_extremes(bad=NOTHING),
        vmin=float(apart.min()),
        vmax=float(apart.max()),
        interpolation="nearest",
    )
    at = range(0, n, step)
    axes.set_yticks(at, [labels[place] for place in at])
    axes.set_xticks(at, [labels[place] for place in at], rotation=90)
    axes.tick_params(length=0, labelsize=size)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(picture, ax=axes, cax=axes.inset_axes((1.025, 0.0, 0.025, 1.0)))
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL - 1, length=0, labelcolor=MUTED)
    return figure


def _caption(shown: np.ndarray, labels: Sequence[str], *, total: int) -> str:
    upper = np.where(np.triu(np.ones_like(shown, dtype=bool), 1), shown, np.nan)
    one, other = divmod(int(np.nanargmin(upper)), len(upper))
    text = f"Darker is nearer; nearest: {labels[one]} and {labels[other]}"
    if total > len(shown):
        text += f". The first {len(shown):,} of {total:,} classes"
    return text
