"""How many training images a class has, and how often an epoch shows it after rebalancing."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from clusterlab.reports.palette import OTHER_GREY, PALETTE
from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, new_axes, plain

MOST_CLASSES = 40
MANY = 20
BEFORE, AFTER = PALETTE[5], PALETTE[0]
DROPPED = OTHER_GREY


def draw_distribution(column: str, classes: pd.DataFrame, *, rebalanced: bool) -> Figure:
    """classes: rows of distribution.csv, most frequent first, at least one with a training image.

    Two bars a class, or one where nothing rebalances; a dropped class has one grey bar.
    """
    taught = classes[classes["train"] > 0]
    shown, hidden = taught.iloc[:MOST_CLASSES], taught.iloc[MOST_CLASSES:]
    labels = [plain(name, 28) for name in shown["class"]]
    row = (0.29 if len(shown) <= MANY else 0.24) if rebalanced else 0.22
    note, entries = _hidden(hidden), _entries(shown, rebalanced=rebalanced)
    bottom = (0.45 if len(entries) > 1 else 0.15) + (0.2 if note else 0.0)
    what = "before and after rebalancing" if rebalanced else f"{len(taught):,} classes"
    figure, (axes,) = new_axes(
        height=0.95 + row * len(shown) + bottom,
        title=f"Training images of “{plain(column)}”: {what}",
        caption=_caption(taught, rebalanced=rebalanced),
        left=0.35 + 0.072 * max(map(len, labels)),
        right=1.6,
        bottom=bottom,
    )
    _draw_bars(axes, shown, rebalanced=rebalanced)
    axes.set_yticks(range(len(shown)), labels)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, max(shown["train"].max(), shown["items"].max(), 1))
    axes.set_xticks([])
    axes.tick_params(left=False)
    axes.spines["bottom"].set_visible(False)
    if len(entries) > 1:
        _legend(axes, entries)
    if note:
        at = 0.12 / figure.get_figheight()
        figure.text(0.15 / 8, at, note, fontsize=SMALL, color=MUTED)
    return figure


def is_dropped(classes: pd.DataFrame) -> pd.Series:
    """(c,) bool: whether rebalancing left the class out."""
    return classes["status"].str.startswith("dropped")


def _draw_bars(axes: Axes, shown: pd.DataFrame, *, rebalanced: bool) -> None:
    dropped = is_dropped(shown).tolist()
    for at, (train, items) in enumerate(zip(shown["train"], shown["items"], strict=True)):
        both = rebalanced and not dropped[at]
        height = 0.38 if both else 0.55
        axes.barh(at - 0.2 if both else at, train, height, color=DROPPED if dropped[at] else BEFORE)
        text = f"{train:,}"
        if both:
            axes.barh(at + 0.2, items, height, color=AFTER)
            text += f" \N{RIGHTWARDS ARROW} {items:,}"
        axes.annotate(
            f"{text}, dropped" if dropped[at] else text,
            (max(train, items if both else 0), at),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK,
        )


def _entries(shown: pd.DataFrame, *, rebalanced: bool) -> dict[str, str]:
    """Name -> colour of the kinds of bars that there are."""
    found = {"training images": BEFORE}
    if rebalanced:
        found["shown in an epoch, copies included"] = AFTER
    if is_dropped(shown).any():
        found["dropped"] = DROPPED
    return found


def _legend(axes: Axes, entries: Mapping[str, str]) -> None:
    axes.legend(
        [Patch(color=colour) for colour in entries.values()],
        list(entries),
        loc="upper left",
        bbox_to_anchor=(0, 0),
        ncols=len(entries),
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        borderaxespad=0.4,
        handlelength=1.2,
    )


def _caption(taught: pd.DataFrame, *, rebalanced: bool) -> str:
    text = f"Labels: {taught['train'].sum():,}"
    if rebalanced:
        text += f", in an epoch {taught['items'].sum():,}"
    left = taught[is_dropped(taught)]
    if len(left):
        text += f"; {len(left):,} of {len(taught):,} classes with {left['train'].sum():,} images "
        text += "were dropped"
    return text


def _hidden(hidden: pd.DataFrame) -> str:
    if not len(hidden):
        return ""
    text = f"and {len(hidden):,} smaller classes of {hidden['train'].min():,} to "
    text += f"{hidden['train'].max():,} images"
    dropped = int(is_dropped(hidden).sum())
    return f"{text}, {dropped:,} of them dropped" if dropped else text
