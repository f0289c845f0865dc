"""Which scores stand under one another in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusterlab.reports.compare.rows import Row
from clusterlab.reports.compare.scores import LEARNED_HEADLINE, label_of, split_key


@dataclass(frozen=True)
class ScoreColumn:
    """metric: what is measured. target: on what, "" where the rows say so themselves. keys: the
    metric of each row, "" where it has none."""

    metric: str
    target: str
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """The metric of all rows, where it is the same one."""
        return self.keys[0] if len(set(self.keys)) == 1 else self.metric


def by_position(rows: Sequence[Row]) -> bool:
    """True where all models were fine-tuned and on different label columns: then the accuracy of
    one on its column stands under that of another on its own, as in the studies' tables."""
    learned = {row.learned for row in rows}
    return () not in learned and len(learned) > 1


def score_columns(
    rows: Sequence[Row], keys: Sequence[str], *, chosen: str | None, fold: bool
) -> list[ScoreColumn]:
    """One column a key; with `fold`, the scores on learned label columns by the position of the
    label column in each model, but for the chosen metric."""
    if not fold:
        return [ScoreColumn(*split_key(key), (key,) * len(rows)) for key in keys]
    learned = {label for row in rows for label in row.learned}
    folded = [key for key in keys if label_of(key) in learned and key != chosen]
    found: list[ScoreColumn] = []
    for key in keys:
        if key not in folded:
            found.append(ScoreColumn(*split_key(key), (key,) * len(rows)))
        elif key == folded[0]:
            found += _positions(rows, folded)
    return found


def _positions(rows: Sequence[Row], folded: Sequence[str]) -> Iterator[ScoreColumn]:
    most = max(len(row.learned) for row in rows)
    there = {split_key(key)[0] for key in folded}
    for position in range(most):
        for metric in LEARNED_HEADLINE:
            own = tuple(
                f"{metric}/{row.learned[position]}" if position < len(row.learned) else ""
                for row in rows
            )
            if metric in there:
                yield ScoreColumn(metric, f"column {position + 1}" if most > 1 else "", own)
