"""What the clusters are called, and whether their images bear that out."""

from __future__ import annotations

from clusterlab.meaning import ClusterName
from clusterlab.outcome import Outcome
from clusterlab.types import NOISE


def names_of(outcome: Outcome) -> dict[int, ClusterName]:
    """Cluster -> its name, without those that are but called by their number; empty where nobody
    named them."""
    if outcome.naming is None:
        return {}
    return {
        name.cluster: name
        for name in outcome.naming.names
        if name.name.strip() not in ("", f"cluster {name.cluster}")
    }


def is_understood(outcome: Outcome) -> bool:
    """Whether a model labelled the images, or something named the clusters: what the clusters mean
    is then told in a section of its own."""
    return outcome.labelling is not None or outcome.naming is not None


def called(outcome: Outcome, cluster: int) -> str:
    """The cluster by its number and, where its images do not speak against that, by its name.

    For figures, which have no room to say that a name failed.
    """
    if cluster == NOISE:
        return "noise"
    name = names_of(outcome).get(cluster)
    if name is None or is_failed(name):
        return f"cluster {cluster}"
    return f"cluster {cluster}: {name.name}"


def is_failed(name: ClusterName) -> bool:
    """Whether the cluster's images do not bear the name out; False where nobody was asked."""
    return name.verified is not None and not name.verified
