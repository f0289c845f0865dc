"""The figures of how well the labels can be learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from matplotlib.figure import Figure

from clusterlab.ceiling import Ceiling
from clusterlab.outcome import Outcome
from clusterlab.reports.names import slugs
from clusterlab.reports.plots.class_accuracies import draw_class_accuracies

TEST = "test"


def draw_ceiling(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """(file name, figure), of those that the run has."""
    found = outcome.evaluation.ceiling
    if found is None:
        return
    for column, name in histogram_names(outcome).items():
        classes = found.classes[found.classes["label"] == column]
        accuracy = classes["accuracy"].dropna().to_numpy(float)
        multi = column in outcome.collection.multi_valued
        if len(accuracy):
            yield (
                name,
                draw_class_accuracies(
                    accuracy,
                    column=column,
                    # Of yes/no decisions it is no bar for the share of a value's images.
                    majority=float("nan") if multi else value(found, column, TEST, "majority"),
                    unit=("value", "values") if multi else ("class", "classes"),
                ),
            )


def histogram_names(outcome: Outcome) -> Mapping[str, str]:
    """Label column -> file name of its histogram, for every column that has a ceiling."""
    found = outcome.evaluation.ceiling
    own = () if found is None else found.table["label"]
    known = slugs(dict.fromkeys([*map(str, outcome.collection.labels.columns), *own]))
    return {column: f"ceiling_{known[column]}.png" for column in dict.fromkeys(own)}


def value(found: Ceiling, column: str, split: str, metric: str) -> float:
    """One number of the table, NaN where it is undefined or not measured."""
    table = found.table
    rows = table[
        (table["label"] == column) & (table["split"] == split) & (table["metric"] == metric)
    ]
    return float(rows["value"].iloc[0]) if len(rows) else float("nan")
