"""How classes join: the tree of their means, with the line where it is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram, fcluster

from clusterlab.reports.page.text import plural
from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, new_axes, plain

MOST_NAMES = 60
TALLEST = 10.5
# scipy draws its leaves at 5, 15, 25, ...
_LEAF = 10.0
_ABOVE = "#9aa1a7"


def draw_dendrogram(
    linkage: np.ndarray, names: Sequence[str], *, cut: float, column: str
) -> Figure:
    """linkage: (c - 1, 4) as scipy has it. names: (c,) of the leaves. cut: the share of the
    greatest height where the line is drawn; the classes that join below it have one colour.

    Leaves stand from top to bottom, so that their names can be read; above 60 every few of them.
    """
    height = cut * float(linkage[:, 2].max())
    n_groups = len(set(fcluster(linkage, height, criterion="distance").tolist()))
    step = every(len(names))
    rows = min(len(names), MOST_NAMES)
    labels = [plain(name, 24) for name in names]
    figure, (axes,) = new_axes(
        height=min(TALLEST, 1.5 + 0.16 * rows),
        title=f"How the {len(names):,} classes of “{plain(column, 28)}” join",
        caption=_caption(step, len(names), n_groups, height),
        left=0.3 + 0.068 * max(map(len, labels)),
        bottom=0.6,
        right=0.3,
    )
    # Of each bracket, which join it is.
    tree = dendrogram(linkage, no_plot=True, link_color_func=str)
    _draw_links(axes, linkage, tree, height)
    axes.set_ylim(_LEAF * len(names), 0)
    axes.set_xlim(0, 1.04 * float(linkage[:, 2].max()) or 1.0)
    order = tree["leaves"]
    at = range(0, len(order), step)
    axes.set_yticks([_LEAF * (place + 0.5) for place in at], [labels[order[place]] for place in at])
    axes.tick_params(axis="y", length=0, labelsize=SMALL - 1)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("height at which they join (Ward)")
    axes.axvline(height, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        f"{cut:.0%}: {height:.3g}",
        (height, 1),
        xycoords=("data", "axes fraction"),
        xytext=(3, 2),
        textcoords="offset points",
        fontsize=SMALL,
        color=MUTED,
    )
    return figure


def every(n: int, most: int = MOST_NAMES) -> int:
    """Which of n names are written: every so many of them, at most `most`.

    >>> every(60), every(61), every(233)
    (1, 2, 4)
    """
    return max(1, -(-n // most))


def _caption(step: int, n: int, n_groups: int, height: float) -> str:
    text = f"The line at {height:.3g} cuts it into {plural(n_groups, 'group')}"
    thinned = f"Every {step}{'nd' if step == 2 else 'rd' if step == 3 else 'th'} of {n:,} names"
    return f"{text}. {thinned}; macro.csv has all" if step > 1 else text


def _draw_links(axes: Axes, linkage: np.ndarray, tree: Mapping[str, Any], height: float) -> None:
    """The brackets. Those below the line have the colour of their group, in the order of the
    leaves; a group of one class has no bracket."""
    n = len(linkage) + 1
    groups = fcluster(linkage, height, criterion="distance")
    rank: dict[int, int] = {}
    colours = []
    joins = [int(node) for node in tree["color_list"]]
    for leaf in tree["leaves"]:
        if (groups == groups[leaf]).sum() > 1:
            rank.setdefault(int(groups[leaf]), len(rank))
    for node in joins:
        below = linkage[node - n, 2] <= height
        group = int(groups[_leaf_of(linkage, node)])
        colours.append(PALETTE[rank[group] % len(PALETTE)] if below else _ABOVE)
    lines = [
        np.column_stack([heights, places])
        for places, heights in zip(tree["icoord"], tree["dcoord"], strict=True)
    ]
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=1.1))


def _leaf_of(linkage: np.ndarray, node: int) -> int:
    """One of the leaves below a node of the tree."""
    n = len(linkage) + 1
    while node >= n:
        node = int(linkage[node - n, 0])
    return node
