"""Which parameters decide whether a trial is among the best."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clusterlab.reports.page.text import compact
from clusterlab.reports.search.places import is_number
from clusterlab.reports.search.trials import parameters, scored
from clusterlab.searching import Range, Search, Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

FEWEST = 20
FEWEST_AT_THE_TOP = 5
TOP_SHARE = 0.1
N_SHUFFLES = 20


@dataclass(frozen=True, kw_only=True)
class Importances:
    """shares: parameter -> its part of all importance, most first; they add up to 1. chance: the
    same for trials called the best at random, as a part of the same whole. n: scored trials.
    n_top: how many of them count as the best."""

    shares: Mapping[str, float]
    chance: Mapping[str, float]
    n: int
    n_top: int


def importances(search: Search) -> Importances | str:
    """PED-ANOVA (Watanabe, Bansal & Hutter 2023) of the scored trials: how differently the best
    tenth of them, and at least five, are spread over each parameter from all of them. With several
    objectives the best are those near the Pareto front.

    Returns why not, in a sentence, where the trials are too few or all alike.
    """
    trials = scored(search)
    names = [name for name in parameters(search) if len({_word(one, name) for one in trials}) > 1]
    if len(trials) < FEWEST:
        return f"To say what matters takes {FEWEST} scored trials; there are {len(trials)}."
    if len(names) < 2:
        return "Fewer than two parameters were ever changed, so none can matter more than another."
    share = max(TOP_SHARE, FEWEST_AT_THE_TOP / len(trials))
    with _quiet():
        study = _study(search, trials, names)
        found = _evaluate(study, share, None)
        rng = np.random.default_rng(0)
        shuffled = [_evaluate(study, share, _ranks(rng, len(trials))) for _ in range(N_SHUFFLES)]
    total = sum(found.values())
    if not total > 0:
        return "The best trials are spread over every parameter as all trials are: none stands out."
    order = sorted(names, key=lambda name: -found.get(name, 0.0))
    return Importances(
        shares={name: found.get(name, 0.0) / total for name in order},
        chance={n: float(np.mean([one.get(n, 0.0) for one in shuffled])) / total for n in order},
        n=len(trials),
        n_top=math.ceil(share * len(trials)),
    )


def _evaluate(
    study: Study, share: float, target: Callable[[FrozenTrial], float] | None
) -> dict[str, float]:
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    evaluator = PedAnovaImportanceEvaluator(target_quantile=share)
    return get_param_importances(study, evaluator=evaluator, target=target, normalize=False)


def _ranks(rng: np.random.Generator, n: int) -> Callable[[FrozenTrial], float]:
    ranks = rng.permutation(n)
    return lambda trial: float(ranks[trial.number])


def _study(search: Search, trials: list[Trial], names: list[str]) -> Study:
    """The trials as a study in memory."""
    import optuna

    spans = {name: _distribution(search.ranges.get(name), trials, name) for name in names}
    study = optuna.create_study(
        directions=["maximize" if one.maximize else "minimize" for one in search.objectives],
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    for trial in trials:
        here = [name for name in names if name in trial.parameters]
        study.add_trial(
            optuna.create_trial(
                params={name: _value(trial, name, spans[name]) for name in here},
                distributions={name: spans[name] for name in here},
                values=[trial.values[one.name] for one in search.objectives],
            )
        )
    return study


def _distribution(span: Range | None, trials: list[Trial], name: str) -> BaseDistribution:
    """The range as Optuna says it, wide enough for every trial: a search that went on with other
    ranges has trials outside the last."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    values = [trial.parameters[name] for trial in trials if name in trial.parameters]
    if span is None or span.choices or not all(map(is_number, values)):
        return CategoricalDistribution(sorted({compact(value) for value in values}))
    low = min(v for v in (span.low, *values) if v is not None)
    high = max(v for v in (span.high, *values) if v is not None)
    log = span.log and low > 0
    if span.integer:
        return IntDistribution(math.floor(low), math.ceil(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _value(trial: Trial, name: str, span: BaseDistribution) -> Any:
    from optuna.distributions import CategoricalDistribution, IntDistribution

    value = trial.parameters[name]
    if isinstance(span, CategoricalDistribution):
        return compact(value)
    return int(value) if isinstance(span, IntDistribution) else float(value)


def _word(trial: Trial, name: str) -> str:
    return compact(trial.parameters[name]) if name in trial.parameters else "\0"


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna reports a study in memory, and advises its makers, on the terminal."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
