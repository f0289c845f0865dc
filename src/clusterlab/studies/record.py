"""The record of a study in its folder: README.md, results.csv and the figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clusterlab.files import write_text
from clusterlab.studies.definition import Study
from clusterlab.studies.drawn import FIGURES, draw_charts, take_figures
from clusterlab.studies.lacking import Needed
from clusterlab.studies.readme import readme
from clusterlab.studies.results import COLUMNS, Result, decimals, results
from clusterlab.studies.state import State
from clusterlab.studies.tasks import Occasion


@dataclass(frozen=True)
class Record:
    """What a study has come to.

    models: row -> the models that it takes. takes_path: whether its images are somewhere on the
    disk. chosen: the rows that were to be run this time.
    """

    study: Study
    occasion: Occasion
    folder: Path
    states: Sequence[State]
    models: Mapping[str, tuple[Needed, ...]]
    takes_path: bool
    chosen: frozenset[str]

    @property
    def rows(self) -> list[Result]:
        """The results table."""
        stands_in = self.occasion.stands_in
        known = decimals(self.study)
        return [
            one
            for state in self.states
            for one in results(state, stands_in=stands_in, decimals=known)
        ]

    @property
    def of_chosen(self) -> list[State]:
        """The rows that were to be run this time."""
        return [state for state in self.states if state.task.label in self.chosen]


def write_record(record: Record, *, charts: bool) -> None:
    """Write the record again; each file whole or not at all.

    charts: draw those over several rows too, which takes some seconds.
    """
    rows = record.rows
    write_text(record.folder / "results.csv", as_csv(rows))
    figures = record.folder / FIGURES
    take_figures(
        record.study,
        record.states,
        figures,
        columns=_columns(record),
        images=not record.occasion.stands_in,
    )
    if charts:
        draw_charts(record.study, record.states, figures, columns=_columns(record))
    text = readme(
        study=record.study,
        occasion=record.occasion,
        states=record.states,
        rows=rows,
        models=record.models,
        takes_path=record.takes_path,
        figures=figures,
    )
    write_text(record.folder / "README.md", text)


def as_csv(rows: Sequence[Result]) -> str:
    """results.csv: numbers in full, empty where there is none."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(_cells(row) for row in rows)
    return written.getvalue()


def _cells(row: Result) -> Iterator[Any]:
    for name in COLUMNS:
        value = getattr(row, name)
        yield "" if value is None else str(value).lower() if isinstance(value, bool) else value


def _columns(record: Record) -> Mapping[str, str]:
    return record.study.stand_in.columns if record.occasion.stands_in else {}
