"""Writes the pictures and the page of a run folder."""

from __future__ import annotations

from pathlib import Path

from clusterlab.files import replacing
from clusterlab.outcome import Outcome
from clusterlab.reports.figures import write_figures
from clusterlab.reports.html import write_html


def write_report(outcome: Outcome, folder: Path, *, max_thumbnails: int) -> None:
    """figures/ and report.html. Raises OutputError where the folder cannot take them."""
    figures = folder / "figures"
    # The contact sheets and the page show the same images; each is decoded once.
    thumbnails: dict[int, bytes | None] = {}
    with replacing(figures) as temporary:
        temporary.mkdir()
        write_figures(outcome, temporary, thumbnails=thumbnails)
    with replacing(folder / "report.html") as temporary:
        write_html(
            outcome,
            temporary,
            figures=figures,
            max_thumbnails=max_thumbnails,
            thumbnails=thumbnails,
        )
