"""How firmly the clusters stand, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.page.named import shown_name
from clusterlab.reports.page.text import percent, plural, score_or_dash
from clusterlab.reports.palette import cluster_colours

HALF = 0.5
DOUBTFUL = 0.75
MOST_LISTED = 40
KINDS = {
    "bootstrap": (
        "other images",
        "clustered again on random samples of the images, drawn with replacement",
    ),
    "seeds": ("other seeds", "clustered again with other random seeds"),
    "orders": ("other orders", "clustered again with the images in another order"),
}


def stability(outcome: Outcome) -> dict[str, Any] | None:
    """None where it was not asked for. kinds: a way of clustering again each. weak: the clusters
    that come again in fewer than half of the samples, the largest first."""
    found = outcome.evaluation.stability
    if found is None:
        return None
    weak = found.clusters[found.clusters["survival"] < HALF]
    sizes = {int(c): int((outcome.clustering.labels == c).sum()) for c in weak["cluster"]}
    colours = cluster_colours(outcome.clustering.labels)
    listed = sorted(weak.to_dict("records"), key=lambda row: -sizes[row["cluster"]])
    unsure = int((found.confidence < HALF).sum())
    n = int(np.isfinite(found.confidence).sum())
    return {
        "n_repeats": found.n_repeats,
        "kinds": [_kind(row) for row in found.kinds.to_dict("records")],
        "notes": found.notes,
        "n_clusters": len(found.clusters),
        "n_weak": len(weak),
        "n_doubtful": int((found.clusters["jaccard"] < DOUBTFUL).sum()),
        "weak": [
            {
                "cluster": int(row["cluster"]),
                "colour": colours.get(int(row["cluster"]), ""),
                "name": shown_name(outcome, int(row["cluster"])),
                "size": f"{sizes[row['cluster']]:,}",
                "jaccard": score_or_dash(row["jaccard"]),
                "survival": percent(row["survival"]),
            }
            for row in listed[:MOST_LISTED]
        ],
        "unsure": f"{plural(unsure, 'image')} ({percent(unsure / n)})" if unsure and n else "",
    }


def in_card(outcome: Outcome, cluster: int) -> dict[str, Any] | None:
    """survival and jaccard of a cluster as its card shows them; weak: below one half."""
    found = outcome.evaluation.stability
    if found is None:
        return None
    rows = found.clusters[found.clusters["cluster"] == cluster]
    if rows.empty or pd.isna(rows["survival"].iloc[0]):
        return None
    survival = float(rows["survival"].iloc[0])
    return {
        "survival": percent(survival),
        "jaccard": score_or_dash(rows["jaccard"].iloc[0]),
        "weak": survival < HALF,
    }


def _kind(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What was varied, and what came of it. position: of the ARI along 0 to 1, in per cent."""
    kind, ari = str(row["kind"]), float(row["ari"])
    name, says = KINDS.get(kind, (kind, ""))
    low, high = int(row["n_clusters_low"]), int(row["n_clusters_high"])
    return {
        "name": name,
        "says": says,
        "ari": score_or_dash(ari),
        "std": score_or_dash(row["ari_std"]),
        "n_pairs": f"{int(row['n_pairs']):,}",
        "clusters": f"{low:,}" if low == high else f"{low:,} to {high:,}",
        "position": round(100 * min(max(ari, 0.0), 1.0), 2) if math.isfinite(ari) else None,
    }
