"""How firmly the clusters stand, in plain words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.page.named import shown_name
from clusterlab.reports.page.text import percent, plural, score_or_dash
from clusterlab.reports.palette import cluster_colours
from clusterlab.stability import Stability, verdict

HALF = 0.5
MOST_LISTED = 40
_WEAK = ("dissolves", "doubtful")
_TAGS = {"dissolves": "unstable", "doubtful": "doubtful"}
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
    that dissolve or are doubtful, or come again in fewer than half of the samples, the largest
    first."""
    found = outcome.evaluation.stability
    if found is None:
        return None
    rare = found.clusters["survival"] < HALF
    weak = found.clusters[rare | found.clusters["jaccard"].map(verdict).isin(_WEAK)]
    sizes = {int(c): int((outcome.clustering.labels == c).sum()) for c in weak["cluster"]}
    colours = cluster_colours(outcome.clustering.labels)
    listed = sorted(weak.to_dict("records"), key=lambda row: -sizes[row["cluster"]])
    unsure = int((found.confidence < HALF).sum())
    confidence = found.confidence[np.isfinite(found.confidence)]
    n = len(confidence)
    least = least_firm(found)
    return {
        "n_repeats": found.n_repeats,
        "kinds": [_kind(row) for row in found.kinds.to_dict("records")],
        "notes": found.notes,
        "n_clusters": len(found.clusters),
        "n_weak": len(weak),
        "n_rare": int(rare.sum()),
        "verdicts": verdicts(found),
        "confidence": score_or_dash(confidence.mean()) if n else "",
        "least": None if least is None else (least[0], percent(least[1])),
        "weak": [
            {
                "cluster": int(row["cluster"]),
                "colour": colours.get(int(row["cluster"]), ""),
                "name": shown_name(outcome, int(row["cluster"])),
                "size": f"{sizes[row['cluster']]:,}",
                "jaccard": score_or_dash(row["jaccard"]),
                "chance": score_or_dash(row["jaccard_chance"]),
                "survival": percent(row["survival"]),
                "verdict": verdict(row["jaccard"]),
            }
            for row in listed[:MOST_LISTED]
        ],
        "unsure": f"{plural(unsure, 'image')} ({percent(unsure / n)})" if unsure and n else "",
    }


def verdicts(found: Stability) -> str:
    """How many clusters stand how firmly: "1 dissolves, 2 doubtful, 3 stable"."""
    said = Counter(found.clusters["jaccard"].map(verdict))
    words = {"dissolves": "dissolves" if said["dissolves"] == 1 else "dissolve"}
    return ", ".join(
        f"{said[one]:,} {words.get(one, one)}" for one in ("dissolves", "doubtful", "stable")
    )


def least_firm(found: Stability) -> tuple[int, float] | None:
    """The cluster that comes again in the fewest samples, and the share of them; None where no
    sample held one."""
    known = found.clusters.dropna(subset=["survival"])
    if known.empty:
        return None
    row = known.sort_values(["survival", "jaccard"]).iloc[0]
    return int(row["cluster"]), float(row["survival"])


def in_card(outcome: Outcome, cluster: int) -> dict[str, Any] | None:
    """survival, jaccard and its chance level of a cluster as its card shows them; tag: a word for
    one that dissolves, or is doubtful."""
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
        "chance": score_or_dash(rows["jaccard_chance"].iloc[0]),
        "tag": _TAGS.get(verdict(rows["jaccard"].iloc[0]), ""),
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
