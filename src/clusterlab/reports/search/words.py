"""A search in sentences."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path

from clusterlab.reports.page.text import method, plural, score
from clusterlab.reports.search.hindsight import Hindsight
from clusterlab.reports.search.trials import (
    best_trials,
    n_settings,
    penalties,
    short_names,
    shown,
    spoken,
)
from clusterlab.searching import Objective, Range, Search, Trial


def sought(search: Search) -> str:
    """What was searched, on what, and for what, as one sentence."""
    stages = [
        method(search.choices[stage])
        for stage in ("extractor", "reducer", "clusterer")
        if search.choices.get(stage, "none") != "none"
    ]
    where = f" for {' → '.join(stages)}" if stages else ""
    on = f" on {plural(search.n_images, 'image')}" if search.n_images else ""
    settings = plural(len(search.trials), "setting")
    goals = " and ".join(f"the {_best(one)} {spoken(one)}" for one in search.objectives)
    was = "was" if len(search.trials) == 1 else "were"
    return f"{settings}{where} {was} tried{on}, looking for {goals}."


def _best(objective: Objective) -> str:
    return "highest" if objective.maximize else "lowest"


def outcome(search: Search) -> str:
    """What it chose, and why it ended."""
    best = best_trials(search)
    if not best:
        found = "Nothing was chosen"
    elif len(search.objectives) == 1:
        found = f"Chosen: trial {best[0].number}, with {plural(best[0].n_clusters, 'cluster')}"
    else:
        front = "is on" if len(best) == 1 else "are on"
        found = f"{plural(len(best), 'trial')} {front} the Pareto front: no other beats them"
        found += " in every objective"
    return f"{found}. Why it ended: {search.stopped}." if search.stopped else f"{found}."


def costs(trial: Trial, search: Search) -> str:
    """What each penalty took from the trial's score: "noise 0.027", or "none"."""
    found = [
        f"{name.replace('n_clusters', 'clusters')} {score(trial.penalties[name])}"
        for name in penalties(search)
        if trial.penalties.get(name, 0.0) > 0
    ]
    return ", ".join(found) or "none"


def penalty_rule(search: Search) -> str:
    """How values come about from scores, as far as the settings say."""
    wanted, told = search.settings.get("n_clusters"), search.settings
    parts = []
    if told.get("noise_penalty"):
        parts.append(f"{shown(told['noise_penalty'])} times the share of noise")
    if wanted:
        parts.append(f"a penalty on a number of clusters outside {wanted[0]} to {wanted[1]}")
    if not parts:
        return "No penalty was asked for: value and score are the same."
    return f"The value is the score as measured, made worse by {' and by '.join(parts)}."


def range_words(span: Range) -> str:
    """What was searched of one argument.

    >>> range_words(Range(low=0.001, high=1, log=True)), range_words(Range(choices=("eom", "leaf")))
    ('0.001 to 1, in ratios', 'eom, leaf')
    >>> range_words(Range(low=2, high=9, integer=True))
    '2 to 9, whole numbers'
    """
    if span.choices:
        text = ", ".join(map(shown, span.choices))
    elif span.low is None or span.high is None:
        text = "anything"
    else:
        text = f"{shown(span.low)} to {shown(span.high)}"
        text += ", whole numbers" if span.integer else ""
        text += ", in ratios" if span.log else ""
        text += f", in steps of {shown(span.step)}" if span.step and span.step != 1 else ""
    for other, values in span.when.items():
        text += f"; only with {other} {' or '.join(map(shown, values))}"
    return text


def looked_back(back: Hindsight, search: Search) -> list[str]:
    """What the labels say afterwards, in sentences."""
    best, n = back.best, len(back.trials)
    if len(search.objectives) == 1:
        ours = back.chosen[0]
        first = (
            f"The unsupervised choice (trial {ours.number}) reaches an adjusted Rand index of "
            f"{score(back.of(ours))}, where 0 is chance and 1 full agreement."
        )
        second = f"It is number {back.rank(ours)} of the {n:,} scored trials."
    else:
        found = [back.of(trial) for trial in back.chosen]
        first = (
            f"The Pareto front reaches adjusted Rand indices of {score(min(found))} to "
            f"{score(max(found))}, where 0 is chance and 1 full agreement."
        )
        second = (
            f"The front's best is number {min(map(back.rank, back.chosen))} of {n:,} scored trials."
        )
    same = back.best_value <= max(map(back.of, back.chosen))
    reach = (
        "No trial reaches more"
        if same
        else f"The best reachable one (trial {best.number}) has {score(back.best_value)}"
    )
    rest = "" if same else ", and only somebody with the labels could have chosen it"
    return [first, f"{reach}{rest}; the median trial has {score(back.median)}. {second}"]


def correlations(back: Hindsight, search: Search) -> list[str]:
    """How far each objective ranks the trials as the labels do, in sentences.

    Called nothing where |rho| is below 1.96 / sqrt(n - 1), what 95% of unrelated rankings have.
    """
    n = len(back.trials)
    return [
        f"Over these trials, Spearman's rank correlation of {one.name} and the index is "
        f"{score(back.correlation[one.name])}: {_says(back.correlation[one.name], n)}."
        for one in search.objectives
        if one.name in back.correlation
    ]


def _says(rho: float, n: int) -> str:
    if abs(rho) < 1.96 / math.sqrt(max(n - 1, 1)):
        return "no more than chance, so the objective does not tell which agrees with the labels"
    if rho < 0:
        return "what scores better agrees less with the labels"
    strength = "mostly" if rho >= 0.7 else "often" if rho >= 0.4 else "somewhat more often"
    return f"what scores better {strength} agrees better with the labels"


def commands(search: Search, folder: Path) -> list[tuple[str, str]]:
    """What to do next, and the command that does it."""
    place = shlex.quote(as_typed(folder))
    found = []
    n, asked = len(search.trials), search.settings.get("n_trials") or 0
    grid = search.settings.get("sampler") == "grid"
    if n < (min(asked, n_settings(search)) if grid else asked):
        found.append(("Go on with the search", f"clusterlab tune --resume {place}"))
    elif not grid and n:
        what = f"Go on with the search, up to {plural(2 * n, 'trial')} in all"
        found.append((what, f"clusterlab tune --resume {place} search.n_trials={2 * n}"))
    ranks = [
        (one, search.runs[one.number]) for one in best_trials(search) if one.number in search.runs
    ]
    if ranks:
        run = shlex.quote(as_typed(ranks[0][1]))
        found.append((f"Run trial {ranks[0][0].number} again", f"clusterlab run --again {run}"))
    return found


def as_typed(folder: Path) -> str:
    """The folder as one would type it where the search was started."""
    whole, here = folder.absolute(), Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def in_all(trials: Sequence[Trial], names: Sequence[str], differ: Sequence[str]) -> str:
    """The parameters that the best trials share, as one line."""
    short = short_names(names)
    return ", ".join(
        f"{short[name]}={shown(trials[0].parameters[name])}"
        for name in names
        if trials and name not in differ and name in trials[0].parameters
    )
