"""The figures of the hierarchy of the classes."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from clusterlab.outcome import Outcome


def draw_macro(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """(file name, figure), of those that the run has."""
    yield from ()
