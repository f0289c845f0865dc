"""What moved between two runs: images, settings, scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.reports.compare.configs import differing, flatten
from clusterlab.reports.compare.read_runs import Run, label_columns_of, read_assignments
from clusterlab.reports.compare.scores import ABSENT

NOISE = -1
_N_EXAMPLES = 3


@dataclass(frozen=True)
class Flow:
    """Images that went from a cluster of the first run to one of the second that is not its match.

    top_label: the commonest label among them, '' without labels. examples: a few ids.
    """

    source: int
    target: int
    n: int
    top_label: str
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Two clusterings of the images that both runs hold.

    ari, ami: agreement of the two clusterings, noise as one cluster; NaN without common images.
    matches: (cluster, cluster, images in both) by the assignment that keeps the most images
    together; noise is matched with noise. n_changed: images outside the matches.
    flows: largest first. config, scores: (key, first, second) wherever they differ.
    """

    first: Run
    second: Run
    n_common: int
    n_only_first: int
    n_only_second: int
    ari: float
    ami: float
    matches: tuple[tuple[int, int, int], ...]
    n_changed: int
    label: str | None
    flows: tuple[Flow, ...]
    config: tuple[tuple[str, str, str], ...]
    scores: tuple[tuple[str, float, float], ...]


def what_moved(first: Run, second: Run) -> Moved:
    """Compares two runs image by image, key by key and score by score."""
    # Here, because only two runs need it and the import takes longer than a leaderboard of many.
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    tables = [read_assignments(run.folder, marked=bool(run.marks)) for run in (first, second)]
    labels = [label_columns_of(table) for table in tables]
    label = next((column for column in labels[0] if column in labels[1]), None)
    both = tables[0].merge(tables[1][["id", "cluster"]], on="id", suffixes=("", "_after"))
    before, after = both["cluster"].to_numpy(), both["cluster_after"].to_numpy()
    matches = match_clusters(before, after)
    flows = _flows(both, {(a, b) for a, b, _ in matches}, label)
    return Moved(
        first=first,
        second=second,
        n_common=len(both),
        n_only_first=len(tables[0]) - len(both),
        n_only_second=len(tables[1]) - len(both),
        ari=float(adjusted_rand_score(before, after)) if len(both) else math.nan,
        ami=float(adjusted_mutual_info_score(before, after)) if len(both) else math.nan,
        matches=tuple(matches),
        n_changed=sum(flow.n for flow in flows),
        label=label,
        flows=tuple(flows),
        config=_config_changes(first, second),
        scores=_score_changes(first, second),
    )


def match_clusters(before: np.ndarray, after: np.ndarray) -> list[tuple[int, int, int]]:
    """Pairs clusters one to one so that the most images stay together (Kuhn 1955).

    before, after: (n,) int, -1 is noise, which only ever matches noise.
    Returns (cluster, cluster, images in both), by the first; clusters without a counterpart that
    shares an image are left out.

    >>> match_clusters(np.array([0, 0, 1, 1, -1]), np.array([5, 5, 5, 2, -1]))
    [(-1, -1, 1), (0, 5, 2), (1, 2, 1)]
    """
    from scipy.optimize import linear_sum_assignment

    rows, at_row = np.unique(before, return_inverse=True)
    columns, at_column = np.unique(after, return_inverse=True)
    counts = np.zeros((len(rows), len(columns)), dtype=np.int64)
    np.add.at(counts, (at_row, at_column), 1)
    # Noise shares nothing with a cluster here, so the assignment keeps noise with noise.
    shared = np.where((rows[:, None] == NOISE) == (columns[None, :] == NOISE), counts, 0)
    return [
        (int(rows[row]), int(columns[column]), int(shared[row, column]))
        for row, column in zip(*linear_sum_assignment(shared, maximize=True), strict=True)
        if shared[row, column]
    ]


def _flows(both: pd.DataFrame, matched: set[tuple[int, int]], label: str | None) -> list[Flow]:
    flows = []
    for _, images in both.groupby(["cluster", "cluster_after"], sort=True):
        source, target = (int(images[side].iloc[0]) for side in ("cluster", "cluster_after"))
        if (source, target) in matched:
            continue
        known = images[label][images[label] != ""] if label else pd.Series(dtype=object)
        flows.append(
            Flow(
                source=source,
                target=target,
                n=len(images),
                top_label=str(known.mode().iloc[0]) if len(known) else "",
                examples=tuple(images["id"].head(_N_EXAMPLES)),
            )
        )
    return sorted(flows, key=lambda flow: -flow.n)


def _config_changes(first: Run, second: Run) -> tuple[tuple[str, str, str], ...]:
    flats = [flatten(first.config), flatten(second.config)]
    return tuple((key, _text(flats[0], key), _text(flats[1], key)) for key in differing(flats))


def _text(flat: Mapping[str, Any], key: str) -> str:
    return str(flat[key]) if key in flat else ABSENT


def _score_changes(first: Run, second: Run) -> tuple[tuple[str, float, float], ...]:
    keys = dict.fromkeys([*first.metrics, *second.metrics])
    pairs = [
        (key, first.metrics.get(key, math.nan), second.metrics.get(key, math.nan)) for key in keys
    ]
    return tuple((key, a, b) for key, a, b in pairs if str(a) != str(b))
