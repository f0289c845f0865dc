"""What the interactive map needs: places, groups and what to say about each image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from clusterlab.outcome import Outcome
from clusterlab.reports.called import is_failed, names_of
from clusterlab.reports.classes import classes_of, legend
from clusterlab.reports.maps import cluster_groups, split_groups
from clusterlab.reports.page.captions import Author, for_map
from clusterlab.reports.page.thumbs import Thumbs
from clusterlab.reports.seen import seen_splits
from clusterlab.reports.synthetic import column_tags

_MOST_NEAR = 8
_MOST_LINKS = 200_000


def map_data(
    outcome: Outcome, thumbs: Thumbs, voices: Sequence[Author], *, on_page: set[int]
) -> dict[str, Any]:
    """JSON-able. on_page: rows whose thumbnail is in the page already and is taken from there."""
    clustering = outcome.clustering
    return {
        "ids": list(outcome.collection.ids),
        "views": [
            {"name": name, "x": _rounded(places[:, 0]), "y": _rounded(places[:, 1])}
            for name, places in outcome.views.items()
        ],
        "colourings": [_by_cluster(outcome), *_by_labels(outcome), *_by_split(outcome)],
        **_confidence(outcome),
        "strength": None
        if clustering.strength is None
        else [round(float(value), 3) for value in clustering.strength],
        "neighbours": _neighbours(outcome),
        "texts": for_map(voices, len(outcome.collection)),
        "thumbs": {str(row): uri for row, uri in thumbs.uris.items() if row not in on_page},
    }


def _neighbours(outcome: Outcome) -> dict[str, Any] | None:
    """The rows of each image's k nearest, image by image, and their distances; fewer of each the
    more images there are, so that the page stays one that a browser opens; None for too many."""
    found = outcome.evaluation.neighbourhood
    if found is None or not found.indices.size:
        return None
    k = min(_MOST_NEAR, found.indices.shape[1], _MOST_LINKS // len(found.indices))
    if k < 1:
        return None
    return {
        "k": k,
        "rows": found.indices[:, :k].ravel().tolist(),
        "distances": [float(f"{value:.3g}") for value in found.distances[:, :k].ravel().tolist()],
    }


def _by_cluster(outcome: Outcome) -> dict[str, Any]:
    """`called` and `failed` of a group: the name of a cluster, and whether its images do not bear
    it out; only where it has one."""
    groups, codes = cluster_groups(outcome.clustering.labels)
    colouring = _colouring("cluster", groups, codes)
    names = {f"cluster {c}": name for c, name in names_of(outcome).items()}
    for group in colouring["groups"]:
        if name := names.get(group["name"]):
            group |= {"called": name.name, "failed": is_failed(name)}
    return colouring


def _confidence(outcome: Outcome) -> dict[str, Any]:
    """How sure each image is of its cluster, null where no sample held it; nothing where the
    stability was not asked for."""
    stability = outcome.evaluation.stability
    if stability is None:
        return {}
    found = stability.confidence.tolist()
    return {"confidence": [round(v, 3) if math.isfinite(v) else None for v in found]}


def _by_labels(outcome: Outcome) -> list[dict[str, Any]]:
    """`values` and `value`: what the image's own label is, where the legend has only "other"."""
    found = []
    for column in outcome.collection.labels.columns:
        classes = classes_of(outcome.collection, column)
        colouring = _colouring(str(column), *legend(classes))
        if tags := column_tags(outcome, str(column)):
            colouring["tags"] = list(tags)
        colouring |= {"values": list(classes.names), "value": classes.codes.tolist()}
        found.append(colouring)
    return found


def _by_split(outcome: Outcome) -> list[dict[str, Any]]:
    """None where there is but one split."""
    groups, codes = split_groups(outcome.collection.split, seen_splits(outcome))
    return [_colouring("split", groups, codes)] if len(groups) > 1 else []


def _colouring(name: str, groups: list[Any], codes: np.ndarray) -> dict[str, Any]:
    return {
        "name": name,
        "groups": [
            {"name": g.name, "colour": g.colour, "count": g.count, "role": g.role} for g in groups
        ],
        "codes": codes.tolist(),
    }


def _rounded(values: np.ndarray) -> list[float]:
    """Four digits of the range: finer than a pixel of any screen."""
    span = float(np.ptp(values)) if len(values) else 0.0
    digits = int(np.clip(4 - np.floor(np.log10(span or 1.0)), 0, 12))
    return [round(float(value), digits) for value in values]
