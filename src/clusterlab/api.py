"""The Python interface: `clusterlab.run("ci_smoke", ["seed=1"])`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.errors import UsageError

_NUMBERS = (
    *("cluster", "strength", "x", "y", "size", "silhouette"),
    *("value", "chance", "chance_std", "n"),
)


@dataclass(frozen=True)
class Result:
    """A finished run: its folder, metrics.json, and its tables as DataFrames."""

    folder: Path
    metrics: dict[str, Any]
    scores: pd.DataFrame = field(repr=False)
    assignments: pd.DataFrame = field(repr=False)
    clusters: pd.DataFrame = field(repr=False)
    failures: pd.DataFrame = field(repr=False)


def run(
    experiment: str | None = None,
    overrides: Sequence[str] = (),
    *,
    config_dir: str | Path | None = None,
    folder: str | Path | None = None,
) -> Result:
    """Carry out one run, as `clusterlab run` does, and read its folder.

    experiment: a name from `clusterlab list experiment`, or None for the default run.
    overrides: "group=option" and "key=value" words. folder: where to write; by default as on the
    command line. Raises a ClusterlabError (clusterlab.errors) where the command would fail.
    """
    from clusterlab.config.compose import compose
    from clusterlab.config.launch import launch, run_dir
    from clusterlab.config.resolved import stage_choices

    if isinstance(overrides, str):
        raise UsageError(f"overrides must be a list of words, not the text {overrides!r}.")
    words = [*([f"+experiment={experiment}"] if experiment else []), *overrides]
    config = compose(words, Path(config_dir) if config_dir else None)
    target = Path(folder) if folder else run_dir(config)
    launch(config, target, stage_choices(config.hydra.runtime.choices))
    return read(target)


def read(folder: str | Path) -> Result:
    """Read a finished run folder."""
    path = Path(folder)
    tables = {
        name: _read_table(path / f"{name}.csv")
        for name in ("scores", "assignments", "clusters", "failures")
    }
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    return Result(folder=path, metrics=metrics, **tables)


def _read_table(path: Path) -> pd.DataFrame:
    """Ids and labels stay text: "007" is no number, and "NA" may be a label."""
    text = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    numbers = {*_NUMBERS} | {name for name in text if name.endswith(("_share", "_entropy"))}
    return text.apply(lambda column: pd.to_numeric(column) if column.name in numbers else column)
