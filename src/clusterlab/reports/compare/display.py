"""A leaderboard as people see it: few columns, rounded values, the same in every format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clusterlab.reports.compare.caveats import image_groups
from clusterlab.reports.compare.leaderboard import Comparison
from clusterlab.reports.compare.names import plain
from clusterlab.reports.compare.rows import Row
from clusterlab.reports.compare.scores import label_of, show, split_key

_ABBREVIATED = frozenset({"ari", "ami", "nmi"})
_NEEDS_CHANCE = frozenset({"purity", "entropy", "normalized_entropy", "homogeneity"})


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


def columns_of(comparison: Comparison, keys: Sequence[str]) -> list[Column]:
    """The columns: what the rows are, then the metrics `keys`."""
    rows = comparison.rows
    shared = shared_label(keys)
    return [*_words(rows, keys), *(_metric(rows, key, shared) for key in keys)]


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
        found.append(f"Label column: {plain(label)}.")
    if any(row.n_seeds > 1 for row in rows):
        found.append("±: standard deviation over seeds.")
    if any(cell.chance for key in keys for cell in _metric(rows, key, None).cells):
        found.append("In brackets: the chance level, from permuted labels.")
    return found


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
    if not heads or len({row.name for row in rows}) > 1 or any(_tag(row, keys) for row in rows):
        cells = [Cell(plain(row.name), tag=_tag(row, keys)) for row in rows]
        columns.insert(0, Column(("run",), tuple(cells)))
    if any(row.n_seeds > 1 for row in rows):
        columns.append(Column(("seeds",), tuple(Cell(str(row.n_seeds)) for row in rows), "n_seeds"))
    if len(image_groups(rows)) > 1 and "n_scored" not in keys:
        columns.append(_metric(rows, "n_scored", None))
    return columns


def _metric(rows: Sequence[Row], key: str, shared: str | None) -> Column:
    metric, target = split_key(key)
    name = metric.removeprefix("n_").removesuffix("_share").replace("_", " ")
    name = name.upper() if metric in _ABBREVIATED else name
    lines = [name, *([plain(target)] if target and target != shared else [])]
    return Column(tuple(lines), tuple(_score(row, key) for row in rows), key)


def _score(row: Row, key: str) -> Cell:
    value, spread, chance = row.mean(key), row.std(key), row.chance(key)
    varies = spread > 0 or ("/" in key and not math.isnan(spread))
    with_chance = split_key(key)[0] in _NEEDS_CHANCE and not math.isnan(chance)
    return Cell(
        show(key, value),
        show(key, spread) if varies else "",
        show(key, chance) if with_chance else "",
    )


def _tag(row: Row, keys: Sequence[str]) -> str:
    supervised = ["supervised"] if any(row.supervised(key) for key in keys) else []
    return plain(", ".join([*row.marks, *supervised]))
