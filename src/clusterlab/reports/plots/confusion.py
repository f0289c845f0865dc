"""Which classes a fine-tuned model takes for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from clusterlab.reports.palette import OTHER_GREY
from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, WIDTH, new_axes, plain
from clusterlab.reports.plots.contingency import SHADES

MOST_CLASSES = 40
MOST_NUMBERED = 20
LONGEST = 22
SHORT = 5
ROW = 0.26
NARROW_ROW = 0.2
WRONG = LinearSegmentedColormap.from_list(
    "wrong", [(0.0, "#ffffff"), (0.04, "#fbe6d8"), (0.5, "#d55e00"), (1.0, "#7a3300")]
)


@dataclass(frozen=True)
class Confusion:
    """counts: (r, c) images. The rows are classes; the first r columns are the same, and of others
    there are those that are needed. n_classes, n_images: with those that no row shows."""

    rows: tuple[str, ...]
    others: tuple[str, ...]
    counts: np.ndarray
    n_classes: int
    n_images: int


def tabulate(
    true: Sequence[str], predicted: Sequence[str | None], *, most: int = MOST_CLASSES
) -> Confusion:
    """The most frequent classes, ties by name. predicted: None for no class.

    >>> tabulate(["a", "a", "b"], ["a", "c", None]).counts.tolist()
    [[1, 0, 1, 0], [0, 0, 0, 1]]
    """
    ranked = sorted(Counter(true).items(), key=lambda item: (-item[1], item[0]))
    shown = [name for name, _ in ranked[:most]]
    place = {name: at for at, name in enumerate(shown)}
    elsewhere, none = len(shown), len(shown) + 1
    counts = np.zeros((len(shown), len(shown) + 2), dtype=int)
    for name, said in zip(true, predicted, strict=True):
        if name in place:
            column = none if said is None else place.get(said, elsewhere)
            counts[place[name], column] += 1
    names = ("another class", "no class")
    needed = [at for at in range(2) if counts[:, elsewhere + at].any()]
    columns = [*range(elsewhere), *(elsewhere + at for at in needed)]
    return Confusion(
        tuple(shown),
        tuple(names[at] for at in needed),
        counts[:, columns],
        len(ranked),
        len(true),
    )


def draw_confusion(column: str, found: Confusion, *, known: Container[str], split: str) -> Figure:
    """known: the classes that the model can name; the names of others are grey. split: whose images
    they are. The shade of a cell is its share of the row's class."""
    n_rows, n_columns = found.counts.shape
    share = found.counts / found.counts.sum(axis=1, keepdims=True)
    left = [
        f"{plain(name, LONGEST)} ({n:,})"
        for name, n in zip(found.rows, found.counts.sum(axis=1), strict=True)
    ]
    below = [plain(name, LONGEST) for name in (*found.rows, *found.others)]
    crowded = n_columns > MOST_NUMBERED
    of = "" if split == "all" else f"{split} "
    note = _note(found, known)
    letter = 0.055 if crowded else 0.068
    bottom = 0.5 + letter * max(map(len, below)) + (0.2 if note else 0.0)
    figure, (axes,) = new_axes(
        height=0.95 + (NARROW_ROW if crowded else ROW) * n_rows + bottom,
        title=f"What the {of}images of each “{plain(column, 28)}” were taken for",
        caption="Shade: share of the row's class; blue is right, orange an error",
        left=0.6 + 0.072 * max(map(len, left)),
        bottom=bottom,
    )
    if note:
        at = 0.12 / figure.get_figheight()
        figure.text(0.15 / WIDTH, at, note, fontsize=SMALL, color=MUTED)
    right = np.asarray(np.eye(*share.shape) > 0)
    for cells, shades in ((right, SHADES), (~right, WRONG)):
        axes.imshow(
            np.ma.masked_array(share, ~cells),
            cmap=shades,
            vmin=0,
            vmax=1,
            aspect="auto",
            interpolation="nearest",
        )
    _label(axes, left, below, crowded=crowded)
    _grey(axes, [name not in known for name in found.rows])
    if not crowded:
        _write_counts(axes, found.counts, share, right)
    return figure


def _label(axes: Axes, left: Sequence[str], below: Sequence[str], *, crowded: bool) -> None:
    axes.set_yticks(range(len(left)), left)
    upright = crowded or max(map(len, below)) > SHORT
    axes.set_xticks(range(len(below)), below, rotation=90 if upright else 0)
    axes.tick_params(length=0)
    axes.tick_params(axis="x", labelsize=7.5 if crowded else SMALL)
    axes.set_xlabel("taken for")
    axes.set_ylabel("labelled as")
    axes.set_xticks(np.arange(len(below) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(left) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#eceef0", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _grey(axes: Axes, rows: Sequence[bool]) -> None:
    """The names of these rows, on both sides."""
    for labels in (axes.get_yticklabels(), axes.get_xticklabels()):
        for text in compress(labels, rows):
            text.set(color=OTHER_GREY, style="italic")


def _write_counts(axes: Axes, counts: np.ndarray, share: np.ndarray, right: np.ndarray) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        dark = share[row, column] > (0.45 if right[row, column] else 0.35)
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=SMALL - 1.5,
            color="white" if dark else INK,
        )


def _note(found: Confusion, known: Container[str]) -> str:
    parts = []
    if len(found.rows) < found.n_classes:
        share = found.counts.sum() / found.n_images
        parts.append(
            f"The {len(found.rows)} most frequent of {found.n_classes:,} classes, {share:.0%} of "
            "the images"
        )
    if any(name not in known for name in found.rows):
        parts.append("A class with a grey name was not learned")
    return ". ".join(parts)
