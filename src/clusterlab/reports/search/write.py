"""Writes what a search leaves for its reader."""

from __future__ import annotations

from pathlib import Path

from clusterlab.files import replacing, write_file, write_text
from clusterlab.reports.search.figures import write_figures
from clusterlab.reports.search.hindsight import hindsights
from clusterlab.reports.search.importances import importances
from clusterlab.reports.search.page import render_page
from clusterlab.reports.search.trials_table import write_trials
from clusterlab.searching import Search


def write_search(search: Search, folder: Path) -> None:
    """trials.csv, figures/ and report.html, each whole or not at all. Raises OutputError where the
    folder cannot take them.

    folder: exists; the best trials' runs are linked from it as far as they have a report.
    """
    write_file(folder / "trials.csv", lambda temporary: write_trials(search, temporary))
    matters, looks_back = importances(search), hindsights(search)
    with replacing(folder / "figures") as temporary:
        temporary.mkdir()
        drawn = write_figures(search, temporary, matters=matters, looks_back=looks_back)
    page = render_page(search, folder, drawn=drawn, matters=matters, looks_back=looks_back)
    write_text(folder / "report.html", page)
