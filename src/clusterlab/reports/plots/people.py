"""A clustering's agreement with each of several people, beside their agreement with each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import INK, MUTED, RULE, SMALL, new_axes, plain

MOST_PEOPLE = 20
ROW = 0.42


def draw_people_agreement(
    people: Sequence[str],
    ours: Sequence[float],
    others: Sequence[float],
    *,
    mean: float,
    spread: float,
    caption: str,
) -> Figure:
    """A row each person, in the order given, the first 20; NaN is not drawn.

    ours: the adjusted Rand index of the clustering with the person; others: the mean of the other
    people with that person. mean, spread: over all pairs of people, the line and its band.
    """
    shown = min(len(people), MOST_PEOPLE)
    names = [plain(name, 28) for name in people[:shown]]
    figure, (axes,) = new_axes(
        height=1.75 + ROW * shown,
        title="Agreement with people (adjusted Rand index)",
        caption=caption,
        left=0.35 + 0.072 * max(map(len, names), default=0),
        right=0.4,
        bottom=0.75,
    )
    rows = np.arange(shown)
    if math.isfinite(spread):
        axes.axvspan(mean - spread, mean + spread, color=PALETTE[1], alpha=0.16, linewidth=0)
    if math.isfinite(mean):
        axes.axvline(mean, color=PALETTE[1], linewidth=1.8, label="ceiling: people's mean")
    axes.axvline(0, color=MUTED, linewidth=1, linestyle=(0, (2, 2)), label="chance")
    axes.hlines(rows, ours[:shown], others[:shown], color=RULE, linewidth=3, zorder=1)
    axes.plot(ours[:shown], rows, "o", color=PALETTE[0], markersize=8, label="this clustering")
    axes.plot(
        others[:shown],
        rows,
        "D",
        color="white",
        markeredgecolor=INK,
        markersize=8,
        label="other people",
    )
    axes.set_ylim(shown - 0.4, -0.6)
    axes.set_yticks(rows.tolist(), names)
    known = [value for value in (*ours, *others, mean, 0.0) if math.isfinite(value)]
    axes.set_xlim(min(-0.05, min(known) - 0.05), max(1.0, max(known)) + 0.02)
    axes.tick_params(axis="y", left=False)
    axes.grid(axis="x", color="#eceef0", linewidth=0.8)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="lower left",
        bbox_to_anchor=(0.01, 0.0),
        ncols=4,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
    )
    return figure
