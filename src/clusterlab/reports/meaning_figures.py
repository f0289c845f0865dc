"""The figures of what clusters mean, and the bands below those that show a model's labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from clusterlab.outcome import Outcome
from clusterlab.reports.called import called, is_understood
from clusterlab.reports.classes import Classes
from clusterlab.reports.names import (
    confusion_name,
    distribution_name,
    label_slugs,
    projection_names,
    stacked_name,
)
from clusterlab.reports.plots.footer import draw_synthetic
from clusterlab.reports.plots.stacked import draw_stacked
from clusterlab.reports.seen import scored
from clusterlab.reports.synthetic import labeler_marks, synthetic


def draw_meaning(outcome: Outcome, columns: Mapping[str, Classes]) -> Iterator[tuple[str, Figure]]:
    """(file name, the labels inside each cluster), where the page has a section that shows them.

    columns: of all images that were clustered, by name.
    """
    if not is_understood(outcome):
        return
    slugs, rows = label_slugs(outcome.collection), scored(outcome)
    labels = outcome.clustering.labels[rows]
    names = {int(cluster): called(outcome, int(cluster)) for cluster in np.unique(labels)}
    for found in outcome.evaluation.homogeneity:
        classes = columns[found.column]
        classes = replace(classes, codes=classes.codes[rows])
        if classes.names:
            table = found.clusters
            shares = dict(zip(table["cluster"].tolist(), table["homogeneity"], strict=True))
            yield (
                stacked_name(slugs[found.column]),
                draw_stacked(
                    classes,
                    labels,
                    shares,
                    threshold=found.threshold,
                    called=names,
                    several=found.column in outcome.collection.multi_valued,
                ),
            )


def synthetic_bands(outcome: Outcome) -> dict[str, Image.Image | None]:
    """File -> the band that says by whom the labels in it were made."""
    found: dict[str, Image.Image | None] = {}
    for column in synthetic(outcome):
        band = draw_synthetic(column, labeler_marks(outcome, column))
        found |= dict.fromkeys(figures_about(outcome, column), band)
    return found


def figures_about(outcome: Outcome, column: str) -> list[str]:
    """The files that show the labels of a column, of those that a run may have."""
    slug = label_slugs(outcome.collection)[column]
    names = [f"classes_{slug}.png", f"contingency_{slug}.png", stacked_name(slug)]
    names += [confusion_name(slug), distribution_name(slug)]
    maps = projection_names(outcome.views, outcome.collection)
    return [*names, *(name for (_, own), name in maps.items() if own == column)]
