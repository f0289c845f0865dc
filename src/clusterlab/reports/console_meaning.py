"""What the terminal says of labels that models made, of stability and of names: a line each."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.marks import joined
from clusterlab.reports.page.named import count
from clusterlab.reports.page.stability import least_firm, verdicts
from clusterlab.reports.page.text import percent, plural
from clusterlab.reports.seen import scored
from clusterlab.reports.synthetic import labeler_marks, synthetic

WIDTH = 80


def meaning_lines(outcome: Outcome) -> list[str]:
    """Nothing where there are no synthetic labels, no names, and nobody asked for the stability."""
    texts = [*_columns(outcome), *_agreements(outcome), *_stability(outcome), *_names(outcome)]
    return [line for text in texts for line in textwrap.wrap(text, WIDTH, subsequent_indent="    ")]


def _columns(outcome: Outcome) -> Iterator[str]:
    answers = outcome.labelling.answers if outcome.labelling is not None else ()
    states = Counter((answer.column, answer.status) for answer in answers)
    summaries = {found.column: found.summary for found in outcome.evaluation.homogeneity}
    for column in synthetic(outcome):
        cells = outcome.collection.labels[column][scored(outcome)]
        share = sum(map(bool, cells)) / max(len(cells), 1)
        text = (
            f"{column}{_tags(outcome, labeler_marks(outcome, column))}: {percent(share)} labelled"
        )
        text += f", {states[column, 'invalid']:,} invalid"
        if failed := states[column, "failed"]:
            text += f", {failed:,} failed"
        yield text + (_homogeneity(summaries[column]) if column in summaries else "")


def _homogeneity(summary: pd.DataFrame) -> str:
    """Noise counted as a cluster."""
    rows = summary[summary["noise"] == "with"]
    if rows.empty or not math.isfinite(rows["homogeneity"].iloc[0]):
        return ""
    row = rows.iloc[0]
    return (
        f"; homogeneity {row['homogeneity']:.2f} (majority {row['majority']:.2f}, "
        f"chance {row['chance']:.2f})"
    )


def _agreements(outcome: Outcome) -> Iterator[str]:
    for found in outcome.evaluation.agreements:
        marks = [mark for name in (found.one, found.other) for mark in labeler_marks(outcome, name)]
        text = "no image has a label of both"
        if found.n:
            text = f"labels of both on {plural(found.n, 'image')}"
        if math.isfinite(found.share):
            text = f"same label on {percent(found.share)} of {plural(found.n, 'image')}"
        if math.isfinite(found.kappa):
            text += f"; kappa {found.kappa:.2f}"
        elif math.isfinite(found.ari):
            text += f"; ARI {found.ari:.2f}"
        yield f"{found.one} and {found.other}{_tags(outcome, marks)}: {text}"


def _stability(outcome: Outcome) -> Iterator[str]:
    found = outcome.evaluation.stability
    if found is None:
        return
    kinds = [
        f"{row['kind']} {row['ari']:.2f} ± {row['ari_std']:.2f}"
        for row in found.kinds.to_dict("records")
        if math.isfinite(row["ari"])
    ]
    text = f"stability{_tags(outcome, ())}: {', '.join(kinds)}"
    confidence = found.confidence[np.isfinite(found.confidence)]
    if len(confidence):
        text += f"; mean confidence {confidence.mean():.2f}"
    if (least := least_firm(found)) is not None:
        cluster, survival = least
        text += f"; least firm: cluster {cluster}, in {percent(survival)} of the samples"
    yield text
    jaccard = found.clusters[["jaccard", "jaccard_chance"]].dropna()
    if len(jaccard):
        low, high = jaccard["jaccard"].min(), jaccard["jaccard"].max()
        yield (
            f"of {plural(len(found.clusters), 'cluster')} {verdicts(found)}: mean Jaccard "
            f"{low:.2f} to {high:.2f}, by chance {jaccard['jaccard_chance'].mean():.2f}"
        )
    if found.standing:
        yield "(stability of the clusterer alone, on samples of the images: see the report)"


def _tags(outcome: Outcome, marks: Sequence[str]) -> str:
    """What stands beside the numbers of a line."""
    found = dict.fromkeys((*outcome.features.marks, *marks))
    return f" ({joined(list(found))})" if found else ""


def _names(outcome: Outcome) -> Iterator[str]:
    if said := count(outcome):
        yield f"names: {said}"
