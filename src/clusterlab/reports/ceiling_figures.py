"""The figures of how well the labels can be learned."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from clusterlab.outcome import Outcome


def draw_ceiling(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """(file name, figure), of those that the run has."""
    yield from ()
