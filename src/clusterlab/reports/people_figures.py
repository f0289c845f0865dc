"""The figures of how far people agree."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from clusterlab.outcome import Outcome


def draw_people(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """(file name, figure), of those that the run has."""
    yield from ()
