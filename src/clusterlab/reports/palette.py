"""The colours that clusters and classes have in every figure and on the page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clusterlab.types import NOISE

# The first six are Okabe and Ito's. Each next one was picked from a grid to be as far as possible
# (OKLab) from those before it, from white and from the greys, as seen with normal, deuteranopic
# and protanopic eyes (Machado, Oliveira & Fernandes 2009).
PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#61180c", "#311886",
    "#923d55", "#6186f3", "#aadb86", "#1849aa", "#610049", "#6ddbff", "#614900", "#24c279",
    "#613d79", "#9e5531", "#f3c200", "#b63d86", "#860c49", "#189ece", "#496ddb", "#db863d",
)  # fmt: skip
NOISE_GREY = "#b4b4b4"
MISSING_GREY = "#cfcfcf"
OTHER_GREY = "#8a8a8a"


def cluster_colours(labels: np.ndarray) -> dict[int, str]:
    """One colour a cluster, the clearest for the largest; noise has its own grey.

    labels: (n,) int, -1 is noise. From the 25th cluster on the colours repeat.

    >>> cluster_colours(np.array([1, 1, 0, -1]))
    {1: '#0072b2', 0: '#e69f00', -1: '#b4b4b4'}
    """
    numbers, sizes = np.unique(labels[labels != NOISE], return_counts=True)
    by_size = sorted(
        zip(numbers.tolist(), sizes.tolist(), strict=True), key=lambda c: (-c[1], c[0])
    )
    colours = {number: PALETTE[rank % len(PALETTE)] for rank, (number, _) in enumerate(by_size)}
    return colours | {NOISE: NOISE_GREY} if (labels == NOISE).any() else colours


def class_colours(names: Sequence[str]) -> dict[str, str]:
    """One colour a class, in the order given.

    >>> class_colours(["shoes", "hat"])
    {'shoes': '#0072b2', 'hat': '#e69f00'}
    """
    return {name: PALETTE[rank % len(PALETTE)] for rank, name in enumerate(names)}
