"""Runs side by side: one row a configuration, sorted, with its caveats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from clusterlab.errors import DataError
from clusterlab.reports.compare.caveats import comparable, warnings_for
from clusterlab.reports.compare.configs import differing
from clusterlab.reports.compare.find_runs import find_runs
from clusterlab.reports.compare.left_out import LeftOut, alike
from clusterlab.reports.compare.moved import Moved, what_moved
from clusterlab.reports.compare.rows import Row, pool
from clusterlab.reports.compare.score_columns import by_position
from clusterlab.reports.compare.scores import (
    BASICS,
    CEILING,
    INTERNAL,
    LABEL_HEADLINE,
    LEARNED_HEADLINE,
    find_key,
    is_internal,
    label_columns,
    label_of,
    learned_in,
    lower_is_better,
    split_key,
    synthetic_in,
)
from clusterlab.reports.compare.settings import with_settings
from clusterlab.reports.compare.tabulate import OWN_COLUMNS, tabulate

Sort = Literal["auto", "asc", "desc"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A leaderboard.

    table: one row a configuration: run, what sets it apart, n_seeds, seeds, and per metric its
        mean, "<metric> std" (ddof=1, NaN for one seed) and, where measured, "<metric> chance".
    warnings: what a reader must know before ranking. left_out: runs that are not in the table.
    metric: what sorts the rows, None for the name. ranked: the metric may rank these rows.
    metrics: the keys shown by default. all_metrics: every key.
    moved: for exactly two runs, what changed from the first to the second.
    """

    table: pd.DataFrame
    warnings: tuple[str, ...]
    rows: tuple[Row, ...]
    metric: str | None
    ascending: bool
    ranked: bool
    metrics: tuple[str, ...]
    all_metrics: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    moved: Moved | None


def compare(
    folders: Iterable[Path | str],
    *,
    metric: str | None = None,
    sort: Sort = "auto",
    by_seed: bool = False,
) -> Comparison:
    """Compares the finished runs in and below the folders.

    metric: a key of metrics.json, or its first part ("ami"); by default the ARI on the first label
    column, of fine-tuned models the first that they learned, else the silhouette where all rows
    share one space, else none: rows sort by name. None too where all models were fine-tuned, and
    on different columns.
    A metric that was asked for sorts the rows even where it may not rank them; `warnings` then
    say so and `ranked` is False. sort "auto" puts the best first.

    Raises UsageError for a folder without runs or an unknown metric, DataError where no run has
    finished.
    """
    runs, left_out = find_runs([Path(folder) for folder in folders])
    if not runs:
        reasons = "; ".join(f"{_folders(group.runs)} ({group.why})" for group in alike(left_out))
        raise DataError(f"None of these runs can be compared: {reasons or 'no run was given'}.")
    keys = _ordered(dict.fromkeys(key for run in runs for key in run.metrics))
    rows = with_settings(pool(runs, by_seed=by_seed), taken=[*OWN_COLUMNS, *keys], by_seed=by_seed)
    chosen = _default_metric(rows, keys) if metric is None else find_key(metric, keys)
    ascending = sort == "asc" or (sort == "auto" and chosen is not None and lower_is_better(chosen))
    rows = _sorted(rows, chosen, descending=not ascending)
    shown = _shown(rows, keys, chosen)
    warnings = warnings_for(rows, chosen, shown)
    missing = [row.title for row in rows if chosen and not row.values(chosen).size]
    if missing:
        warnings.append(f"Without {chosen}, and therefore last: {'; '.join(missing)}.")
    return Comparison(
        table=tabulate(rows, keys),
        warnings=tuple(warnings),
        rows=tuple(rows),
        metric=chosen,
        ascending=ascending,
        ranked=chosen is not None and len(rows) > 1 and comparable(rows, chosen),
        metrics=shown,
        all_metrics=tuple(keys),
        left_out=tuple(left_out),
        moved=what_moved(*runs) if len(runs) == 2 else None,
    )


def _folders(left_out: Sequence[LeftOut]) -> str:
    shown = ", ".join(str(one.folder) for one in left_out[:3])
    return shown if len(left_out) <= 3 else f"{shown} and {len(left_out) - 3} more"


def _ordered(keys: Iterable[str]) -> list[str]:
    """Counts first, then scores by label column and by space, then the rest, as they come."""
    keys = list(keys)
    counts = [key for key in BASICS if key in keys]
    scores = [key for key in keys if "/" in key]
    return list(dict.fromkeys([*counts, *scores, *keys]))


def _default_metric(rows: Sequence[Row], keys: Sequence[str]) -> str | None:
    def everywhere(key: str) -> bool:
        return all(row.values(key).size for row in rows)

    if by_position(rows):
        return None
    if found := next((key for key in _of_people(rows, keys) if everywhere(key)), None):
        return found
    learned = [f"ari/{label}" for label in learned_in(keys)]
    on_labels = [key for key in dict.fromkeys([*learned, *keys]) if split_key(key)[0] == "ari"]
    on_labels = [key for key in on_labels if key in keys]
    if on_labels:
        return next((key for key in on_labels if everywhere(key)), on_labels[0])
    silhouettes = [key for key in _in_reduced(keys) if split_key(key)[0] == "silhouette"]
    return next((key for key in silhouettes if everywhere(key) and comparable(rows, key)), None)


def _of_people(rows: Sequence[Row], keys: Sequence[str]) -> list[str]:
    """Against what annotators say: what is learned may differ from run to run, they do not."""
    datasets = [run.config.get("dataset") or {} for row in rows for run in row.runs]
    people = {str(name) for dataset in datasets for name in dataset.get("annotators") or ()}
    return [key for key in keys if split_key(key)[0] == "ari" and split_key(key)[1] in people]


def _sorted(rows: Sequence[Row], key: str | None, *, descending: bool) -> list[Row]:
    by_name = sorted(rows, key=lambda row: row.title)
    if key is None:
        return by_name
    with_key = [row for row in by_name if not math.isnan(row.mean(key))]
    ranked = sorted(with_key, key=lambda row: row.mean(key), reverse=descending)
    return [*ranked, *(row for row in by_name if math.isnan(row.mean(key)))]


def _shown(rows: Sequence[Row], keys: Sequence[str], chosen: str | None) -> tuple[str, ...]:
    """Few columns: one label column's headline (of the chosen metric, or the first), else the
    internal scores; then clusters, noise and the silhouette; the stability where it was asked for,
    and of labels that a model made how many there are and how the clusters fit them, where rows
    differ in that, or in who was asked what. Of fine-tuned models how well each
    names its label columns, no silhouette, and noise where there is some. The ceiling of these
    label columns last, where one was measured."""
    learned = dict.fromkeys(label for row in rows for label in row.learned)
    if learned:
        of_labels = [f"{metric}/{label}" for label in learned for metric in LEARNED_HEADLINE]
        first = [chosen] if chosen and chosen not in of_labels else []
        noise = ["noise_share"] if any(row.mean("noise_share") > 0 for row in rows) else []
        above = [f"{CEILING}/{label}" for label in learned]
        wanted = [*first, *of_labels, "n_clusters", *noise, *above]
        return tuple(key for key in dict.fromkeys(wanted) if key in keys)
    label = label_of(chosen or "") or next(iter(label_columns(keys)), None)
    scores = [f"{metric}/{label}" for metric in LABEL_HEADLINE]
    internal = _in_reduced(keys) if label is None else _in_reduced(keys)[:1]
    wanted = [chosen or "", *scores, "n_clusters", "noise_share", *internal, *_apart(rows, keys)]
    wanted.append(f"{CEILING}/{label}")
    return tuple(key for key in dict.fromkeys(wanted) if key in keys)


def _apart(rows: Sequence[Row], keys: Sequence[str]) -> list[str]:
    found = [key for key in keys if split_key(key)[0] == "stability_bootstrap"]
    changed = {key.partition(".")[0] for key in differing([row.config for row in rows])}
    asked = bool(changed & {"labeler", "taxonomy"})
    for label in synthetic_in(keys):
        for key in (f"coverage/{label}", f"semantic_homogeneity/{label}"):
            if key in keys and (asked or len({str(row.mean(key)) for row in rows}) > 1):
                found.append(key)
    return found


def _in_reduced(keys: Sequence[str]) -> list[str]:
    """The internal scores in the space that was clustered, the silhouette first."""
    found = [key for key in keys if is_internal(key) and split_key(key)[1] == "reduced"]
    return sorted(found, key=lambda key: INTERNAL.index(split_key(key)[0]))
