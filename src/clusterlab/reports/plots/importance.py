"""How much each parameter of a search matters, with what chance would give."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, new_axes, plain

ROW = 0.32
MOST_BARS = 20


def draw_importance(
    names: Sequence[str],
    shares: Sequence[float],
    chance: Sequence[float],
    *,
    title: str,
    caption: str,
) -> Figure:
    """One bar a parameter, in the order given. shares, chance: in [0, 1]; the grey tick on a bar is
    what trials called the best at random would give it."""
    shown = min(len(names), MOST_BARS)
    labels = [plain(name, 34) for name in names[:shown]]
    figure, (axes,) = new_axes(
        height=1.15 + ROW * shown,
        title=plain(title, 80),
        caption=plain(caption, 115),
        left=0.35 + 0.075 * max((len(label) for label in labels), default=0),
        right=0.8,
        bottom=0.3,
    )
    axes.barh(range(shown), shares[:shown], color=PALETTE[0], height=0.6)
    for row in range(shown):
        axes.vlines(chance[row], row - 0.42, row + 0.42, color=MUTED, linewidth=2)
        axes.annotate(
            f"{shares[row]:.0%}",
            (max(shares[row], chance[row]), row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK,
        )
    axes.set_ylim(shown - 0.4, -0.6)
    axes.set_yticks(list(range(shown)), labels)
    axes.set_xlim(0, max([*shares, *chance]) or 1.0)
    axes.set_xticks([])
    axes.tick_params(left=False)
    axes.spines["bottom"].set_visible(False)
    return figure
