"""What a sweep leaves beside its runs: summary.csv, summary.html, charts and unfinished.csv."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from clusterlab.files import write_text
from clusterlab.reports.charts.of_sweep import write_sweep_charts
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.left_out import LeftOut, told
from clusterlab.reports.compare.render_data import render_csv
from clusterlab.reports.compare.render_html import render_html
from clusterlab.reports.compare.render_text import render_text


@dataclass(frozen=True)
class FailedJob:
    """A job of a sweep that failed. folder: not there where the config could not be built.
    settings: as they were typed ("extractor=blip seed=0"). message: the error."""

    folder: Path
    settings: str
    message: str


def summarize_sweep(sweep_folder: Path, failed: Sequence[FailedJob] = ()) -> str:
    """Compares a sweep's runs, writes summary.csv and summary.html in its folder, sweep.png where
    it went over one numeric setting, and unfinished.csv where runs failed. Returns the table for
    the terminal, with the runs that did not finish.

    failed: as far as it is known; runs that failed elsewhere are told from their folders.

    Raises UsageError for a folder without runs, DataError where none has finished, OutputError
    where the files cannot be written.
    """
    comparison = compare([sweep_folder])
    comparison = replace(comparison, left_out=tuple(_with_jobs(comparison.left_out, failed)))
    title = f"Sweep {sweep_folder.resolve().parent.name}, {sweep_folder.resolve().name}"
    write_text(sweep_folder / "summary.csv", render_csv(comparison))
    charts = write_sweep_charts(comparison, sweep_folder)
    page = render_html(comparison, title=title, beside=sweep_folder, charts=charts)
    write_text(sweep_folder / "summary.html", page)
    if comparison.left_out:
        columns = ("folder", "settings", "reason", "message")
        table = pd.DataFrame(
            [{column: getattr(one, column) for column in columns} for one in comparison.left_out]
        )
        text = table.to_csv(index=False, lineterminator="\n")
        write_text(sweep_folder / "unfinished.csv", text)
    width = shutil.get_terminal_size((80, 24)).columns
    here = sweep_folder.resolve()
    in_short = [
        replace(one, folder=one.folder.resolve().relative_to(here)) for one in comparison.left_out
    ]
    left_out = [f"{line}\n" for line in told(in_short, width)]
    return render_text(comparison, width=width) + "\n" * bool(left_out) + "".join(left_out)


def _with_jobs(left_out: Sequence[LeftOut], failed: Sequence[FailedJob]) -> list[LeftOut]:
    """The runs with their settings as typed, and the jobs that never had a folder."""
    jobs = {job.folder.resolve(): job for job in failed}
    found = []
    for one in left_out:
        job = jobs.pop(one.folder.resolve(), None)
        found.append(replace(one, settings=job.settings) if job else one)
    return found + [
        LeftOut(
            folder=job.folder, reason="never started", message=job.message, settings=job.settings
        )
        for job in jobs.values()
    ]
