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
    "clusters": "cluster|size|silhouette|jaccard.*|survival|name_agreement|.*_(share|entropy)",
    "failures": "",
}
_NUMBERS_OF_SOME = {
    "classification": "value|n",
    "predictions": "confidence",
    "training": "epoch|loss|learning_rate|seconds|val_.*",
    "answers": "confidence|seconds",
    "homogeneity": "cluster|size|n_labelled|homogeneity|entropy|q",
    "homogeneity_summary": (
        "homogeneity|entropy|q|coverage|majority|chance|chance_std|entropy_chance|n_clusters|n_good"
        "|good_share"
    ),
    "agreement": "n|share|kappa|ari",
    "ceiling": "value|n",
    "ceiling_classes": "n_train|n_test|accuracy",
    "macro_cuts": "share|height|n_macro",
    "explained_variance": "component|share|cumulative",
    "neighbours": "rank|distance",
    "label_issues": "quality|same_share",
    "class_neighbours": "links|expected|ratio|p_value",
    "annotators": "n|share|kappa|ari|ami|entropy|entropy_chance",
    "macro": "n_images",
    "stability": "ari|ari_std|n_pairs|n_clusters_low|n_clusters_high",
}
_YES_OR_NO = {
    "clusters": ("name_verified",),
    "predictions": ("correct",),
    "homogeneity": ("synthetic", "good"),
}
_NUMBERS_OF_TRIALS = (
    "number|best|(value|raw|penalty|hindsight)_.*|n_clusters|noise_share|coverage|seconds"
)


@dataclass(frozen=True)
class Result:
    """A finished run: its folder, metrics.json, and its tables as DataFrames.

    classification, predictions, training: how well a fine-tuned model names the classes, what it
    says about each image (`correct` is missing where there is no label), and its epochs; None where
    nothing was fine-tuned. answers, agreement: what labelers said, and how far they agree.
    homogeneity, homogeneity_summary: how much of one mind the images of a cluster are about a label
    column. stability: what clustering again came to. ceiling, ceiling_classes: how well the labels
    can be learned. macro, macro_cuts: how classes join. explained_variance: of a PCA. neighbours,
    label_issues, class_neighbours: what lies beside what. annotators: how far people agree. None
    where a run has no such table.
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
    answers: pd.DataFrame | None = field(default=None, repr=False)
    homogeneity: pd.DataFrame | None = field(default=None, repr=False)
    homogeneity_summary: pd.DataFrame | None = field(default=None, repr=False)
    agreement: pd.DataFrame | None = field(default=None, repr=False)
    stability: pd.DataFrame | None = field(default=None, repr=False)
    ceiling: pd.DataFrame | None = field(default=None, repr=False)
    ceiling_classes: pd.DataFrame | None = field(default=None, repr=False)
    macro: pd.DataFrame | None = field(default=None, repr=False)
    macro_cuts: pd.DataFrame | None = field(default=None, repr=False)
    explained_variance: pd.DataFrame | None = field(default=None, repr=False)
    neighbours: pd.DataFrame | None = field(default=None, repr=False)
    label_issues: pd.DataFrame | None = field(default=None, repr=False)
    class_neighbours: pd.DataFrame | None = field(default=None, repr=False)
    annotators: pd.DataFrame | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Tuned:
    """A search that has ended: its folder, its trials as a DataFrame (parameters are numbers where
    all of a column are), and its best trials as runs, best first."""

    folder: Path
    trials: pd.DataFrame = field(repr=False)
    best: list[Result]


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
    from clusterlab.config.own_sweep import refuse_sweep
    from clusterlab.config.resolved import stage_choices

    words = _words(experiment, overrides)
    config = compose(words, Path(config_dir) if config_dir else None)
    refuse_sweep(config, words, "clusterlab.run")
    target = Path(folder) if folder else run_dir(config)
    launch(config, target, stage_choices(config.hydra.runtime.choices))
    return read(target)


def tune(
    experiment: str | None = None,
    overrides: Sequence[str] = (),
    *,
    config_dir: str | Path | None = None,
    folder: str | Path | None = None,
) -> Tuned:
    """Search for good settings, as `clusterlab tune` does, and read what came of it.

    The arguments are those of `run`. Where `folder` holds a search that was stopped,
    `clusterlab tune --resume` goes on with it. Raises a ClusterlabError where the command would
    fail; a search in which no trial could be scored has no best.
    """
    from clusterlab.config.launch import run_dir
    from clusterlab.config.launch_search import begin
    from clusterlab.config.search_plan import compose_search, job_of

    words = _words(experiment, overrides)
    config = compose_search(words, Path(config_dir) if config_dir else None)
    target = Path(folder) if folder else run_dir(config)
    found = begin(job_of(config, target, words))
    trials = _read_table(target / "trials.csv", _NUMBERS_OF_TRIALS)
    for name in found.ranges:
        if name in trials:
            trials[name] = _numbers_where_all_are(trials[name])
    return Tuned(folder=target, trials=trials, best=[read(run) for run in found.runs.values()])


def _words(experiment: str | None, overrides: Sequence[str]) -> list[str]:
    if isinstance(overrides, str):
        raise UsageError(f"overrides must be a list of words, not the text {overrides!r}.")
    return [*([f"+experiment={experiment}"] if experiment else []), *overrides]


def read(folder: str | Path) -> Result:
    """Read a finished run folder."""
    path = Path(folder)
    numbers = dict(_NUMBERS)
    numbers |= {name: n for name, n in _NUMBERS_OF_SOME.items() if (path / f"{name}.csv").is_file()}
    if "stability" in numbers:
        # Without it, a column of this name is a label.
        numbers["assignments"] += "|confidence"
    tables = {name: _read_table(path / f"{name}.csv", found) for name, found in numbers.items()}
    for name, columns in _YES_OR_NO.items():
        for column in columns:
            if name in tables and column in tables[name]:
                said = tables[name][column].map({"True": True, "False": False})
                tables[name][column] = said.astype("boolean")
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    return Result(folder=path, metrics=metrics, **tables)


def _read_table(path: Path, numbers: str) -> pd.DataFrame:
    text = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    return text.apply(
        lambda column: pd.to_numeric(column) if re.fullmatch(numbers, str(column.name)) else column
    )


def _numbers_where_all_are(column: pd.Series) -> pd.Series:
    try:
        return pd.to_numeric(column)
    except ValueError:
        return column
