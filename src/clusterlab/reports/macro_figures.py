"""The figures of the hierarchy of the classes, and the bands below what is circular."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from scipy.cluster.hierarchy import leaves_list
from scipy.spatial.distance import pdist, squareform

from clusterlab.outcome import Outcome
from clusterlab.reports.meaning_figures import figures_about
from clusterlab.reports.plots.class_distances import draw_class_distances
from clusterlab.reports.plots.dendrogram import draw_dendrogram
from clusterlab.reports.plots.footer import draw_circular

DENDROGRAM = "dendrogram.png"
DISTANCES = "class_distances.png"


def draw_macro(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """(file name, figure), of those that the run has."""
    macro = outcome.macro
    if macro is None or not macro.classes:
        return
    yield (
        DENDROGRAM,
        draw_dendrogram(macro.linkage, macro.classes, cut=macro.cut, column=macro.column),
    )
    order = leaves_list(macro.linkage)
    distances = squareform(pdist(macro.centroids))[np.ix_(order, order)]
    names = [macro.classes[leaf] for leaf in order.tolist()]
    yield DISTANCES, draw_class_distances(distances, names, column=macro.column)


def circular_bands(outcome: Outcome) -> dict[str, Image.Image | None]:
    """File -> the band that says that the labels in it were made of the features."""
    return {
        name: draw_circular(column)
        for column in sorted(outcome.collection.circular)
        for name in figures_about(outcome, column)
    }
