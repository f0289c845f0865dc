"""Who labelled the images, how, and what came of the answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clusterlab.labelling import VALID, Answer
from clusterlab.outcome import Outcome
from clusterlab.reports.page.captions import cut
from clusterlab.reports.page.provenance import cards
from clusterlab.reports.page.text import number, percent
from clusterlab.reports.synthetic import labeler_marks

LONG = 80
MOST_FREQUENT = 10
STATES = {
    "exact": "a category, word for word",
    "mapped": "a category in other words",
    "refused": "fits no category",
    "invalid": "outside the list",
    "empty": "empty",
    "failed": "no answer came",
}


def labelled_by(outcome: Outcome, column: str) -> dict[str, Any] | None:
    """None for a column that no labeler made, or gave an answer for. counts: (state, what it means,
    answers, share). facts: (name, text). long: (name, text) of a prompt and the like, categories:
    of the taxonomy. cards: what else is known of how it was made. invalid, failed, mapped: the most
    frequent."""
    labelling = outcome.labelling
    if labelling is None or column not in outcome.collection.synthetic:
        return None
    rows = [answer for answer in labelling.answers if answer.column == column]
    if not rows:
        return None
    described = labelling.labelers.get(column, {})
    long = {k: v for k, v in described.items() if isinstance(v, str) and len(v) > LONG}
    categories = described.get("categories")
    listed = list(map(str, categories)) if isinstance(categories, list | tuple) else []
    rest = {k: v for k, v in described.items() if k not in long and k != "categories"}
    return {
        "marks": labeler_marks(outcome, column),
        "models": _models(rows, described),
        "facts": list(_facts(rows)),
        "counts": _counts(rows),
        "long": [(key.replace("_", " "), text.strip()) for key, text in long.items()],
        "categories": listed,
        "cards": list(cards(rest, "labeler")),
        "invalid": _frequent(row.answer for row in rows if row.status == "invalid"),
        "failed": _frequent(row.answer for row in rows if row.status == "failed"),
        "mapped": _frequent_pairs(rows),
    }


def n_labelled(rows: Sequence[Answer]) -> int:
    """How many of the answers are labels."""
    return sum(row.status in VALID for row in rows)


def _models(rows: Sequence[Answer], described: Mapping[str, Any]) -> str:
    """Who answered, as the answers say it, or else as the labeler was described."""
    named = list(dict.fromkeys(row.model for row in rows if row.model))
    return ", ".join(named) or str(described.get("model", ""))


def _facts(rows: Sequence[Answer]) -> Iterator[tuple[str, str]]:
    yield "Answers", f"{len(rows):,}"
    n = n_labelled(rows)
    yield "Labels", f"{n:,} ({percent(n / len(rows))})"
    sure = [row.confidence for row in rows if math.isfinite(row.confidence)]
    if sure:
        yield "Confidence", f"{number(sum(sure) / len(sure))} in the mean"
    seconds = [row.seconds for row in rows if math.isfinite(row.seconds)]
    # An answer has none where it came from the store, or where its labeler never measures any.
    if seconds and len(seconds) < len(rows):
        yield "From the store", f"{len(rows) - len(seconds):,}"
    if seconds:
        yield "Seconds an answer", f"{number(sum(seconds) / len(seconds))} in the mean"


def _counts(rows: Sequence[Answer]) -> list[list[str]]:
    counted = Counter(row.status for row in rows)
    states = [*STATES, *sorted(set(counted) - set(STATES))]
    return [
        [state, STATES.get(state, ""), f"{counted[state]:,}", percent(counted[state] / len(rows))]
        for state in states
        if counted[state]
    ]


def _frequent(texts: Iterator[str]) -> dict[str, Any]:
    """rows: (text on one line, how often); n: how many different ones there are."""
    counted = Counter(cut(text) for text in texts)
    top = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_FREQUENT]
    return {"rows": [[text, f"{n:,}"] for text, n in top], "n": len(counted)}


def _frequent_pairs(rows: Sequence[Answer]) -> dict[str, Any]:
    counted = Counter((cut(r.answer), r.label) for r in rows if r.status == "mapped")
    top = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_FREQUENT]
    return {"rows": [[text, label, f"{n:,}"] for (text, label), n in top], "n": len(counted)}
