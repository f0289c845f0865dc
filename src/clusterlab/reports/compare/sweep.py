"""What a sweep leaves beside its runs: summary.csv and summary.html."""

from __future__ import annotations

import shutil
from pathlib import Path

from clusterlab.files import write_text
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.render_data import render_csv
from clusterlab.reports.compare.render_html import render_html
from clusterlab.reports.compare.render_text import render_text


def summarize_sweep(sweep_folder: Path) -> str:
    """Compares a sweep's runs, writes summary.csv and summary.html in its folder, and returns the
    table for the terminal, with the runs that did not finish.

    Raises UsageError for a folder without runs, DataError where none has finished, OutputError
    where the files cannot be written.
    """
    comparison = compare([sweep_folder])
    title = f"Sweep {sweep_folder.resolve().parent.name}, {sweep_folder.resolve().name}"
    write_text(sweep_folder / "summary.csv", render_csv(comparison))
    write_text(
        sweep_folder / "summary.html", render_html(comparison, title=title, beside=sweep_folder)
    )
    width = shutil.get_terminal_size((80, 24)).columns
    left_out = [f"Left out: {one.folder} ({one.reason})\n" for one in comparison.left_out]
    return render_text(comparison, width=width) + "".join(left_out)
