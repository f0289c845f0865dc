"""What `clusterlab run` prints when a run is done: 80 columns, no more than a screen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from clusterlab.reports.marks import explain, joined
from clusterlab.types import NOISE, Outcome

_SHOWN = ("ari", "ami", "nmi", "purity")


def summary(outcome: Outcome, folder: Path) -> str:
    """The clusters found, the headline scores with their chance levels, and what to know; above
    all that, what the features are marked with."""
    marks = outcome.features.marks
    lines = [line for mark in marks for line in textwrap.wrap(explain(mark), 80)]
    lines += [_what(outcome), ""]
    rows = _rows(outcome)
    if rows:
        lines.append(f"{'':<12}{'':<20}{'score':>8}{'by chance':>12}")
        lines += rows
        lines.append("")
    for note in outcome.notes:
        lines += textwrap.wrap(note, 78, initial_indent="! ", subsequent_indent="  ")
    lines.append(f"report: {folder / 'report.html'}")
    return "\n".join(lines)


def _what(outcome: Outcome) -> str:
    n_noise = int((outcome.clustering.labels == NOISE).sum())
    n = len(outcome.collection)
    parts = [f"{n:,} images in {len(outcome.clustering.clusters):,} clusters"]
    if n_noise:
        parts.append(f"{n_noise:,} ({n_noise / n:.0%}) in none (noise)")
    if outcome.failures:
        parts.append(f"{len(outcome.failures):,} could not be read (failures.csv)")
    return "; ".join(parts)


def _rows(outcome: Outcome) -> list[str]:
    scores = outcome.evaluation.scores
    marks, supervised = outcome.features.marks, set(outcome.features.seen_labels)
    split = outcome.evaluation.scored_split
    lines = []
    for row in scores[(scores.noise == "cluster") & (scores.split == split)].itertuples():
        if row.metric in _SHOWN and row.label in outcome.collection.labels:
            chance = _three(row.chance) if pd.notna(row.chance) else ""
            tags = [*marks, *(["supervised"] if row.label in supervised else [])]
            lines.append(_row(row.metric, row.label, _three(row.value), chance, tags))
        elif row.metric == "silhouette":
            lines.append(_row(row.metric, f"in {row.space}", _three(row.value), "", marks))
    return lines


def _row(metric: str, target: str, value: str, chance: str, tags: Sequence[str]) -> str:
    line = f"{metric:<12}{target[:19]:<20}{value:>8}{chance:>12}  {joined(tags)}"
    return line.rstrip() if len(line) <= 80 else f"{line[:78]} …"


def _three(value: float) -> str:
    """Three decimals, and no minus before a zero."""
    text = f"{value:.3f}"
    return text.removeprefix("-") if float(text) == 0 else text
