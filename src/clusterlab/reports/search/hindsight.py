"""What the labels say about a search that never saw them, once it is over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from clusterlab.reports.search.trials import chosen, goodness, scored
from clusterlab.searching import Search, Trial

METRIC = "ari"


@dataclass(frozen=True, kw_only=True)
class Hindsight:
    """The adjusted Rand index of the trials against one label column.

    trials: the scored ones that have it; values: theirs, in [-0.5, 1], higher is better. chosen:
    the trials that the search chose. correlation: objective -> Spearman's rank correlation of its
    goodness with the index over the trials, in [-1, 1]; absent where either never changes.
    """

    column: str
    trials: Sequence[Trial]
    values: Sequence[float]
    chosen: Sequence[Trial]
    correlation: Mapping[str, float]

    @property
    def best(self) -> Trial:
        """The trial that the labels would have chosen, the first of equals."""
        return self.trials[int(np.argmax(self.values))]

    @property
    def best_value(self) -> float:
        return max(self.values)

    @property
    def median(self) -> float:
        return float(np.median(self.values))

    def of(self, trial: Trial) -> float:
        return trial.hindsight[f"{METRIC}/{self.column}"]

    def rank(self, trial: Trial) -> int:
        """1 for the best; equals share the better rank."""
        return 1 + sum(value > self.of(trial) for value in self.values)


def hindsights(search: Search) -> list[Hindsight]:
    """One a label column that took no part in choosing and that trials were compared with."""
    used = {objective.column for objective in search.objectives if objective.uses_labels}
    keys = dict.fromkeys(key for trial in search.trials for key in trial.hindsight)
    columns = [key.partition("/")[2] for key in keys if key.startswith(f"{METRIC}/")]
    found = (_hindsight(search, column) for column in columns if column not in used)
    return [one for one in found if one is not None]


def _hindsight(search: Search, column: str) -> Hindsight | None:
    key = f"{METRIC}/{column}"
    trials = [one for one in scored(search) if math.isfinite(one.hindsight.get(key, math.nan))]
    ours = [trial for trial in chosen(search) if trial in trials]
    if not ours:
        return None
    values = [trial.hindsight[key] for trial in trials]
    correlation = {}
    for objective in search.objectives:
        good = [goodness(trial, objective) for trial in trials]
        if len(set(good)) > 1 and len(set(values)) > 1:
            correlation[objective.name] = float(spearmanr(good, values).statistic)
    return Hindsight(
        column=column, trials=trials, values=values, chosen=ours, correlation=correlation
    )
