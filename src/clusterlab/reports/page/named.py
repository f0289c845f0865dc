"""The names of the clusters, and whether the images bear them out."""

from __future__ import annotations

import math
from typing import Any

from clusterlab.meaning import ClusterName
from clusterlab.outcome import Outcome
from clusterlab.reports.called import is_failed, names_of
from clusterlab.reports.page.text import percent, plural

MOST_LISTED = 100


def shown_name(outcome: Outcome, cluster: int) -> dict[str, Any] | None:
    """text, state ("verified", "failed" or "unverified") and says, what stands beside it; None
    where the cluster has no name."""
    name = names_of(outcome).get(cluster)
    if name is None:
        return None
    return {"text": name.name, "state": state(name), "says": _says(name)}


def state(name: ClusterName) -> str:
    """How far a name can be trusted, in a word."""
    if name.verified is None:
        return "unverified"
    return "failed" if is_failed(name) else "verified"


def naming_block(outcome: Outcome) -> dict[str, Any] | None:
    """namer, verifier, counts in a sentence, and the names that failed, those of large clusters
    first. None where nobody named the clusters."""
    naming = outcome.naming
    if naming is None:
        return None
    names = names_of(outcome)
    sizes = {c: int((outcome.clustering.labels == c).sum()) for c in names}
    failed = [names[c] for c in sorted(names, key=lambda c: (-sizes[c], c)) if is_failed(names[c])]
    return {
        "namer": naming.namer,
        "verifier": naming.verifier,
        "counts": count(outcome),
        "n_failed": len(failed),
        "failed": [
            {
                "cluster": name.cluster,
                "name": shown_name(outcome, name.cluster),
                "size": f"{sizes[name.cluster]:,}",
            }
            for name in failed[:MOST_LISTED]
        ],
    }


def count(outcome: Outcome) -> str:
    """How many names are borne out, of how many, and why others were not checked; "" where there
    is none."""
    names = list(names_of(outcome).values())
    asked = [name for name in names if name.verified is not None]
    n_open = len(names) - len(asked)
    parts = []
    if asked:
        right = sum(bool(name.verified) for name in asked)
        parts.append(f"{right:,} of {plural(len(asked), 'name')} borne out by the images")
    if n_open:
        whys = {name.why for name in names if name.verified is None}
        why = f" ({whys.pop()})" if len(whys) == 1 and "" not in whys else ""
        parts.append(f"{plural(n_open, 'name')} not checked{why}")
    return ", ".join(parts)


def _says(name: ClusterName) -> str:
    """What the images said to the name."""
    if name.verified is None:
        return f"unverified: {name.why or 'nobody was asked'}"
    asked = ""
    if name.n_asked and math.isfinite(name.agreement):
        asked = f"{percent(name.agreement)} of {plural(name.n_asked, 'image')}"
        if math.isfinite(name.chance):
            asked += f", by chance {percent(name.chance)}"
    if is_failed(name):
        said = name.why or asked
        return f"not borne out: {said}" if said else "not borne out"
    return f"verified by {asked}" if asked else "verified"
