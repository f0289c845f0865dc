"""What a chart reads of a run beside its metrics: chance levels with their spread, and marks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from clusterlab.reports.compare.read_runs import Run, UnusableRunError, read_run
from clusterlab.reports.compare.rows import Row
from clusterlab.reports.compare.scores import split_key


@dataclass(frozen=True)
class Scored:
    """One score of scores.csv. chance, chance_std: of permuted labels, NaN where none was measured.
    n: images. marks: what stands beside the value."""

    value: float
    chance: float
    chance_std: float
    n: int
    marks: tuple[str, ...]


def usable(folders: Iterable[Path]) -> tuple[list[Run], list[str]]:
    """The finished runs, and for each other folder why it is left out."""
    runs, left_out = [], []
    for folder in folders:
        try:
            runs.append(read_run(folder))
        except UnusableRunError as error:
            left_out.append(f"{folder.name}: {error}")
    return runs, left_out


def scores_of(run: Run) -> Mapping[str, Scored]:
    """Headline key -> its score: that of the scored split, where noise counts as one cluster."""
    return _read(run.folder, run.scored_split, (run.folder / "scores.csv").stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _read(folder: Path, split: str, _changed: int) -> Mapping[str, Scored]:
    table = pd.read_csv(
        folder / "scores.csv",
        dtype={"label": str, "space": str, "split": str, "marks": str},
        keep_default_na=False,
        na_values={"value": [""], "chance": [""], "chance_std": [""], "n": [""]},
    )
    table = table[(table["split"] == split) & (table["noise"] == "cluster")]
    found: dict[str, Scored] = {}
    for row in table.to_dict("records"):
        # A column's own row comes before that of a membership of the same name.
        found.setdefault(
            f"{row['metric']}/{row['label'] or row['space']}",
            Scored(
                value=float(row["value"]),
                chance=float(row.get("chance", math.nan)),
                chance_std=float(row.get("chance_std", math.nan)),
                n=int(row["n"]) if not math.isnan(float(row["n"])) else 0,
                marks=tuple(mark for mark in str(row.get("marks", "")).split("; ") if mark),
            ),
        )
    return found


def chance_of(row: Row, key: str) -> tuple[float, float]:
    """The mean over seeds of a score's chance level and of its standard deviation."""
    found = [scored[key] for run in row.runs if key in (scored := scores_of(run))]
    return (
        _mean([one.chance for one in found]),
        _mean([one.chance_std for one in found]),
    )


def footer_of(rows: Sequence[Row], keys: Iterable[str]) -> list[str]:
    """Sentences on what the runs, and the scores that a figure shows, are marked with.

    keys: of the shown scores. A mark that only some of the rows carry comes with their number.
    """
    carried: dict[str, set[int]] = {}
    columns: dict[str, dict[str, None]] = {}
    keys = list(keys)
    for at, row in enumerate(rows):
        for run in row.runs:
            scores = scores_of(run)
            for mark in run.marks:
                carried.setdefault(mark, set()).add(at)
            for key in keys:
                # The run's own marks stand in each of its scores as well.
                own = set(scores[key].marks) - set(run.marks) if key in scores else set()
                for mark in sorted(own):
                    carried.setdefault(mark, set()).add(at)
                    columns.setdefault(mark, {})[split_key(key)[1]] = None
    if not carried:
        return []
    words = []
    for mark, holders in carried.items():
        told = f"{mark} ({', '.join(columns[mark])})" if mark in columns else mark
        some = f" in {len(holders)} of {len(rows)} rows" if len(holders) < len(rows) else ""
        words.append(f"{told}{some}")
    return [f"Marked: {'; '.join(words)}"]


def different_images(rows: Sequence[Row]) -> str:
    """A sentence where rows were scored on different images, seed by seed; else ""."""
    first = {run.seed: (run.images, run.scored_split) for run in rows[0].runs} if rows else {}
    for row in rows[1:]:
        own = {run.seed: (run.images, run.scored_split) for run in row.runs}
        shared = first.keys() & own.keys()
        apart = (
            any(first[seed] != own[seed] for seed in shared)
            if shared
            else set(first.values()) != set(own.values())
        )
        if apart:
            return "Not all rows were scored on the same images."
    return ""


def n_scored(rows: Sequence[Row]) -> str:
    """How many images were scored, as "n=360 (split test)"; a range where it differs."""
    counts = [row.mean("n_scored") for row in rows]
    counts = [count for count in counts if not math.isnan(count)]
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    splits = dict.fromkeys(run.scored_split for row in rows for run in row.runs)
    words = f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"
    where = "" if list(splits) == ["all"] else f" (split {', '.join(splits)})"
    return f"n={words}{where}"


def n_seeds(rows: Sequence[Row]) -> str:
    """What the error bars are.

    >>> n_seeds([])
    ''
    """
    counts = sorted({row.n_seeds for row in rows})
    if not counts or counts == [1]:
        return "One seed, so no spread." if counts else ""
    words = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"Mean ± standard deviation over {words} seeds."


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
