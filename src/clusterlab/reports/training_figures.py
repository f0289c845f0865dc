"""The figures of a fine-tuning: its curves, its confusions, and what it was shown."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from clusterlab.outcome import Outcome
from clusterlab.reports.decided import decided
from clusterlab.reports.names import confusion_name, distribution_name, label_slugs
from clusterlab.reports.plots.confusion import draw_confusion, tabulate
from clusterlab.reports.plots.curves import draw_curves
from clusterlab.reports.plots.distribution import draw_distribution
from clusterlab.reports.seen import labelled

CURVES = "training.png"


def draw_training(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """(file name, figure) of those that the run has something to show in."""
    images = labelled(outcome)
    slugs = label_slugs(images)
    training = outcome.training
    if training is not None and len(training.epochs):
        yield (
            CURVES,
            draw_curves(
                training.epochs,
                best_epoch=training.best_epoch,
                selected_by=training.selected_by,
                stopped=training.stopped,
            ),
        )
    if training is not None:
        for column, classes in training.distribution.groupby("column", sort=False):
            if (classes["train"] > 0).any():
                yield (
                    distribution_name(slugs[str(column)]),
                    draw_distribution(str(column), classes, rebalanced=training.rebalanced),
                )
    split = outcome.evaluation.scored_split
    for said in outcome.predictions:
        if said.multi_valued:
            continue
        found = decided(images, said)
        scored = found[found["true"].notna() & (found["split"].eq(split) | (split == "all"))]
        if len(scored):
            table = tabulate(scored["true"].tolist(), scored["predicted"].tolist())
            yield (
                confusion_name(slugs[said.column]),
                draw_confusion(said.column, table, known=said.classes, split=split),
            )
