"""A leaderboard as people see it: few columns, rounded values, the same in every format."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusterlab.reports.compare.caveats import image_groups
from clusterlab.reports.compare.leaderboard import Comparison
from clusterlab.reports.compare.names import plain
from clusterlab.reports.compare.recipe import HEADS
from clusterlab.reports.compare.rows import Row
from clusterlab.reports.compare.score_columns import ScoreColumn, by_position, score_columns
from clusterlab.reports.compare.scores import (
    is_percent,
    label_of,
    show,
    show_as_study,
    split_key,
)

_ABBREVIATED = frozenset({"ari", "ami", "nmi"})
_NEEDS_CHANCE = frozenset(
    {"purity", "entropy", "normalized_entropy", "homogeneity", "semantic_homogeneity"}
)
# Of fine-tuned models: what a narrow table leaves out, the first ones first.
EXPENDABLE = (
    *("n_clusters", "argmax_ari", "exact_match", "macro_recall", "macro_precision"),
    *("kept_recall", "kept_precision", "kept_accuracy"),
)
_SHORT = {
    "macro_precision": ("P",),
    "macro_recall": ("R",),
    "kept_accuracy": ("accuracy", "kept"),
    "kept_precision": ("P", "kept"),
    "kept_recall": ("R", "kept"),
    "argmax_ari": ("argmax", "ARI"),
    "stability_bootstrap": ("stability", "bootstrap"),
    "semantic_homogeneity": ("semantic", "homogeneity"),
    "mean_average_precision": ("mean", "average", "precision"),
}


@dataclass(frozen=True)
class Cell:
    """text: the value or mean. spread: its standard deviation, '' for one seed. chance: the level
    that permuted labels reach, '' where it is not measured. tag: a word about the whole row."""

    text: str
    spread: str = ""
    chance: str = ""
    tag: str = ""

    @property
    def parts(self) -> list[str]:
        """What the cell says, without empty parts.

        >>> Cell("0.812", "0.004", "0.311").parts
        ['0.812', '±0.004', '(0.311)']
        """
        spread = f"±{self.spread}" if self.spread else ""
        chance, tag = (f"({part})" if part else "" for part in (self.chance, self.tag))
        return [part for part in (self.text, spread, chance, tag) if part]


@dataclass(frozen=True)
class Column:
    """head: lines. key: the metric, or None for a column of words."""

    head: tuple[str, ...]
    cells: tuple[Cell, ...]
    key: str | None = None


def columns_of(
    comparison: Comparison, keys: Sequence[str], *, as_study: bool = False
) -> list[Column]:
    """The columns: what the rows are, then the metrics `keys`.

    as_study: the numbers of fine-tuned models as the studies write them.
    """
    rows = comparison.rows
    as_study = as_study and tuned(comparison)
    fold = by_position(rows) and tuple(keys) == comparison.metrics
    shared = shared_label(keys)
    scores = score_columns(rows, keys, chosen=comparison.metric, fold=fold)
    return [*_words(rows, keys), *(_metric(rows, one, shared, as_study) for one in scores)]


def tuned(comparison: Comparison) -> bool:
    """True where the model of any row was fine-tuned."""
    return any(row.learned for row in comparison.rows)


def beside_titles(
    comparison: Comparison, columns: Sequence[Column], *, everything: bool
) -> list[Column]:
    """Those of the columns that stand beside `titles` where there is little room: the metrics, and
    with `everything` how models were trained."""
    trained = HEADS if everything and tuned(comparison) else ()
    return [
        column
        for column in columns
        if ".".join(column.head) in trained or column.key not in (None, "n_seeds")
    ]


def metric_of(column: Column) -> str:
    """The metric of a column, without what it is measured on; "" for a column of words."""
    return split_key(column.key or "")[0]


def in_short(comparison: Comparison, left_out: Sequence[str]) -> list[str]:
    """In sentences: what all models were trained with, and what else the table has no room for.

    left_out: metrics.
    """
    words = [row.words for row in comparison.rows if row.learned]
    shared = {head: words[0][head] for head in HEADS if len({own[head] for own in words}) == 1}
    same = [f"{head.replace('.', ' ')} {plain(text)}" for head, text in shared.items() if text]
    # Titles tell what differs under one name.
    named = len({row.name for row in comparison.rows}) > 1
    gone = [head.replace(".", " ") for head in HEADS if named and head not in shared]
    gone += [" ".join(_name(metric)) for metric in left_out]
    found = [f"Fine-tuned: {', '.join(same)}."] if same else []
    return [*found, *([f"No room for {', '.join(gone)}: see --all."] if gone else [])]


def titles(comparison: Comparison, keys: Sequence[str]) -> Column:
    """What the rows are, in one column, for where there is no room for several."""
    rows = comparison.rows
    seeds = [f", {row.n_seeds} seeds" if row.n_seeds > 1 else "" for row in rows]
    texts = [plain(row.title) + count for row, count in zip(rows, seeds, strict=True)]
    cells = [Cell(text, tag=_tag(row, keys)) for row, text in zip(rows, texts, strict=True)]
    return Column(("run",), tuple(cells))


def shared_label(keys: Sequence[str]) -> str | None:
    """The one label column that all these scores are measured on, if it is one."""
    labels = {label for key in keys if (label := label_of(key)) is not None}
    return labels.pop() if len(labels) == 1 else None


def footnotes(comparison: Comparison, keys: Sequence[str]) -> list[str]:
    """Sentences that say how to read the table."""
    rows = comparison.rows
    one_name = len(rows) > 1 and len({row.name for row in rows}) == 1
    found = [f"Runs of {plain(rows[0].name)}."] if one_name else []
    found.append(_order(comparison))
    if len(image_groups(rows)) == 1 and rows[0].values("n_scored").size:
        count = show("n_scored", rows[0].mean("n_scored"))
        found.append(f"Scored on {count} images, split {plain(rows[0].runs[0].scored_split)}.")
    if label := shared_label(keys):
        made = " (synthetic)" if _synthetic(rows, keys) else ""
        found.append(f"Label column: {plain(label)}{made}.")
    if any(row.n_seeds > 1 for row in rows):
        found.append("±: standard deviation over seeds.")
    if any(_chance(row, key) for key in keys for row in rows):
        found.append("In brackets: the chance level, from permuted labels.")
    found += _learned(keys)
    found += _of_models(rows, keys)
    return found


def _of_models(rows: Sequence[Row], keys: Sequence[str]) -> Iterator[str]:
    """What the columns are whose labels a model made, and in which rows that is so."""
    for label in _synthetic(rows, keys):
        made = [row for row in rows if label in row.synthetic]
        others = [row for row in rows if label in set(map(label_of, row.runs[0].metrics))]
        where = "" if len(made) >= len(others) else f" in {'; '.join(row.title for row in made)}"
        yield f"Synthetic: a model made the labels of {plain(label)}{plain(where)}, no person."


def _synthetic(rows: Sequence[Row], keys: Sequence[str]) -> list[str]:
    """The label columns of these scores that a model made in any row."""
    made = {label for row in rows for label in row.synthetic}
    return [label for label in dict.fromkeys(map(label_of, keys)) if label in made and label]


def _learned(keys: Sequence[str]) -> Iterator[str]:
    there = {split_key(key)[0] for key in keys}
    if {"macro_precision", "macro_recall"} & there:
        yield "P, R: precision and recall, each the mean over the classes."
    if {"kept_accuracy", "kept_precision", "kept_recall"} & there:
        yield "Kept: over the classes that rebalancing keeps."
    if {"ari", "argmax_ari"} <= there:
        yield "ARI: of the clusters; argmax ARI: of the classes that the model names."


def _order(comparison: Comparison) -> str:
    if comparison.metric is None:
        return "Sorted by name: no score may rank these rows."
    order = "ascending" if comparison.ascending else "descending"
    if comparison.ranked or len(comparison.rows) == 1:
        return f"Sorted by {plain(comparison.metric)}, {order}."
    return f"Sorted by {plain(comparison.metric)}, {order}, which is no ranking: see the warnings."


def _words(rows: Sequence[Row], keys: Sequence[str]) -> list[Column]:
    heads = list(rows[0].words)
    columns = [
        Column(tuple(plain(head).split(".")), tuple(Cell(plain(row.words[head])) for row in rows))
        for head in heads
    ]
    trained = any(row.learned for row in rows)
    named = not heads or len({row.name for row in rows}) > 1
    if trained or named or any(_tag(row, keys) for row in rows):
        cells = [Cell(plain(row.name), tag=_tag(row, keys)) for row in rows]
        # Of fine-tuned models the run is a variant, after the model and its label columns.
        columns.insert(2 if trained else 0, Column(("run",), tuple(cells)))
    if any(row.n_seeds > 1 for row in rows):
        columns.append(Column(("seeds",), tuple(Cell(str(row.n_seeds)) for row in rows), "n_seeds"))
    if len(image_groups(rows)) > 1 and "n_scored" not in keys:
        n_scored = ScoreColumn("n_scored", "", ("n_scored",) * len(rows))
        columns.append(_metric(rows, n_scored, None, as_study=False))
    return columns


def _metric(rows: Sequence[Row], scores: ScoreColumn, shared: str | None, as_study: bool) -> Column:
    name = list(_name(scores.metric))
    name[-1] += " %" if as_study and is_percent(scores.metric) else ""
    lines = [*name, *([plain(scores.target)] if scores.target not in ("", shared) else [])]
    lines += ["synthetic"] if _synthetic(rows, scores.keys) else []
    cells = [_score(row, key, as_study) for row, key in zip(rows, scores.keys, strict=True)]
    return Column(tuple(lines), tuple(cells), scores.key)


def _name(metric: str) -> tuple[str, ...]:
    """What a metric is called, in lines."""
    name = metric.removeprefix("n_").removesuffix("_share").replace("_", " ")
    return _SHORT.get(metric, (name.upper() if metric in _ABBREVIATED else name,))


def _score(row: Row, key: str, as_study: bool) -> Cell:
    value, spread = row.mean(key), row.std(key)
    varies = spread > 0 or ("/" in key and not math.isnan(spread))
    chance = _chance(row, key)
    if as_study:
        return Cell(show_as_study(key, value, spread if varies else math.nan), chance=chance)
    return Cell(show(key, value), show(key, spread) if varies else "", chance)


def _chance(row: Row, key: str) -> str:
    """The chance level of a score that says nothing without it, else ""."""
    chance = row.chance(key)
    needed = split_key(key)[0] in _NEEDS_CHANCE and not math.isnan(chance)
    return show(key, chance) if needed else ""


def _tag(row: Row, keys: Sequence[str]) -> str:
    supervised = ["supervised"] if any(row.supervised(key) for key in keys) else []
    return plain(", ".join([*row.marks, *supervised]))
