"""What was done, in one sentence and a few numbers, and what to know before reading on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from clusterlab.outcome import Outcome
from clusterlab.reports.marks import explain
from clusterlab.reports.page.text import NOTHING, method, percent, plural
from clusterlab.reports.seen import seen_splits
from clusterlab.reports.synthetic import run_marks
from clusterlab.types import NOISE


def headline(outcome: Outcome) -> dict[str, Any]:
    """title, date, sentence, figures (value, what it counts) and warnings."""
    started = str(outcome.environment.get("started", ""))
    return {
        "title": outcome.collection.name,
        "run": outcome.name,
        "date": started.replace("T", " ")[:16],
        "sentence": sentence(outcome),
        "figures": list(_figures(outcome)),
        "warnings": list(dict.fromkeys(_warnings(outcome))),
    }


def sentence(outcome: Outcome) -> str:
    """The path from images to clusters: "60 images → HOG (324 numbers each) → ..."."""
    n, width = outcome.features.values.shape
    steps = [plural(n, "image")]
    tuned = f" fine-tuned on {' and '.join(outcome.training.columns)}" if outcome.training else ""
    steps.append(f"{_extractor(outcome)}{tuned} ({plural(width, 'number')} each)")
    reducer = outcome.choices.get("reducer", "none")
    if reducer != "none":
        steps.append(f"{method(reducer)} ({outcome.reduced.values.shape[1]:,})")
    found = plural(len(outcome.clustering.clusters), "cluster")
    steps.append(f"{method(outcome.choices.get('clusterer', 'clustering'))}: {found}")
    return " → ".join(steps)


def _extractor(outcome: Outcome) -> str:
    """The extractor; of a fusion its parts, each with what it is made by."""
    option = outcome.choices.get("extractor", "features")
    parts = outcome.components.get("extractor", {}).get("parts", {})
    if option != "fusion" or not parts:
        return method(option)
    return ", ".join(f"{name}: {method(_part(outcome, name))}" for name in parts)


def _part(outcome: Outcome, name: str) -> str:
    """The option chosen for a part; where none was, its class says what it is, by its module."""
    target = outcome.components["extractor"]["parts"][name].get("_target_", "")
    of_class = str(target).rpartition(".")[0].rpartition(".")[2] or str(target)
    return outcome.choices.get(f"extractor@extractor.parts.{name}", of_class)


def _figures(outcome: Outcome) -> Iterator[tuple[str, str]]:
    labels = outcome.clustering.labels
    sizes = [int((labels == cluster).sum()) for cluster in outcome.clustering.clusters]
    n_noise = int((labels == NOISE).sum())
    yield f"{len(labels):,}", "images clustered"
    yield f"{len(sizes):,}", "clusters" if len(sizes) != 1 else "cluster"
    if sizes:
        yield percent(max(sizes) / len(labels)), "in the largest cluster"
        yield f"{int(np.median(sizes)):,}", "images in the median cluster"
    yield percent(n_noise / len(labels)) if len(labels) else NOTHING, "in no cluster (noise)"
    if outcome.failures:
        yield f"{len(outcome.failures):,}", "could not be read"


def _warnings(outcome: Outcome) -> Iterator[str]:
    labels = outcome.clustering.labels
    yield from map(explain, run_marks(outcome))
    training, found = outcome.training, outcome.classification
    # Those stand beside the scores that they are about.
    elsewhere = {*found.notes} if found is not None else set()
    stability = outcome.evaluation.stability
    elsewhere |= {*stability.notes} if stability is not None else set()
    notes = (*outcome.notes, *outcome.evaluation.notes)
    yield from (note for note in notes if note not in elsewhere)
    yield from training.notes if training is not None else ()
    others = bool((outcome.collection.split != outcome.evaluation.scored_split).any())
    if outcome.evaluation.scored_split != "all" and others and not seen_splits(outcome):
        yield (
            f"The headline scores are on the {outcome.evaluation.scored_split} images only; "
            "the others are in the table of all scores."
        )
    n_noise = int((labels == NOISE).sum())
    if n_noise:
        yield (
            f"{n_noise:,} of {len(labels):,} images are in no cluster (noise). The headline scores "
            "count them as one more cluster; the table of all scores has the other ways."
        )
    if not len(outcome.collection.labels.columns):
        yield (
            "The collection has no label column, so nothing here says whether the clusters mean "
            "anything. The internal scores only say how compact and separate they are."
        )
    if outcome.failures:
        yield (
            f"{plural(len(outcome.failures), 'image')} could not be used and "
            f"{'is' if len(outcome.failures) == 1 else 'are'} in no number of this page."
        )
