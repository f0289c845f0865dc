"""Figures of several panels: a heading of some lines, a grid of axes, a legend and a footer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import wrap

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from clusterlab.reports.plots.canvas import (
    DPI,
    INK,
    MUTED,
    SMALL,
    TITLE_SIZE,
    WIDTH,
    calm,
    plain,
)
from clusterlab.reports.plots.footer import GROUND, HEIGHT

LINE = 0.17
"""Inches from one line of a caption to the next."""
LETTERS = 112
LEGEND_LINE = 0.23


def new_panels(
    count: int,
    *,
    columns: int,
    panel_height: float,
    title: str,
    caption: Sequence[str],
    footer: Sequence[str] = (),
    left: float = 0.62,
    right: float = 0.2,
    bottom: float = 0.55,
    gap: float = 0.6,
    above: float = 0.3,
    key: Mapping[str, Artist] | None = None,
    key_columns: int = 4,
) -> tuple[Figure, list[Axes]]:
    """A figure 8 inches wide with `count` axes in rows of `columns`.

    panel_height, left, right, bottom, gap, above: inches; bottom and above stand below and above
    each panel.
    caption: sentences, joined and broken into lines. footer: sentences for a coloured band below
    everything, one below the other; none without any. key: words -> what they explain, as a legend
    of all panels above that band.
    """
    lines = wrapped(caption)
    feet = [line for one in footer for line in wrap(one, LETTERS - 12)]
    rows = math.ceil(count / columns)
    top = 0.45 + LINE * len(lines)
    band = HEIGHT + LINE * (len(feet) - 1) if feet else 0.0
    below = band + LEGEND_LINE * math.ceil(len(key or {}) / key_columns) + (0.08 if key else 0.0)
    step = above + panel_height + bottom
    height = top + rows * step + below
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    _write_heading(figure, title, lines)
    each = (WIDTH - left - right - gap * (columns - 1)) / columns
    axes = []
    for at in range(count):
        row, column = divmod(at, columns)
        low = height - top - row * step - above - panel_height
        place = (left + column * (each + gap), low, each, panel_height)
        axes.append(
            figure.add_axes(
                (place[0] / WIDTH, place[1] / height, place[2] / WIDTH, place[3] / height)
            )
        )
        calm(axes[-1])
    if feet:
        _write_footer(figure, feet, band)
    if key:
        _draw_key(figure, key, key_columns, low=band)
    return figure, axes


def wrapped(sentences: Sequence[str]) -> list[str]:
    """The sentences in lines as wide as a figure.

    >>> wrapped(["One line.", "And its second sentence."])
    ['One line. And its second sentence.']
    """
    return wrap(" ".join(sentences), LETTERS)


def title_panel(axes: Axes, text: str, limit: int = 40) -> None:
    """A short heading over one panel, from its left edge."""
    axes.set_title(plain(text, limit), loc="left", fontsize=SMALL, color=INK, weight="bold", pad=5)


def _write_heading(figure: Figure, title: str, lines: Sequence[str]) -> None:
    height, left = figure.get_figheight(), 0.15 / WIDTH
    heading = figure.text(left, 1 - 0.14 / height, plain(title, 90), va="top", weight="bold")
    heading.set(color=INK, fontsize=TITLE_SIZE)
    for at, line in enumerate(lines):
        where = 1 - (0.41 + LINE * at) / height
        figure.text(left, where, plain(line, LETTERS + 1), va="top", color=MUTED, fontsize=SMALL)


def _draw_key(figure: Figure, key: Mapping[str, Artist], ncols: int, *, low: float) -> None:
    figure.legend(
        list(key.values()),
        [plain(words, 60) for words in key],
        loc="lower left",
        bbox_to_anchor=(0.08 / WIDTH, (low + 0.02) / figure.get_figheight()),
        ncols=ncols,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        handletextpad=0.5,
        columnspacing=1.4,
        labelspacing=0.35,
        borderaxespad=0.0,
    )


def _write_footer(figure: Figure, lines: Sequence[str], band: float) -> None:
    height = figure.get_figheight()
    ground = Rectangle((0, 0), 1, band / height, transform=figure.transFigure, facecolor=GROUND)
    figure.add_artist(ground)
    for at, line in enumerate(lines):
        where = (band - HEIGHT / 2 - LINE * at) / height
        text = figure.text(0.15 / WIDTH, where, plain(line, LETTERS), va="center", weight="bold")
        text.set(color=INK, fontsize=SMALL)
