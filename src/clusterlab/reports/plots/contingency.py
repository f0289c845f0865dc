"""Which classes went to which clusters."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from clusterlab.reports.classes import MISSING, Classes
from clusterlab.reports.members import clusters_by_size
from clusterlab.reports.plots.canvas import INK, SMALL, new_axes, plain
from clusterlab.types import NOISE

MOST_ROWS = 40
MOST_COLUMNS = 40
MOST_NUMBERED = 20
SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#b7d3e6", "#0072b2", "#003a5c"])


def draw_contingency(classes: Classes, labels: np.ndarray) -> Figure:
    """classes: of (n,) images. labels: (n,) int clusters, -1 is noise.

    Rows are classes by frequency, columns clusters beside the class that they hold most of;
    a cell's shade is the share of its class. Counts are written where there is room.
    """
    clusters = clusters_by_size(labels)
    table = _count(classes, labels, clusters)
    rows, columns = _choose(table, clusters)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    # Three times an even spread is the least that is worth a dark cell.
    darkest = min(1.0, max(share.max(), 3 / len(clusters)))
    shown, counts = share[np.ix_(rows, columns)], table[np.ix_(rows, columns)]
    names = [*classes.names, "no value"]
    labels_left = [f"{plain(names[row], 24)} ({table[row].sum():,})" for row in rows]
    figure, (axes,) = new_axes(
        height=1.45 + 0.26 * len(rows),
        title=f"Where the classes of “{plain(classes.column, 28)}” went",
        caption=_caption(classes, clusters, darkest),
        left=0.35 + 0.072 * max(len(label) for label in labels_left),
        bottom=0.6,
    )
    axes.imshow(shown, cmap=SHADES, vmin=0, vmax=darkest, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(rows)), labels_left)
    axes.set_xticks(range(len(columns)), [_name(clusters[column]) for column in columns])
    axes.tick_params(length=0)
    if len(columns) > MOST_NUMBERED:
        axes.tick_params(axis="x", labelsize=7.5, rotation=90)
    axes.set_xlabel("cluster")
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#eceef0", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if len(columns) <= MOST_NUMBERED:
        _write_counts(axes, counts, shown / darkest)
    return figure


def _count(classes: Classes, labels: np.ndarray, clusters: list[int]) -> np.ndarray:
    """(k + 1, c) counts; the last row holds the images without a value."""
    position = {cluster: column for column, cluster in enumerate(clusters)}
    columns = np.array([position[label] for label in labels.tolist()])
    rows = np.where(classes.codes == MISSING, len(classes.names), classes.codes)
    cells = np.bincount(
        rows * len(clusters) + columns, minlength=(len(classes.names) + 1) * len(clusters)
    )
    return cells.reshape(-1, len(clusters))


def _choose(table: np.ndarray, clusters: list[int]) -> tuple[list[int], list[int]]:
    """The rows and columns to draw, in order: noise is the last column, no value the last row."""
    n_classes = len(table) - 1
    rows = list(range(min(n_classes, MOST_ROWS)))
    largest = [column for column, cluster in enumerate(clusters) if cluster != NOISE]
    kept = largest[:MOST_COLUMNS]
    body = table[rows] / np.maximum(table[rows].sum(axis=1, keepdims=True), 1)
    kept.sort(key=lambda column: (int(body[:, column].argmax()), -body[:, column].max()))
    kept += [column for column, cluster in enumerate(clusters) if cluster == NOISE]
    if table[-1].any():
        rows.append(n_classes)
    return rows, kept


def _caption(classes: Classes, clusters: list[int], darkest: float) -> str:
    text = f"Shade: share of the class in the cluster, white 0%, darkest {darkest:.0%}"
    n_clusters = sum(cluster != NOISE for cluster in clusters)
    cut = []
    if len(classes.names) > MOST_ROWS:
        cut.append(f"the {MOST_ROWS} most frequent of {len(classes.names):,} classes")
    if n_clusters > MOST_COLUMNS:
        cut.append(f"the {MOST_COLUMNS} largest of {n_clusters:,} clusters")
    return f"{text}. Shown: {' and '.join(cut)}" if cut else text


def _name(cluster: int) -> str:
    return "noise" if cluster == NOISE else str(cluster)


def _write_counts(axes: Axes, counts: np.ndarray, darkness: np.ndarray) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=SMALL - 1.5,
            color="white" if darkness[row, column] > 0.5 else INK,
        )
