"""What the labels inside each cluster are: one bar a cluster, stacked by label."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from clusterlab.reports.classes import MISSING, Classes, Group, legend
from clusterlab.reports.members import clusters_by_size
from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, WIDTH, new_axes, plain
from clusterlab.types import NOISE

MOST_BARS = 40
MANY = 20
ROW = 0.27
NARROW_ROW = 0.21
WIDE_ROW = 0.42
LEGEND_ROW = 0.18
LONGEST = 24
LONGEST_NAME = 28
LETTER = 0.075
FEWEST_LETTERS = 6
HATCH = "////"
SLIVER = 0.004
NOTHING = "\N{EN DASH}"
TOP_WITHOUT_COLOUR = "#5c5c5c"


def draw_stacked(
    classes: Classes,
    labels: np.ndarray,
    shares: Mapping[int, float],
    *,
    threshold: float,
    called: Mapping[int, str],
    several: bool = False,
) -> Figure:
    """classes: of (n,) images, some with a label. labels: (n,) int clusters, -1 is noise.

    The largest clusters first, noise last and hatched. In a bar the cluster's commonest label comes
    first, by its name where there is room, then the others from the most frequent of all to the
    rarest; those that have no colour share a grey.
    shares: cluster -> the share of its commonest label among the images that have one; it stands
    beside the bar. threshold: the share above which a cluster is good, where at least half of its
    images have a label. called: cluster -> its name.
    several: an image may have several values; the bars are of whole sets, the shares of values.
    """
    clusters = clusters_by_size(labels)
    found = [cluster for cluster in clusters if cluster != NOISE]
    shown = found[:MOST_BARS] + [cluster for cluster in clusters if cluster == NOISE]
    groups, codes = legend(classes)
    figure, axes = _paper(
        f"Labels inside the clusters: “{plain(classes.column)}”",
        _caption(threshold, several=several),
        names=[plain(called[cluster], LONGEST_NAME) for cluster in shown],
        groups=groups,
        n_hidden=len(found) - len(found[:MOST_BARS]),
    )
    for at, cluster in enumerate(shown):
        inside, is_noise = labels == cluster, cluster == NOISE
        share = shares.get(cluster, math.nan)
        _draw_bar(axes, at, _segments(classes, groups, codes, inside), is_noise=is_noise)
        size = int(inside.sum())
        enough = 2 * int((inside & (classes.codes >= 0)).sum()) >= size
        good = enough and share > threshold and not is_noise
        _write(axes, at, size, share, good=good)
    return figure


def _paper(
    title: str, caption: str, *, names: Sequence[str], groups: Sequence[Group], n_hidden: int
) -> tuple[Figure, Axes]:
    """The figure with everything but the bars. names: of the bars. n_hidden: clusters without."""
    beside, row = _heights(len(names), len(groups))
    bottom = 0.15 + (0.2 if n_hidden else 0.0)
    width = 0.5 + 0.068 * max(len(plain(group.name, LONGEST)) for group in groups)
    figure, (axes,) = new_axes(
        height=0.85 + max(row * len(names), beside) + bottom,
        title=title,
        caption=caption,
        left=0.3 + 0.072 * max(len(name) for name in names),
        right=0.95 + width,
        bottom=bottom,
    )
    _frame(axes, names, n_rows=max(len(names), beside / row))
    _draw_legend(figure, groups, width)
    if n_hidden:
        note, low = f"and {n_hidden:,} smaller clusters", 0.1 / figure.get_figheight()
        figure.text(0.15 / WIDTH, low, note, fontsize=SMALL, color=MUTED)
    return figure, axes


def _caption(threshold: float, *, several: bool) -> str:
    if several:
        text = (
            "Bars: sets of values. Right: images, and the share of the commonest value among those"
        )
        return f"{text} that have one; bold: above {threshold:.0%}"
    text = "Right: images, and the share of the commonest label among those that have one"
    return f"{text}; bold: good, above {threshold:.0%}"


def _heights(n_bars: int, n_groups: int) -> tuple[float, float]:
    """Inches: of the legend, and of a bar with its gap; a few bars spread out beside a long one."""
    legend_height = LEGEND_ROW * n_groups
    row = ROW if n_bars <= MANY else NARROW_ROW
    return legend_height, float(np.clip(legend_height / n_bars, row, WIDE_ROW))


def _segments(
    classes: Classes, groups: Sequence[Group], codes: np.ndarray, inside: np.ndarray
) -> list[tuple[float, str, str]]:
    """(share, colour, name) from left to right; only the commonest label has a name.

    codes: (n,) int into groups. inside: (n,) bool, the cluster's images.
    """
    counts = np.bincount(codes[inside], minlength=len(groups))
    size = int(counts.sum())
    found = []
    own = classes.codes[inside & (classes.codes != MISSING)]
    if len(own):
        per_class = np.bincount(own)
        tied = np.flatnonzero(per_class == per_class.max()).tolist()
        top = min(tied, key=lambda code: classes.names[code])
        group = int(codes[classes.codes == top][0])
        counts[group] -= per_class[top]
        colour = groups[group].colour if groups[group].role == "class" else TOP_WITHOUT_COLOUR
        found.append((per_class[top] / size, colour, classes.names[top]))
    found += [(n / size, g.colour, "") for n, g in zip(counts, groups, strict=True) if n]
    return found


def _draw_bar(
    axes: Axes, at: int, segments: Sequence[tuple[float, str, str]], *, is_noise: bool
) -> None:
    inches = axes.get_position().width * WIDTH
    left = 0.0
    for share, colour, name in segments:
        axes.barh(
            at,
            share,
            left=left,
            height=0.74,
            color=colour,
            # A rim of white would swallow what is thinner than itself.
            linewidth=0.5 if share > SLIVER else 0.0,
            edgecolor="white",
            hatch=HATCH if is_noise else None,
        )
        letters = int((share * inches - 0.1) / LETTER)
        if name and not is_noise and letters >= min(len(name), FEWEST_LETTERS):
            axes.annotate(
                plain(name, letters),
                (left, at),
                xytext=(4, -0.5),
                textcoords="offset points",
                va="center",
                fontsize=SMALL - 1,
                color="white" if _is_dark(colour) else INK,
            )
        left += share


def _write(axes: Axes, at: int, size: int, share: float, *, good: bool) -> None:
    """share: NaN where no image has a label."""
    top = f"{share:.0%}" if math.isfinite(share) else NOTHING
    for text, offset, bold in ((f"{size:,}", 30, False), (top, 62, good)):
        axes.annotate(
            text,
            (1, at),
            xytext=(offset, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=SMALL,
            color=INK,
            weight="bold" if bold else "normal",
        )


def _is_dark(colour: str) -> bool:
    red, green, blue = to_rgb(colour)
    return bool(0.3 * red + 0.59 * green + 0.11 * blue < 0.5)


def _frame(axes: Axes, names: Sequence[str], *, n_rows: float) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(n_rows - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.tick_params(left=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _draw_legend(figure: Figure, groups: Sequence[Group], width: float) -> None:
    height = figure.get_figheight()
    figure.legend(
        [Patch(color=group.colour) for group in groups],
        [plain(group.name, LONGEST) for group in groups],
        loc="upper left",
        bbox_to_anchor=(1 - width / WIDTH, 1 - 0.68 / height),
        borderaxespad=0.0,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        handlelength=1.0,
        handletextpad=0.5,
        labelspacing=0.42,
    )
