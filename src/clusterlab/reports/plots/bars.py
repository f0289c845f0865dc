"""Horizontal bars with their numbers: cluster sizes, class counts."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, new_axes, plain

MOST_BARS = 40
ROW = 0.25
NARROW_ROW = 0.2
MANY = 20


def draw_bars(
    names: Sequence[str],
    counts: Sequence[int],
    colours: Sequence[str],
    *,
    title: str,
    caption: str,
    of: int,
    rest: str,
) -> Figure:
    """One bar a name, in the order given, with its count and share `of` all.

    rest: what the bars past the 40th are called, such as "smaller clusters"; a line counts them
    instead, so that every bar stays legible.
    """
    shown = min(len(names), MOST_BARS)
    hidden = counts[shown:]
    row_height = ROW if shown <= MANY else NARROW_ROW
    labels = [plain(name, 28) for name in names[:shown]]
    figure, (axes,) = new_axes(
        height=1.25 + row_height * shown + (0.2 if hidden else 0.0),
        title=title,
        caption=caption,
        left=0.35 + 0.072 * max((len(label) for label in labels), default=0),
        right=1.2,
        bottom=0.35 + (0.2 if hidden else 0.0),
    )
    rows = range(shown)
    axes.barh(rows, counts[:shown], color=colours[:shown], height=0.68)
    axes.set_ylim(shown - 0.4, -0.6)
    axes.set_yticks(list(rows), labels)
    axes.set_xlim(0, max([*counts, 1]))
    axes.set_xticks([])
    axes.tick_params(left=False)
    axes.spines["bottom"].set_visible(False)
    for row in rows:
        text = f"{counts[row]:,}  ({counts[row] / max(of, 1):.1%})"
        axes.annotate(
            text,
            (counts[row], row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK,
        )
    if hidden:
        note = f"and {len(hidden)} {rest} of {min(hidden):,} to {max(hidden):,} images"
        figure.text(0.15 / 8, 0.12 / figure.get_figheight(), note, fontsize=SMALL, color=MUTED)
    return figure
