"""The figures of a study's record: those of single runs, and charts over several."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from clusterlab.files import remove, replacing
from clusterlab.reports.charts.draw import draw_chart
from clusterlab.studies.definition import Chart, Figure, Study, matches
from clusterlab.studies.measure import renamed
from clusterlab.studies.state import State

FIGURES = "figures"


def figure_name(figure: Figure) -> str:
    """What a run's figure is called in the record."""
    return f"{figure.row}_{figure.file}"


def take_figures(
    study: Study,
    states: Sequence[State],
    folder: Path,
    *,
    columns: Mapping[str, str],
    images: bool = True,
) -> None:
    """Copy each figure from the first run of its row; what no run has any more is removed.

    images: also those that show the images themselves.
    """
    for figure in study.figures:
        target = folder / figure_name(figure)
        files = [
            file
            for run in _first_runs(states, figure.row)
            for file in _candidates(run / FIGURES, figure.file, columns)
            if images or not figure.of_images
        ]
        if not files:
            remove(target)
        elif not target.exists() or target.read_bytes() != files[0].read_bytes():
            folder.mkdir(exist_ok=True)
            with replacing(target) as temporary:
                shutil.copyfile(files[0], temporary)


def draw_charts(
    study: Study, states: Sequence[State], folder: Path, *, columns: Mapping[str, str]
) -> None:
    """Draw the charts over several rows; one for which too little was run is removed."""
    import matplotlib.pyplot as plt

    for chart in study.charts:
        drawn = draw_chart(
            kind=chart.kind,
            rows=_runs_of(chart, states),
            over=chart.over,
            measures=[renamed(one, columns) for one in chart.measures],
            columns=[renamed(one, columns) for one in chart.columns],
            colour=chart.colour and renamed(chart.colour, columns),
        )
        for left_over in chart_files(chart, folder):
            remove(left_over)
        for suffix, figure in drawn.items():
            folder.mkdir(exist_ok=True)
            target = folder / chart.file
            target = target.with_name(f"{target.stem}{suffix}{target.suffix}")
            with replacing(target) as temporary:
                # Without the version of matplotlib in it, the same numbers make the same file.
                figure.savefig(temporary, format="png", metadata={"Software": None})
            plt.close(figure)


def chart_files(chart: Chart, folder: Path) -> list[Path]:
    """The files of a chart that are there: one, or several with a suffix."""
    stem, _, ending = chart.file.rpartition(".")
    others = sorted(folder.glob(f"{stem}_heatmap.{ending}"))
    return [file for file in (folder / chart.file, *others) if file.is_file()]


def _candidates(place: Path, name: str, columns: Mapping[str, str]) -> list[Path]:
    """The figure by its name, or by that which the stand-in's label column gives it."""
    names = [name, *(name.replace(column, other) for column, other in columns.items())]
    return [place / one for one in names if (place / one).is_file()]


def _first_runs(states: Sequence[State], row: str) -> list[Path]:
    """The first finished run of the row; of a sweep, that of its first combination."""
    runs = [
        run.folder
        for state in states
        if matches(state.task.label, [row])
        for _, run in sorted(state.runs.items())
    ]
    return runs[:1]


def _runs_of(chart: Chart, states: Sequence[State]) -> dict[str, list[Path]]:
    """Row -> its finished runs, in the order of the chart's patterns."""
    found: dict[str, list[Path]] = {}
    for pattern in chart.rows:
        for state in states:
            if state.runs and matches(state.task.label, [pattern]):
                found.setdefault(
                    state.task.label, [run.folder for _, run in sorted(state.runs.items())]
                )
    return found
