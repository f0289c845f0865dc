"""Which trials won."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from clusterlab.searching import Objective, Search, Trial


def best_trials(trials: Sequence[Trial], objectives: Sequence[Objective], n: int) -> list[Trial]:
    """The n best trials, best first; with several objectives all of the Pareto front, by the first
    of them. Of equals the earlier comes first.

    Bad trials are not among them, and of those that have all their numbers in common, which are the
    same clustering by other parameters, only the first is.
    """
    known: dict[str, Trial] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        if not trial.bad:
            known.setdefault(_outcome(trial), trial)
    ranked = sorted(known.values(), key=lambda trial: [-g for g in _goodness(trial, objectives)])
    if len(objectives) == 1:
        return ranked[:n]
    goodness = np.array([_goodness(trial, objectives) for trial in ranked])
    return [one for one, good in zip(ranked, goodness, strict=True) if not _beaten(good, goodness)]


def spread(numbers: Sequence[int], n: int) -> list[int]:
    """At most n of them, evenly spread from the first to the last.

    >>> spread([7, 3, 9, 4, 1], 3), spread([7, 3], 3), spread([7, 3], 1)
    ([7, 9, 1], [7, 3], [7])
    """
    if len(numbers) <= n:
        return list(numbers)
    last = len(numbers) - 1
    return [numbers[round(index * last / max(n - 1, 1))] for index in range(n)]


def chosen_by(found: Search, trial: Trial) -> str:
    """What the reader of a best trial's own run must know: its score was sought."""
    names = " and ".join(one.name for one in found.objectives)
    columns = sorted({one.column for one in found.objectives if one.column})
    said = (
        f"The settings were chosen among {len(found.trials):,} trials of a search (this is trial "
        f"{trial.number}) by {names}: read that score as the best of so many."
    )
    if columns:
        said += (
            f" The labels in {', '.join(columns)} took part in the choice: scores against them are "
            "optimistic, and the choice is not unsupervised."
        )
    return said


def _outcome(trial: Trial) -> str:
    found = (trial.raw, trial.penalties, trial.n_clusters, trial.noise_share, trial.space)
    return json.dumps(found, sort_keys=True)


def _beaten(one: np.ndarray, all_: np.ndarray) -> bool:
    """Whether another is as good in every objective, and better in one."""
    return bool(((all_ >= one).all(axis=1) & (all_ > one).any(axis=1)).any())


def _goodness(trial: Trial, objectives: Sequence[Objective]) -> list[float]:
    """The values with the sign that makes more better."""
    return [trial.values[one.name] * (1 if one.maximize else -1) for one in objectives]
