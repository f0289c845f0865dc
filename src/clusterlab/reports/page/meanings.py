"""What each score means, in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """scale: the values at the two ends of its bar, or None where it has no fixed range."""

    name: str
    says: str
    scale: tuple[float, float] | None = None

    def place(self, value: float) -> float | None:
        """Per cent along the scale, cut at its ends.

        >>> Meaning("x", "", (-1.0, 1.0)).place(0.5)
        75.0
        """
        if self.scale is None or not math.isfinite(value):
            return None
        low, high = self.scale
        return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)


UNIT = (0.0, 1.0)
EXTERNAL = {
    "ari": Meaning(
        "Adjusted Rand index",
        "Of all pairs of pictures, how many are together, or apart, in both the clusters and the "
        "labels; corrected for luck. 1 is full agreement, 0 is what chance gives.",
        UNIT,
    ),
    "ami": Meaning(
        "Adjusted mutual information",
        "How much knowing the cluster tells about the label; corrected for luck. 1 is everything, "
        "0 is what chance gives. Small clusters count for more than in the Rand index.",
        UNIT,
    ),
    "nmi": Meaning(
        "Normalised mutual information",
        "The same without the correction for luck: it grows with the number of clusters, even "
        "where the clusters mean nothing.",
        UNIT,
    ),
    "purity": Meaning(
        "Purity",
        "The share of pictures that carry the commonest label of their cluster. It grows with the "
        "number of clusters, so read it beside its chance level.",
        UNIT,
    ),
    "homogeneity": Meaning(
        "Homogeneity",
        "1 when every cluster holds one label only. It grows with the number of clusters.",
        UNIT,
    ),
    "completeness": Meaning(
        "Completeness", "1 when all pictures with one label are in the same cluster.", UNIT
    ),
    "v_measure": Meaning(
        "V-measure", "Homogeneity and completeness in one number (their harmonic mean).", UNIT
    ),
    "entropy": Meaning(
        "Entropy",
        "How mixed the labels are inside the clusters, in bits; lower is better. 0 is one label "
        "a cluster, 1 is two labels half and half.",
    ),
    "normalized_entropy": Meaning(
        "Normalised entropy",
        "The same as a share of the most mixed that it could be; lower is better.",
        UNIT,
    ),
}
INTERNAL = {
    "silhouette": Meaning(
        "Silhouette",
        "How much nearer pictures are to their own cluster than to the next one, from minus 1 to "
        "1; higher is better. Compare it only within the same space.",
        (-1.0, 1.0),
    ),
    "dbcv": Meaning(
        "DBCV",
        "How much denser the clusters are inside than the gaps between them, whatever their shape, "
        "from minus 1 to 1; higher is better. Pictures left out as noise count against it. Compare "
        "it only within the same space.",
        (-1.0, 1.0),
    ),
    "davies_bouldin": Meaning(
        "Davies-Bouldin index",
        "How wide the clusters are for the distance between them; lower is better, 0 is best.",
    ),
    "calinski_harabasz": Meaning(
        "Calinski-Harabasz index",
        "How far apart the clusters are for how wide they are; higher is better, without a limit. "
        "Compare it only for the same images and space.",
    ),
}
