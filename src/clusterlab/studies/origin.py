"""Which images a number of a run is of, and what must stand beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.studies.measure import Selector, matching, selected

_KEPT = {"precision": "macro_precision", "recall": "macro_recall", "f1": "macro_f1"}
_OF_PREDICTIONS = ("accuracy", "macro_", "weighted_", "argmax_ari")
_OF_ANSWERS = ("semantic_", "good_share", "coverage", "n_invalid")
# They are about the run as a whole, or the images that it was clustered by.
_OF_NO_IMAGES = ("n_", "cost", "explained_variance", "seconds", "stability_")
_OF_CEILINGS = "ceiling of "
# What no knowledge of labels can have made better.
_BASELINES = ("chance", "chance_std", "n")
_LEARNED = ("supervised", "seen in training", "chose the epoch")
_OF_SPACES = ("silhouette", "davies_bouldin", "calinski_harabasz")
_OF_COLUMNS = ("labels of ", "circular macro-categories", _OF_CEILINGS)
_NAMES = {"all": "", "train": "training ", "val": "validation "}


@dataclass(frozen=True)
class Origin:
    """n: the images that the number is of, None where it is of none. split: theirs. unseen: whether
    the run learned from labels of others alone. marks: such as "supervised"."""

    n: int | None = None
    split: str = "all"
    unseen: bool = False
    marks: tuple[str, ...] = ()


def origin(
    folder: Path, measure: str, metrics: Mapping[str, Any], environment: Mapping[str, Any]
) -> Origin:
    """Of one number of a finished run, read from its own row of the table that holds it."""
    cell = selected(measure) or _cell_of(measure, metrics)
    row = None if cell is None else _row(folder, cell)
    if cell is None or row is None:
        return _of_run(measure, metrics, environment)
    marks = list(filter(None, row.get("marks", "").split("; ")))
    if cell.file in ("explained_variance.csv", "macro_cuts.csv"):
        own = metrics.get("marks", ()) if cell.file == "macro_cuts.csv" else ()
        own = [mark for mark in own if not mark.startswith(_OF_CEILINGS)]
        return Origin(marks=tuple(dict.fromkeys([*marks, *own])))
    if cell.where.get("label") in environment.get("seen_labels", ()):
        marks.append("supervised")
    if cell.column in _BASELINES or row.get("metric") in ("majority", "uniform"):
        marks = [mark for mark in marks if mark not in _LEARNED]
    split = row.get("split", str(metrics.get("scored_split", "all")))
    unseen = _unseen(split, row.get("marks", ""), environment)
    return Origin(_n(row, metrics), split, unseen, tuple(dict.fromkeys(marks)))


def phrase(origins: Sequence[Origin]) -> str:
    """The images of the same number of several runs, in words; "" where it is of none.

    >>> phrase([Origin(180, "test", unseen=True)]), phrase([Origin(34, "val"), Origin(36, "val")])
    ('180 unseen test images', '34 to 36 validation images')
    >>> phrase([Origin()]), phrase([Origin(1797)])
    ('', '1,797 images')
    """
    sizes = sorted({one.n for one in origins if one.n is not None})
    if not sizes:
        return ""
    first = next(one for one in origins if one.n is not None)
    n = " to ".join(f"{size:,}" for size in dict.fromkeys([sizes[0], sizes[-1]]))
    unseen = "unseen " if first.unseen else ""
    return f"{n} {unseen}{_NAMES.get(first.split, f'{first.split} ')}images"


def _cell_of(measure: str, metrics: Mapping[str, Any]) -> Selector | None:
    """The row of a table that a key of metrics.json is the headline of."""
    name, _, about = measure.partition("/")
    split = str(metrics.get("scored_split", "all"))
    if name.startswith("ceiling_"):
        half = "train" if name.startswith("ceiling_train_") else "test"
        metric = name.removeprefix("ceiling_").removeprefix("train_")
        return Selector("ceiling.csv", "value", {"label": about, "split": half, "metric": metric})
    if name.startswith("kept_") or name.startswith(_OF_PREDICTIONS):
        kept = name.startswith("kept_")
        metric = _KEPT.get(name.removeprefix("kept_"), name.removeprefix("kept_"))
        where = {"label": about, "split": split, "metric": metric, "class": ""}
        return Selector(
            "classification.csv", "value", {**where, "scope": "kept" if kept else "all"}
        )
    if name.startswith(_OF_ANSWERS):
        return Selector("homogeneity_summary.csv", name, {"label": about, "noise": "with"})
    if not about:
        return None
    where = {"metric": name, "split": split, "noise": "cluster"}
    return Selector("scores.csv", "value", {**where, _about(name): about})


def _about(metric: str) -> str:
    return "space" if metric in _OF_SPACES else "label"


def _of_run(measure: str, metrics: Mapping[str, Any], environment: Mapping[str, Any]) -> Origin:
    """Of a number that stands in no table: what the run itself says."""
    name, _, about = measure.partition("/")
    marks = [
        mark
        for mark in metrics.get("marks", ())
        if not mark.startswith(_OF_COLUMNS) or mark.startswith(f"labels of {about}: ")
    ]
    if about in environment.get("seen_labels", ()):
        marks.append("supervised")
    if name.startswith(_OF_NO_IMAGES) or selected(measure) is not None:
        return Origin(marks=tuple(marks))
    split = str(metrics.get("scored_split", "all"))
    n = metrics.get("n_scored")
    unseen = _unseen(split, "", environment)
    return Origin(n if n is None else int(n), split, unseen, tuple(dict.fromkeys(marks)))


def _row(folder: Path, cell: Selector) -> dict[str, str] | None:
    """The one row of the run's table that the cell names."""
    if not (folder / cell.file).is_file():
        return None
    rows = matching(pd.read_csv(folder / cell.file, dtype=str, keep_default_na=False), cell)
    if len(rows) != 1:
        return None
    return {str(key): str(value) for key, value in rows.iloc[0].items()}


def _n(row: Mapping[str, str], metrics: Mapping[str, Any]) -> int | None:
    if row.get("n", ""):
        return int(float(row["n"]))
    if row.get("coverage", "") and "n_scored" in metrics:
        # The summary gives a share of the scored images.
        return round(float(row["coverage"]) * int(metrics["n_scored"]))
    return None


def _unseen(split: str, marks: str, environment: Mapping[str, Any]) -> bool:
    learned = environment.get("seen_splits", ())
    met = "seen in training" in marks or "chose the epoch" in marks
    return bool(learned) and split not in ("all", *learned) and not met
