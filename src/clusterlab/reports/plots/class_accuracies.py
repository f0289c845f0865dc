"""How the accuracies of the classes are spread, as a histogram."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, new_axes, plain

BINS = 20


def draw_class_accuracies(
    accuracy: np.ndarray,
    *,
    column: str,
    majority: float,
    unit: tuple[str, str] = ("class", "classes"),
) -> Figure:
    """accuracy: (c,) in [0, 1], one a class, c >= 1. majority: the accuracy of who always names the
    commonest training class, NaN for none. unit: what a class is called, and what several are."""
    mean, median = float(accuracy.mean()), float(np.median(accuracy))
    lines = {
        f"mean {mean:.0%}": (mean, INK, "-"),
        f"median {median:.0%}": (median, INK, "--"),
    }
    if np.isfinite(majority):
        lines[f"always the commonest class {majority:.1%}"] = (majority, PALETTE[1], ":")
    figure, (axes,) = new_axes(
        height=3.7,
        title=f"How well each of {_count(len(accuracy), unit)} of “{plain(column)}” is learned",
        caption=_caption(accuracy, unit),
        left=0.6,
        bottom=0.85,
    )
    # A class at 100 % belongs to the last bar, one at 0 to the first.
    axes.hist(accuracy, bins=np.linspace(0, 1, BINS + 1).tolist(), color=PALETTE[0], alpha=0.85)
    for label, (at, colour, style) in lines.items():
        axes.axvline(at, color=colour, linestyle=style, linewidth=1.6, label=label)
    axes.set_xlim(-0.01, 1.01)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.locator_params(axis="y", nbins=5, integer=True)
    axes.set_xlabel(f"share of the test images of a {unit[0]} that are found")
    axes.set_ylabel(unit[1])
    legend = axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.19),
        ncols=len(lines),
        frameon=False,
        fontsize=SMALL,
        borderaxespad=0.1,
        handlelength=1.8,
    )
    for text in legend.get_texts():
        text.set_color(MUTED)
    return figure


def _caption(accuracy: np.ndarray, unit: tuple[str, str]) -> str:
    never, always = int((accuracy == 0).sum()), int((accuracy == 1).sum())
    return f"{_count(never, unit)} never found, {always:,} always"


def _count(n: int, unit: tuple[str, str]) -> str:
    return f"{n:,} {unit[n != 1]}"
