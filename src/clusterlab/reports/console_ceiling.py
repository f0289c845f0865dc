"""How well the labels can be learned, in lines of 80 columns."""

from __future__ import annotations

import textwrap

from clusterlab.outcome import Outcome
from clusterlab.reports.ceiling_figures import histogram_names, value
from clusterlab.reports.ceiling_tables import ceiling_tables
from clusterlab.reports.marks import COLUMN

MOST = 8


def ceiling_lines(outcome: Outcome) -> list[str]:
    """The accuracy on test and training images and that of always naming the commonest class, a
    line a label column; then what to know. Nothing where no ceiling was measured."""
    found = outcome.evaluation.ceiling
    if found is None:
        return []
    table = ceiling_tables(outcome)["ceiling"]
    columns = list(histogram_names(outcome))
    lines = [f"{'ceiling (classifier accuracy)':<32}{'test':>8}{'train':>8}{'baseline':>10}"]
    for column in columns[:MOST]:
        numbers = [
            value(found, column, split, metric)
            for split, metric in (("test", "accuracy"), ("train", "accuracy"), ("test", "majority"))
        ]
        own = table[(table["label"] == column) & (table["split"] == "test")]
        marks = str(own[COLUMN].iloc[0]) if COLUMN in own else ""
        line = f"{column[:31]:<32}{numbers[0]:>8.3f}{numbers[1]:>8.3f}{numbers[2]:>10.3f}  {marks}"
        lines.append(line.rstrip() if len(line.rstrip()) <= 80 else f"{line[:78]} …")
    if len(columns) > MOST:
        lines.append(f"and {len(columns) - MOST:,} more columns: ceiling.csv")
    if not columns:
        lines = []
    for note in found.notes:
        lines += textwrap.wrap(note, 78, initial_indent="! ", subsequent_indent="  ")
    return lines
