"""How the training went, epoch by epoch."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from clusterlab.reports.palette import PALETTE
from clusterlab.reports.plots.canvas import INK, MUTED, SMALL, new_axes, plain

LOSSES = {"loss": "training", "val_loss": "validation"}


def draw_curves(epochs: pd.DataFrame, *, best_epoch: int, selected_by: str, stopped: str) -> Figure:
    """epochs: one row an epoch, as in training.csv. selected_by: the column that chose the epoch,
    "" where none did."""
    losses = {name: LOSSES[name] for name in LOSSES if name in epochs}
    metrics = {
        name: name.removeprefix("val_").replace("_", " ").replace("f1", "F1")
        for name in epochs
        if name.startswith("val_") and name not in LOSSES
    }
    figure, axes = new_axes(
        height=3.6,
        title=f"Training: epoch {best_epoch} of {len(epochs)} was kept",
        caption=plain(f"{stopped[:1].upper()}{stopped[1:]}", 115),
        left=0.75,
        bottom=0.6,
        columns=2 if metrics else 1,
        gap=0.8,
    )
    colours = dict(zip([*losses, *metrics], PALETTE, strict=False))
    for one, lines, title in zip(
        axes, (losses, metrics), ("loss", "on validation images"), strict=False
    ):
        _draw_lines(one, epochs, lines, colours, selected_by)
        one.set_ylabel(title)
        _mark(one, best_epoch, chosen=bool(selected_by))
    return figure


def _draw_lines(
    axes: Axes,
    epochs: pd.DataFrame,
    lines: dict[str, str],
    colours: dict[str, str],
    selected_by: str,
) -> None:
    for name, label in lines.items():
        axes.plot(
            epochs["epoch"],
            epochs[name],
            color=colours[name],
            linewidth=1.6,
            marker="o" if len(epochs) <= 40 else "",
            markersize=3.5,
            label=f"{label} (chose the epoch)" if name == selected_by else label,
        )
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.set_xlim(epochs["epoch"].min() - 0.5, epochs["epoch"].max() + 0.5)
    axes.margins(y=0.12)
    axes.set_xlabel("epoch")
    axes.grid(axis="y", color="#eceef0", linewidth=0.8)
    legend = axes.legend(fontsize=SMALL, labelcolor=INK, loc="best", framealpha=0.92)
    legend.get_frame().set(edgecolor="none")


def _mark(axes: Axes, best_epoch: int, *, chosen: bool) -> None:
    """A line through the epoch whose weights were kept."""
    axes.axvline(best_epoch, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.annotate(
        "best" if chosen else "kept",
        (best_epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=SMALL,
        color=MUTED,
    )
