"""The optional stage after evaluation: what each cluster is called, and whether that holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from clusterlab.components import Component
from clusterlab.meaning import Naming
from clusterlab.reading.settings import Settings
from clusterlab.types import NOISE, Clustering, Collection, Evaluation, Features, Text


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """What a namer knows: images, clusters, and what was said of them. All in the same order.

    space: where the clusters lie, to find their central members. medoids: cluster -> row.
    texts: captions, or the table's texts; may be of fewer images, or none. marks: label column
    -> what must stand beside the labels that a model made, such as "random weights". labelers:
    label column -> how a model made it, as in Labelling.
    """

    collection: Collection
    clustering: Clustering
    space: Features
    medoids: dict[int, int]
    texts: Sequence[Text] = ()
    marks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labelers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    random_state: int = 0

    def members(self, cluster: int) -> np.ndarray:
        """(m,) int rows of a cluster."""
        return np.flatnonzero(self.clustering.labels == cluster)


def medoids(evaluation: Evaluation, collection: Collection) -> dict[int, int]:
    """Cluster -> the row of its medoid; noise has none."""
    row_of = {id_: row for row, id_ in enumerate(collection.ids)}
    found = zip(evaluation.clusters["cluster"], evaluation.clusters["medoid"], strict=True)
    return {int(cluster): row_of[medoid] for cluster, medoid in found if cluster != NOISE}


def check_namer(component: Component, collection: Collection, extractor: Component) -> None:
    """Raises a ClusterlabError where the component will not be able to name the clusters of such a
    collection, before hours of work go into them. collection: with the labelers' columns."""
    if hasattr(component.instance, "check"):
        component.instance.check(collection, extractor)


def name_clusters(component: Component, clusters: Clusters, settings: Settings) -> Naming | None:
    """What the component calls the clusters; None where it calls them nothing."""
    naming: Naming | None = component.instance.name(clusters, settings)
    return naming


def named(evaluation: Evaluation, naming: Naming | None) -> Evaluation:
    """The evaluation with the names in its table of clusters, which gains name_agreement and
    name_verified."""
    if naming is None:
        return evaluation
    by_cluster = {name.cluster: name for name in naming.names}
    table = evaluation.clusters.copy()
    known = [by_cluster.get(int(cluster)) for cluster in table["cluster"]]
    table["name"] = [
        own if name is None else name.name for own, name in zip(table["name"], known, strict=True)
    ]
    table["name_agreement"] = [np.nan if name is None else name.agreement for name in known]
    table["name_verified"] = [
        "" if name is None or name.verified is None else str(name.verified) for name in known
    ]
    return replace(evaluation, clusters=table, notes=(*evaluation.notes, *naming.notes))
