"""What lies beside what, and which labels are probably wrong, in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.neighbourhood import Neighbourhood
from clusterlab.outcome import Outcome
from clusterlab.reports.page.text import data_uri, percent, score_or_dash
from clusterlab.reports.seen import seen_labels
from clusterlab.reports.synthetic import column_tags
from clusterlab.reports.thumbnails import MIME, fill

MOST_ISSUES = 30
MOST_PAIRS = 15
# Of labels flipped on purpose in photographs and scans, about nine in ten of those below the first
# bound were flipped ones, and about half of those below the second.
_STRENGTHS = ((0.2, "very likely wrong"), (0.3, "likely wrong"))
_WEAK = "worth a look"
# Above it, not the labels are at fault: the features do not show what they say.
_TOO_MANY = 0.15


def neighbours(
    outcome: Outcome,
    figures: Path,  # noqa: ARG001 - every section is asked in the same words
    cache: dict[int, bytes | None] | None = None,
) -> dict[str, Any] | None:
    """None where the run has nothing of the kind. columns: a label column each. cache: row ->
    thumbnail, filled as needed."""
    found = outcome.evaluation.neighbourhood
    if found is None or not found.indices.size:
        return None
    return {
        "n_listed": found.indices.shape[1],
        "by_direction": found.space != "features",
        "columns": [
            _column(outcome, found, row, {} if cache is None else cache)
            for row in found.columns.to_dict("records")
        ],
        "notes": found.notes,
        "has_labels": bool(len(outcome.collection.labels.columns)),
    }


def strength(quality: float) -> str:
    """How sure it is that a label is wrong, in words.

    >>> strength(0.05), strength(0.25), strength(0.4)
    ('very likely wrong', 'likely wrong', 'worth a look')
    """
    return next((words for bound, words in _STRENGTHS if quality < bound), _WEAK)


def times(ratio: float) -> str:
    """How many times as often, in words.

    >>> times(3.14), times(41.7)
    ('3.1 times', '42 times')
    """
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"


def _column(
    outcome: Outcome, found: Neighbourhood, row: dict[Any, Any], cache: dict[int, bytes | None]
) -> dict[str, Any]:
    name = str(row["label"])
    issues = found.issues[found.issues["label"] == name]
    pairs = found.pairs[found.pairs["label"] == name]
    return {
        "name": name,
        "tags": column_tags(outcome, name),
        "supervised": name in seen_labels(outcome),
        "n": row["n"],
        "same": percent(row["same_share"]),
        "chance": percent(row["chance"]),
        "n_voters": row["n_voters"],
        "n_issues": len(issues),
        "too_many": len(issues) > _TOO_MANY * row["n"],
        "issues": _pictures(outcome, issues.head(MOST_ISSUES), cache),
        "n_pairs": len(pairs),
        "pairs": [_pair(pair) for pair in pairs.head(MOST_PAIRS).to_dict("records")],
    }


def _pictures(
    outcome: Outcome, issues: pd.DataFrame, cache: dict[int, bytes | None]
) -> list[dict[str, Any]]:
    place = {id_: row for row, id_ in enumerate(outcome.collection.ids)}
    rows = [place[id_] for id_ in issues["id"]]
    fill(cache, outcome, rows)
    return [
        {
            "row": row,
            "src": data_uri(content, MIME) if (content := cache[row]) else None,
            "id": one["id"],
            "text": "",
            "given": one["given"],
            "suggested": one["suggested"],
            "strength": strength(one["quality"]),
            "same": percent(one["same_share"]),
        }
        for row, one in zip(rows, issues.to_dict("records"), strict=True)
    ]


def _pair(pair: dict[Any, Any]) -> dict[str, str]:
    return {
        "one": pair["one"],
        "other": pair["other"],
        "times": times(pair["ratio"]),
        "links": f"{pair['links']:,}",
        "expected": f"{pair['expected']:,.{1 if pair['expected'] < 10 else 0}f}",
        "p_value": "<0.001" if pair["p_value"] < 0.001 else score_or_dash(pair["p_value"]),
    }
