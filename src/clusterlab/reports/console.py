"""What `clusterlab run` prints when a run is done: 80 columns, no more than a screen."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.console_ceiling import ceiling_lines
from clusterlab.reports.console_meaning import meaning_lines
from clusterlab.reports.console_people import people_lines
from clusterlab.reports.marks import explain, joined
from clusterlab.reports.page.text import plural
from clusterlab.reports.seen import seen_labels
from clusterlab.reports.synthetic import column_tags, run_marks
from clusterlab.types import NOISE

_SHOWN = ("ari", "ami", "nmi", "purity")
_NAMED = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "kept_accuracy": "kept acc.",
    "kept_f1": "kept F1",
}


def summary(outcome: Outcome, folder: Path) -> str:
    """The clusters found, the headline scores with their chance levels, how well a fine-tuned model
    names the classes, what labelers and namers came to, and what to know; above all that, what the
    features, or labels, are marked with."""
    lines = [line for mark in run_marks(outcome) for line in textwrap.wrap(explain(mark), 80)]
    lines += [_what(outcome), ""]
    rows = [*_rows(outcome), *_named(outcome)]
    if rows:
        lines.append(f"{_scored(outcome):<32}{'score':>8}{'by chance':>12}")
        lines += rows
        lines.append("")
    for found in (people_lines(outcome), ceiling_lines(outcome), meaning_lines(outcome)):
        lines += [*found, ""] if found else []
    stability = outcome.evaluation.stability
    standing = () if stability is None else stability.standing
    for note in (note for note in outcome.notes if note not in standing):
        lines += textwrap.wrap(note, 78, initial_indent="! ", subsequent_indent="  ")
    lines.append(f"report: {folder / 'report.html'}")
    return "\n".join(lines)


def _what(outcome: Outcome) -> str:
    n_noise = int((outcome.clustering.labels == NOISE).sum())
    n = len(outcome.collection)
    parts = [f"{plural(n, 'image')} in {plural(len(outcome.clustering.clusters), 'cluster')}"]
    if n_noise:
        parts.append(f"{n_noise:,} ({n_noise / n:.0%}) in none (noise)")
    if outcome.failures:
        parts.append(f"{len(outcome.failures):,} could not be read (failures.csv)")
    return "; ".join(parts)


def _rows(outcome: Outcome) -> list[str]:
    scores = outcome.evaluation.scores
    marks, supervised = outcome.features.marks, seen_labels(outcome)
    split = outcome.evaluation.scored_split
    macros = {} if outcome.macro is None else outcome.macro.columns
    lines = []
    for row in scores[(scores.noise == "cluster") & (scores.split == split)].itertuples():
        if row.metric == "nmi" and row.label in macros:
            # There are five of them, and the AMI says the same, corrected for chance.
            continue
        if row.metric in _SHOWN and row.label in outcome.collection.labels:
            chance = _three(row.chance) if pd.notna(row.chance) else ""
            tags = [*marks, *column_tags(outcome, row.label)]
            tags += ["supervised"] if row.label in supervised else []
            lines.append(_row(row.metric, row.label, _three(row.value), chance, tags))
        elif row.metric in ("silhouette", "dbcv"):
            lines.append(_row(row.metric, f"in {row.space}", _three(row.value), "", marks))
    return lines


def _scored(outcome: Outcome) -> str:
    """Which images the scores are on, where that is not all."""
    split = outcome.evaluation.scored_split
    if split == "all":
        return ""
    return f"on {plural(int((outcome.collection.split == split).sum()), f'{split} image')}"


def _named(outcome: Outcome) -> list[str]:
    found = outcome.classification
    if found is None:
        return []
    marks = outcome.features.marks
    columns = [said.column for said in outcome.predictions]
    tags = {column: [*marks, *column_tags(outcome, column)] for column in columns}
    return [
        _row(name, said.column, _three(value), "", tags[said.column])
        for said in outcome.predictions
        for metric, name in _NAMED.items()
        if math.isfinite(value := found.headline.get(f"{metric}/{said.column}", math.nan))
    ]


def _row(metric: str, target: str, value: str, chance: str, tags: Sequence[str]) -> str:
    line = f"{metric:<12}{target[:19]:<20}{value:>8}{chance:>12}  {joined(tags)}"
    return line.rstrip() if len(line) <= 80 else f"{line[:78]} …"


def _three(value: float) -> str:
    """Three decimals, and no minus before a zero."""
    text = f"{value:.3f}"
    return text.removeprefix("-") if float(text) == 0 else text
