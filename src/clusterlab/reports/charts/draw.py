"""One chart of several rows of runs, by its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from clusterlab.reports.charts.granularity import granularity_figures
from clusterlab.reports.charts.sweeps import sweep_figure
from clusterlab.reports.charts.views import views_figure


def draw_chart(
    *,
    kind: str,
    rows: Mapping[str, Sequence[Path]],
    over: str,
    measures: Sequence[str],
    columns: Sequence[str],
    colour: str | None,
) -> dict[str, Figure]:
    """What is to be saved as FILE and FILE with a suffix before its ending.

    kind: "sweep", "granularity" or "views". rows: name -> its run folders, one a seed; those that
    have not finished are left out. over: config key of a sweep's x. measures: keys of metrics.json,
    of a sweep. columns: label columns of a granularity. colour: the label column of views; None
    takes the first.

    Returns suffix -> figure ("" or "_heatmap"); {} where too little has finished: a sweep needs two
    values of `over`, the others one run. Raises ValueError for another kind.
    """
    if kind == "sweep":
        figure = sweep_figure(rows, over=over, measures=measures)
        return {} if figure is None else {"": figure}
    if kind == "granularity":
        return granularity_figures(rows, over=over, columns=columns)
    if kind == "views":
        figure = views_figure(rows, colour=colour)
        return {} if figure is None else {"": figure}
    raise ValueError(f"No chart is of kind '{kind}'.")
