"""The trials of a search as its report needs them: scored, chosen, counted, and put into words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clusterlab.reports.page.meanings import EXTERNAL, INTERNAL
from clusterlab.reports.page.text import NOTHING, compact, percent, score
from clusterlab.searching import Objective, Search, Trial

PENALTIES = ("noise", "n_clusters")
NO_SCORE = "the score is not a finite number"
_SPACES = {"features": "the features", "reduced": "the reduced space"}


def scored(search: Search) -> list[Trial]:
    """The trials that there is something to score of, in the order tried."""
    return [trial for trial in search.trials if not trial.bad and _finite(trial, search)]


def _finite(trial: Trial, search: Search) -> bool:
    return all(math.isfinite(trial.values.get(one.name, math.nan)) for one in search.objectives)


def best_trials(search: Search) -> list[Trial]:
    """The best trials, best first; with several objectives the Pareto front. There is one wherever
    there is a score, also where the search was to run none of them."""
    known = {trial.number: trial for trial in search.trials}
    best = [known[number] for number in search.best if number in known]
    if not best and len(search.objectives) == 1 and (fit := scored(search)):
        return [max(fit, key=lambda trial: goodness(trial, search.objectives[0]))]
    return best


def chosen(search: Search) -> list[Trial]:
    """The trial that won, or, with several objectives, all that no other beats in every one."""
    best = best_trials(search)
    return best if len(search.objectives) > 1 else best[:1]


def goodness(trial: Trial, objective: Objective) -> float:
    """The trial's value with the sign that makes more better."""
    value = trial.values[objective.name]
    return value if objective.maximize else -value


def bad_reasons(search: Search) -> list[tuple[str, int]]:
    """Why trials could not be scored, and how many each, the commonest first."""
    counts = Counter(
        trial.bad or NO_SCORE for trial in search.trials if trial.bad or not _finite(trial, search)
    )
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def parameters(search: Search) -> list[str]:
    """The arguments that the search sets, in the order of its ranges, then any others."""
    names = dict.fromkeys(search.ranges)
    for trial in search.trials:
        names |= dict.fromkeys(trial.parameters)
    return list(names)


def penalties(search: Search) -> list[str]:
    """The kinds of penalty, those without a cost included."""
    return list(dict.fromkeys([*PENALTIES, *(p for one in search.trials for p in one.penalties)]))


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Argument -> its last part, or as much more as tells it from the others.

    >>> short_names(["reducer.metric", "clusterer.metric", "clusterer.eps"])
    {'reducer.metric': 'reducer.metric', 'clusterer.metric': 'clusterer.metric', \
'clusterer.eps': 'eps'}
    """
    listed = list(names)
    counts = Counter(name.rpartition(".")[2] for name in listed)
    last = {name: name.rpartition(".")[2] for name in listed}
    return {name: last[name] if counts[last[name]] == 1 else name for name in listed}


def n_settings(search: Search) -> float:
    """How many different settings there are at most; infinite where one is continuous."""
    total = 1.0
    for span in search.ranges.values():
        if span.choices:
            total *= len(span.choices)
        elif span.low is not None and span.high is not None and (span.integer or span.step):
            total *= math.floor((span.high - span.low) / (span.step or 1)) + 1
        else:
            return math.inf
    return total


def differing(trials: Sequence[Trial], names: Sequence[str]) -> list[str]:
    """The names of those parameters that are not the same in all trials.

    All names where there is one trial only, since nothing is then said by being the same.
    """
    if len(trials) < 2:
        return [name for name in names if any(name in trial.parameters for trial in trials)]
    return [
        name
        for name in names
        if len({compact(trial.parameters.get(name, _UNSET)) for trial in trials}) > 1
    ]


_UNSET = "\0"


def settings(trial: Trial, names: Sequence[str], kept: Sequence[str]) -> dict[str, str]:
    """Those of the kept parameters that the trial sets, as text, by names that are short among
    all names."""
    short = short_names(names)
    return {short[name]: shown(trial.parameters[name]) for name in kept if name in trial.parameters}


def shown(value: Any) -> str:
    """A parameter's value as one would type it, floats with four digits.

    >>> shown(0.30160001), shown(None), shown(12), shown("eom"), shown([2, 3]), shown(12345.0)
    ('0.3016', 'null', '12', 'eom', '[2, 3]', '12345')
    """
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"
    return compact(value)


def spoken(objective: Objective) -> str:
    """The objective in words, as in "the ...".

    >>> spoken(Objective(name="silhouette", maximize=True, space="reduced"))
    'silhouette in the reduced space'
    >>> spoken(Objective(name="ari/label", maximize=True, column="label"))
    'adjusted Rand index against “label”'
    """
    metric = objective.name.partition("/")[0]
    meaning = (EXTERNAL | INTERNAL).get(metric)
    words = meaning.name if meaning else metric
    if not words.startswith(("Davies", "Calinski")):
        words = words[:1].lower() + words[1:] if meaning else words
    if objective.column:
        return f"{words} against “{objective.column}”"
    return (
        f"{words} in {_SPACES.get(objective.space, objective.space)}" if objective.space else words
    )


def direction(objective: Objective) -> str:
    """Which way is better."""
    return "higher is better" if objective.maximize else "lower is better"


def measured(values: Mapping[str, float], objective: Objective) -> str:
    """The objective's value or raw score, or a dash where there is none."""
    value = values.get(objective.name, math.nan)
    return score(value) if math.isfinite(value) else NOTHING


def coverage(trial: Trial) -> str:
    """The share of the images that are in a cluster; not all is never 100%."""
    return ">99%" if 0 < trial.noise_share < 0.005 else percent(1 - trial.noise_share)


def duration(seconds: float) -> str:
    """Seconds as one says them.

    >>> duration(0.42), duration(75), duration(7260)
    ('0.4 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
