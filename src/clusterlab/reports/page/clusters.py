"""One card a cluster: its size, its pictures, and what its labels are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterlab.outcome import Outcome
from clusterlab.reports.members import medoid_ids
from clusterlab.reports.page.captions import Author, in_card
from clusterlab.reports.page.named import shown_name
from clusterlab.reports.page.stability import in_card as stability_in_card
from clusterlab.reports.page.text import percent
from clusterlab.reports.page.thumbs import STRIP, Thumbs, picture_of
from clusterlab.reports.palette import cluster_colours
from clusterlab.reports.sheets import showcase_caption
from clusterlab.reports.synthetic import column_tags
from clusterlab.types import NOISE

MOST_CARDS = 40
MOST_THUMBS = 60
TOP = 3


@dataclass(frozen=True)
class Column:
    """A label column. values: each image's values, none where missing. counts: images a value.
    n_known: images with a value."""

    name: str
    values: list[tuple[str, ...]]
    counts: Counter[str]
    n_known: int


def cluster_cards(outcome: Outcome, thumbs: Thumbs, voices: Sequence[Author]) -> dict[str, Any]:
    """cards: the largest clusters, then noise. rest: the other clusters, without pictures."""
    columns = columns_of(outcome)
    colours = cluster_colours(outcome.clustering.labels)
    medoids = medoid_ids(outcome.evaluation.clusters)
    cards = [
        _card(outcome, thumbs, voices, cluster, columns)
        | {"colour": colours[cluster], "medoid": medoids.get(cluster)}
        for cluster in thumbs.order
    ]
    clusters = [card for card in cards if not card["noise"]]
    noise = [card for card in cards if card["noise"]]
    return {"cards": clusters[:MOST_CARDS] + noise, "rest": clusters[MOST_CARDS:]}


def _card(
    outcome: Outcome,
    thumbs: Thumbs,
    voices: Sequence[Author],
    cluster: int,
    columns: Mapping[str, Column],
) -> dict[str, Any]:
    rows, pictured = thumbs.order[cluster], thumbs.chosen[cluster]
    known = outcome.evaluation.clusters
    known = known[known["cluster"] == cluster]
    title = "noise" if cluster == NOISE else f"cluster {cluster}"
    names = [str(name) for name in known["name"] if name and str(name) != title]
    naming = shown_name(outcome, cluster)
    strip, more = pictured[:STRIP], pictured[STRIP:MOST_THUMBS]
    return {
        "cluster": cluster,
        "noise": cluster == NOISE,
        "title": title.capitalize(),
        "name": naming["text"] if naming else names[0] if names else "",
        "naming": naming,
        "stability": stability_in_card(outcome, cluster),
        "size": len(rows),
        "share": percent(len(rows) / len(outcome.clustering.labels)),
        "caption": showcase_caption(
            cluster, len(strip), min(len(strip), (STRIP + 1) // 2), len(rows)
        ),
        "strip": [picture_of(outcome, thumbs, voices, int(row)) for row in strip],
        "more": [picture_of(outcome, thumbs, voices, int(row)) for row in more],
        "texts": in_card(voices, rows.tolist()),
        "labels": [
            {**shares_in(column, rows), "tags": column_tags(outcome, column.name)}
            for column in columns.values()
        ],
    }


def columns_of(outcome: Outcome) -> dict[str, Column]:
    """The label columns by name."""
    return {str(c): _column(outcome, str(c)) for c in outcome.collection.labels.columns}


def _column(outcome: Outcome, name: str) -> Column:
    values = outcome.collection.labels[name].tolist()
    if name in outcome.collection.multi_valued:
        sets = [tuple(value) for value in values]
    else:
        sets = [() if value is None else (value,) for value in values]
    return Column(name, sets, Counter(v for value in sets for v in value), sum(map(bool, sets)))


def shares_in(column: Column, rows: np.ndarray) -> dict[str, Any]:
    """The commonest values among the images that have one, beside their share in all images."""
    inside = [column.values[row] for row in rows.tolist() if column.values[row]]
    counted = Counter(v for value in inside for v in value)
    top = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return {
        "column": column.name,
        "n_missing": len(rows) - len(inside),
        "n_values": len(counted),
        "top": [
            {
                "value": value,
                "width": round(100 * count / len(inside), 1),
                "share": percent(count / len(inside)),
                "overall": percent(column.counts[value] / column.n_known),
            }
            for value, count in top
        ],
    }
