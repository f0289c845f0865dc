"""The Python interface: `clusterlab.run("ci_smoke", ["seed=1"])`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.errors import UsageError

# Table -> its columns of numbers, as a pattern; the rest stays text: "007" is no number, and "NA"
# may be a label.
_NUMBERS = {
    "scores": "value|chance|chance_std|n",
    "assignments": "cluster|strength|x|y",
    "clusters": "cluster|size|silhouette|.*_(share|entropy)",
    "failures": "",
}
_NUMBERS_OF_TRAINED = {
    "classification": "value|n",
    "predictions": "confidence",
    "training": "epoch|loss|learning_rate|seconds|val_.*",
}


@dataclass(frozen=True)
class Result:
    """A finished run: its folder, metrics.json, and its tables as DataFrames.

    classification, predictions, training: how well a fine-tuned model names the classes, what it
    says about each image (`correct` is missing where there is no label), and its epochs; None where
    nothing was fine-tuned.
    """

    folder: Path
    metrics: dict[str, Any]
    scores: pd.DataFrame = field(repr=False)
    assignments: pd.DataFrame = field(repr=False)
    clusters: pd.DataFrame = field(repr=False)
    failures: pd.DataFrame = field(repr=False)
    classification: pd.DataFrame | None = field(default=None, repr=False)
    predictions: pd.DataFrame | None = field(default=None, repr=False)
    training: pd.DataFrame | None = field(default=None, repr=False)


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
    tables = {name: _read_table(path / f"{name}.csv", found) for name, found in _NUMBERS.items()}
    for name, found in _NUMBERS_OF_TRAINED.items():
        if (path / f"{name}.csv").is_file():
            tables[name] = _read_table(path / f"{name}.csv", found)
    if "predictions" in tables:
        right = tables["predictions"]["correct"].map({"True": True, "False": False})
        tables["predictions"]["correct"] = right.astype("boolean")
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    return Result(folder=path, metrics=metrics, **tables)


def _read_table(path: Path, numbers: str) -> pd.DataFrame:
    text = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    return text.apply(
        lambda column: pd.to_numeric(column) if re.fullmatch(numbers, str(column.name)) else column
    )
