"""How much of one mind the images of each cluster are about a label column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from clusterlab.meaning import Homogeneity
from clusterlab.outcome import Outcome
from clusterlab.reports.names import label_slugs, stacked_name
from clusterlab.reports.page.clusters import Column, shares_in
from clusterlab.reports.page.labelled import labelled_by
from clusterlab.reports.page.named import shown_name
from clusterlab.reports.page.text import NOTHING, percent, picture, plural, score, score_or_dash
from clusterlab.reports.seen import scored, seen_labels
from clusterlab.reports.synthetic import column_tags
from clusterlab.types import NOISE

MOST_LISTED = 100
FEW_LISTED = 12
ABSENT = -2
COMMON = 0.75
FEW_COUNTED = 0.5
MOST_Q = 1000
HEADER = (
    *("noise", "homogeneity", "one label for all", "by chance"),
    *("entropy, bits", "by chance", "Q", "images counted"),
)


def about_column(
    outcome: Outcome, found: Homogeneity, column: Column, figures: Path
) -> dict[str, Any]:
    """lead: what the numbers say. rows: one a noise policy. notes: how to read them. review: the
    clusters that are not good, the largest first."""
    has_noise = bool((outcome.clustering.labels == NOISE).any())
    summary = found.summary.set_index("noise")
    listed = [name for name in ("with", "without") if name in summary.index]
    if not has_noise:
        listed = listed[:1]
    slug = label_slugs(outcome.collection)[found.column]
    first = summary.loc[listed[0]] if listed else None
    return {
        "name": found.column,
        "tags": column_tags(outcome, found.column),
        "supervised": found.column in seen_labels(outcome),
        "threshold": percent(found.threshold),
        "lead": [] if first is None else list(_lead(first, has_noise=has_noise)),
        "rows": [_row(summary.loc[name], name, has_noise=has_noise) for name in listed],
        "notes": list(_notes(outcome, found)),
        "good": "" if first is None else _good(first, found.threshold),
        **_review(outcome, found, column),
        "figure": picture(
            figures, stacked_name(slug), f"The labels of {found.column} inside each cluster"
        ),
        "labelled": labelled_by(outcome, found.column),
    }


def unlabelled(outcome: Outcome, column: str) -> dict[str, Any]:
    """A column of a labeler without a single label, as `about_column` has others."""
    return {
        "name": column,
        "tags": column_tags(outcome, column),
        "supervised": False,
        "lead": ["No image that is scored has a label here, so no number says anything about it."],
        "rows": [],
        "notes": [],
        "good": "",
        "n_review": 0,
        "figure": None,
        "labelled": labelled_by(outcome, column),
    }


def _lead(row: Mapping[str, float], *, has_noise: bool) -> list[str]:
    """What the homogeneity says beside what would be reached without looking at the pictures."""
    value, majority, chance = row["homogeneity"], row["majority"], row["chance"]
    if not math.isfinite(value):
        return ["No image in a cluster has a label, so there is nothing to say."]
    where = " (noise counted as a cluster)" if has_noise else ""
    lines = [
        f"In the mean over the clusters, weighted by their size{where}, {percent(value)} of the "
        f"labelled images carry the commonest label of their cluster. One label for everything "
        f"would reach {percent(majority)}, and the same clusters with the labels shuffled "
        f"{percent(chance)}."
    ]
    spread = row["chance_std"] if math.isfinite(row["chance_std"]) else 0.0
    if majority >= 1:
        lines.append("There is but one label, so nothing here tells the clusters apart.")
    elif value <= chance + 2 * spread:
        lines.append("That is no better than chance: these clusters say nothing about this column.")
    elif majority >= COMMON:
        lines.append(
            "One label is so common here that almost any clusters look homogeneous: only what is "
            "above these two says anything."
        )
    if row["coverage"] < FEW_COUNTED:
        lines.append(f"Only {percent(row['coverage'])} of the images have a label.")
    return lines


def _row(row: Mapping[str, Any], name: str, *, has_noise: bool) -> list[str]:
    chance = score_or_dash(row["chance"])
    if math.isfinite(row["chance_std"]) and chance != NOTHING:
        chance += f" ± {score(row['chance_std'])}"
    words = {"with": "as one more cluster", "without": "left out"}
    return [
        words[name] if has_noise else "there is none",
        score_or_dash(row["homogeneity"]),
        score_or_dash(row["majority"]),
        chance,
        score_or_dash(row["entropy"]),
        score_or_dash(row["entropy_chance"]),
        _shown_q(row["q"]),
        percent(row["coverage"]),
    ]


def _notes(outcome: Outcome, found: Homogeneity) -> Iterator[str]:
    """How to read the table."""
    if found.column in outcome.collection.multi_valued:
        yield (
            "An image may have several values here. Homogeneity, one label for all and the chance "
            "level beside them are of single values: the share of the images that have the "
            "commonest one. Entropy is of the whole sets of values, and Q divides the one by the "
            "other, so it is not that of a column with one value an image."
        )
    if (found.summary["q"] > MOST_Q).any():
        yield "Q has no bound where entropy comes to 0, as it does here: it then says no more."


def _shown_q(q: float) -> str:
    return f"> {MOST_Q:,}" if q > MOST_Q else score_or_dash(q)


def _good(row: Mapping[str, Any], threshold: float) -> str:
    n_good, n = int(row["n_good"]), int(row["n_clusters"])
    who = f"{n_good:,} of {plural(n, 'cluster')} {'is' if n_good == 1 else 'are'}"
    text = f"{who if n_good else 'No cluster is'} good: that is one with more than "
    text += f"{percent(threshold)} of its labelled images under one label, and at least half of "
    text += "all its images labelled."
    if n_good:
        whose = "Its" if n_good == 1 else "Their"
        text += f" {whose} labelled images are {percent(row['good_share'])} of all images."
    return text


def _review(outcome: Outcome, found: Homogeneity, column: Column) -> dict[str, Any]:
    table = found.clusters
    table = table[(table["cluster"] != NOISE) & ~table["good"].astype(bool)]
    table = table.sort_values(["size", "cluster"], ascending=[False, True])
    labels = np.where(scored(outcome), outcome.clustering.labels, ABSENT)
    rows = []
    for row in table.head(MOST_LISTED).to_dict("records"):
        cluster = int(row["cluster"])
        shares = shares_in(column, (labels == cluster).nonzero()[0])
        rows.append(
            {
                "cluster": cluster,
                "name": shown_name(outcome, cluster),
                "size": f"{int(row['size']):,}",
                "homogeneity": score_or_dash(row["homogeneity"]),
                "entropy": score_or_dash(row["entropy"]),
                "top": [(top["value"], top["share"]) for top in shares["top"]],
                "n_missing": shares["n_missing"],
            }
        )
    return {"review": rows, "n_review": len(table), "review_open": len(table) <= FEW_LISTED}
