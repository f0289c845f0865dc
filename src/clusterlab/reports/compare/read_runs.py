"""Reads what the comparison needs of a run folder."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

_MARKS = "marks"
_OWN_COLUMNS = frozenset({"id", "path", "cluster", "strength", "split", "x", "y"})
_UNREAD = frozenset({"path", "strength", "x", "y"})
# What older configs say of these: nothing, which is no difference.
DEFAULTS: Mapping[str, Any] = {
    **{"device": "auto", "precision": "auto", "compile": False, "backend": "torch"},
    **{"clustered_split": "all", "scored_split": "auto"},
    "finetune": {"_target_": "clusterlab.finetune.none.NoFinetuning"},
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One finished run.

    metrics: the numbers of metrics.json. chance: headline key -> its chance level.
    scored_split: the split that the headline scores are on. images: a digest of the scored ids.
    labels: label column -> a digest of the scored ids with their labels. spaces: space -> a digest
    of its values, where the run recorded one. seen_labels: the label columns that went into the
    features. seen_splits: those whose images' labels did, empty where a model learned none.
    marks: what must stand beside its numbers. finished: ISO time.
    """

    folder: Path
    name: str
    seed: int | None
    config: Mapping[str, Any] = field(repr=False)
    choices: Mapping[str, str]
    metrics: Mapping[str, float] = field(repr=False)
    chance: Mapping[str, float] = field(repr=False)
    scored_split: str
    images: str
    labels: Mapping[str, str] = field(repr=False)
    spaces: Mapping[str, str] = field(repr=False)
    seen_labels: frozenset[str]
    seen_splits: tuple[str, ...]
    marks: tuple[str, ...]
    finished: str


class UnusableRunError(Exception):
    """Why a run folder cannot be compared. message: the error that ended the run, if one did.
    unfinished: False where its files are damaged."""

    def __init__(self, reason: str, *, message: str = "", unfinished: bool = False) -> None:
        super().__init__(reason)
        self.message = message
        self.unfinished = unfinished


def read_run(folder: Path) -> Run:
    """Raises UnusableRunError for a run that has not finished, or whose files are damaged."""
    if not (folder / "metrics.json").is_file():
        status = _json(folder, "status.json")
        state, stage = status.get("state", "unfinished"), status.get("stage", "unknown")
        message = str(status.get("message", ""))
        raise UnusableRunError(f"{state}, stage {stage}", message=message, unfinished=True)
    metrics = _json(folder, "metrics.json")
    environment = _json(folder, "environment.json")
    config = read_config(folder)
    split = str(metrics.get("scored_split", "all"))
    marks = _marks(metrics)
    images, labels = _digests(folder, split, marked=bool(marks))
    numbers = {
        key: math.nan if value is None else float(value)
        for key, value in metrics.items()
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    }
    return Run(
        folder=folder,
        name=str(config.get("name", folder.name)),
        seed=config.get("seed"),
        config=config,
        choices=environment.get("choices", {}),
        metrics=numbers,
        chance=_chance(folder, numbers, split),
        scored_split=split,
        images=images,
        labels=labels,
        spaces=environment.get("spaces", {}),
        seen_labels=frozenset(environment.get("seen_labels", ())),
        seen_splits=tuple(environment.get("seen_splits", ())),
        marks=marks,
        finished=_finished(folder, environment),
    )


def read_assignments(folder: Path, *, marked: bool) -> pd.DataFrame:
    """assignments.csv: id, split and labels as str ('' where empty), `cluster` as int.

    marked: the run carries marks, so the table's column of that name is no label.
    """
    table = _table(folder, "assignments.csv", "id", "cluster", "split")
    table = table.assign(cluster=table["cluster"].astype(int))
    # Of a run whose stability was asked for, this column is none of its labels.
    steady = ["confidence"] if (folder / "stability.csv").is_file() else []
    return table.drop(columns=[*([_MARKS] if marked else []), *steady], errors="ignore")


def read_config(folder: Path) -> dict[str, Any]:
    """config.yaml, without what says where things are. Raises UnusableRunError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is
    try:
        found = yaml.load((folder / "config.yaml").read_text(encoding="utf-8"), Loader=loader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UnusableRunError(f"config.yaml cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise UnusableRunError("config.yaml holds no mapping")
    # A place on this machine; a component that reads from it says so itself.
    found.pop("weights_dir", None)
    return found | {key: found.get(key, default) for key, default in DEFAULTS.items()}


def label_columns_of(assignments: pd.DataFrame) -> list[str]:
    """The label columns of assignments.csv, in its order."""
    return [column for column in assignments.columns if column not in _OWN_COLUMNS]


def _finished(folder: Path, environment: Mapping[str, Any]) -> str:
    if "finished" in environment:
        return str(environment["finished"])
    status = folder / "status.json"
    return str(_json(folder, status.name).get("updated", "")) if status.is_file() else ""


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnusableRunError(f"{name} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise UnusableRunError(f"{name} holds no mapping")
    return found


def _table(folder: Path, name: str, *needed: str) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            folder / name,
            dtype=str,
            na_filter=False,
            usecols=lambda column: column not in _UNREAD,  # halves the time for a large collection
        )
    except (OSError, ValueError) as error:
        raise UnusableRunError(f"{name} cannot be read: {error}") from error
    if missing := [column for column in needed if column not in table.columns]:
        raise UnusableRunError(f"{name} has no column {', '.join(missing)}")
    return table


def _marks(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    """None in runs that no mark belongs to, and in those from before there were marks."""
    found = metrics.get(_MARKS, [])
    if not isinstance(found, list):
        raise UnusableRunError(f"metrics.json holds no list of marks, but {found!r}")
    return tuple(map(str, found))


def _digests(folder: Path, split: str, *, marked: bool) -> tuple[str, dict[str, str]]:
    table = read_assignments(folder, marked=marked)
    scored = (table if split == "all" else table[table["split"] == split]).sort_values("id")
    labels = {column: _digest(scored[["id", column]]) for column in label_columns_of(scored)}
    return _digest(scored[["id"]]), labels


def _digest(table: pd.DataFrame) -> str:
    cells = "\0".join(table.to_numpy(dtype=object).ravel())
    return hashlib.sha256(cells.encode("utf-8", "surrogatepass")).hexdigest()


def _chance(folder: Path, metrics: Mapping[str, float], split: str) -> dict[str, float]:
    """The chance level of each headline score: that of its row in scores.csv, where noise counts
    as one cluster."""
    columns = ("metric", "label", "chance")
    scores = _table(folder, "scores.csv", *columns, "split", "noise")
    own = (scores["split"] == split) & (scores["noise"] == "cluster") & (scores["chance"] != "")
    found: dict[str, float] = {}
    for metric, label, chance in scores.loc[own, list(columns)].to_numpy(dtype=object):
        key = f"{metric}/{label}"
        if key in metrics:
            # A column's own row comes before that of a membership of the same name.
            found.setdefault(key, float(chance))
    return found | _semantic_chance(folder, metrics)


def _semantic_chance(folder: Path, metrics: Mapping[str, float]) -> dict[str, float]:
    """That of the semantic homogeneity, where noise counts as one cluster."""
    keys = [key for key in metrics if key.startswith("semantic_homogeneity/")]
    if not keys or not (folder / "homogeneity_summary.csv").is_file():
        return {}
    table = _table(folder, "homogeneity_summary.csv", "label", "noise", "chance")
    rows = table[(table["noise"] == "with") & (table["chance"] != "")]
    known = {f"semantic_homogeneity/{row.label}": float(row.chance) for row in rows.itertuples()}
    return {key: known[key] for key in keys if key in known}
