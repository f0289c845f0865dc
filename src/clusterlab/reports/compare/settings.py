"""What sets the rows of a leaderboard apart: options chosen, then config values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clusterlab.reports.compare.configs import differing, is_seed, short_names
from clusterlab.reports.compare.read_runs import Run
from clusterlab.reports.compare.rows import Row

_FLOW = ("dataset", "extractor", "finetune", "reducer", "clusterer", "view", "evaluator")


def stages_apart(runs: Sequence[Run]) -> list[str]:
    """The stages whose chosen option is not the same in all runs, in the order of the flow. An
    experiment is no stage: it is other choices under one name."""
    chosen = dict.fromkeys(stage for run in runs for stage in run.choices if stage in run.config)
    stages = sorted(chosen, key=lambda stage: _FLOW.index(stage) if stage in _FLOW else len(_FLOW))
    return [stage for stage in stages if len({run.choices.get(stage) for run in runs}) > 1]


def with_settings(rows: Sequence[Row], *, taken: Sequence[str], by_seed: bool) -> list[Row]:
    """The rows, each with the columns that tell it from the others, in the same order in all.

    A stage whose option differs is one column, named like the stage; its config values are
    columns only where rows with the same option differ in them. The seed is one where rows are
    not pooled, and the folder where nothing else differs. taken: column names in use.
    """
    stages = stages_apart([row.runs[0] for row in rows])
    keys = _differing_keys(rows, stages)
    names = short_names(keys, [*taken, *stages])
    settings = [
        {stage: _option(stage, row) for stage in stages}
        | {names[key]: _text(key, row) for key in keys}
        | ({"seed": str(row.runs[0].seed)} if by_seed else {})
        for row in rows
    ]
    if len({(row.name, *own.values()) for row, own in zip(rows, settings, strict=True)}) < len(
        rows
    ):
        settings = [
            own | {"folder": str(row.runs[0].folder)}
            for row, own in zip(rows, settings, strict=True)
        ]
    named = len({row.name for row in rows}) == len(rows)
    return [
        replace(row, settings=own, title=row.name if named else _title(row, own))
        for row, own in zip(rows, settings, strict=True)
    ]


def _title(row: Row, settings: Mapping[str, str]) -> str:
    """An option speaks for itself; a value needs the name of its key."""
    words = [
        text if column in row.runs[0].choices else f"{column.rpartition('.')[2]} {text}"
        for column, text in settings.items()
        if text
    ]
    return f"{row.name}: {', '.join(words)}" if words else row.name


def _option(stage: str, row: Row) -> str:
    """The option chosen; "custom" says nothing, so its class stands for it."""
    option = row.runs[0].choices.get(stage, "")
    return _text(f"{stage}._target_", row) if option == "custom" else option


def _differing_keys(rows: Sequence[Row], stages: Sequence[str]) -> list[str]:
    found = [
        key for key in differing([row.config for row in rows]) if key.split(".")[0] not in stages
    ]
    for stage in stages:
        for choice in dict.fromkeys(row.runs[0].choices.get(stage) for row in rows):
            alike = [row.config for row in rows if row.runs[0].choices.get(stage) == choice]
            found += [key for key in differing(alike) if key.split(".")[0] == stage]
    return [key for key in dict.fromkeys(found) if key != "name" and not _follows_seed(key, rows)]


def _follows_seed(key: str, rows: Sequence[Row]) -> bool:
    """Seeds have their own column; a random_state that goes its own way is a setting."""
    return is_seed(key) and all(
        row.config.get(key, row.config.get("seed")) == row.config.get("seed") for row in rows
    )


def _text(key: str, row: Row) -> str:
    value: Any = row.config.get(key, "")
    if key.endswith("_target_"):
        return str(value).rpartition(".")[2]
    return "none" if value is None else str(value)
