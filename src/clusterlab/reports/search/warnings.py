"""What to know before trusting what a search chose."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from clusterlab.reports.marks import explain
from clusterlab.reports.page.text import percent, plural, score
from clusterlab.reports.search.edges import edges
from clusterlab.reports.search.ties import tied
from clusterlab.reports.search.trials import (
    bad_reasons,
    best_trials,
    chosen,
    n_settings,
    parameters,
    scored,
    short_names,
    shown,
)
from clusterlab.searching import Search, Trial

MUCH_NOISE = 0.3
FEW_TRIALS = 20
TRIALS_A_PARAMETER = 10
MOST_CLUSTERS_TO_FEWEST = 1.5
_NOISE_AWARE = ("dbcv",)


def warnings_of(search: Search) -> tuple[str, ...]:
    """Sentences in plain text, those that cast the most doubt first."""
    return tuple(
        dict.fromkeys(
            chain(
                map(explain, search.marks),
                _about_labels(search),
                _about_spaces(search),
                _about_bad(search),
                _about_noise(search),
                _about_edges(search),
                _about_count(search),
                _about_ties(search),
            )
        )
    )


def _about_labels(search: Search) -> Iterator[str]:
    for column in dict.fromkeys(one.column for one in search.objectives if one.uses_labels):
        yield (
            f"The labels of “{column}” chose these settings: the choice is supervised by that "
            "column, and scores against it are optimistic, here and in the best runs."
        )


def _about_spaces(search: Search) -> Iterator[str]:
    inside = [one for one in search.objectives if one.space]
    spaces = {trial.space for trial in scored(search)}
    if not inside or len(spaces) < 2:
        return
    by = [name for name in search.ranges if not name.startswith("clusterer.")]
    because = f" (set by {', '.join(by)})" if by else ""
    names = " and ".join(dict.fromkeys(one.name for one in inside))
    reduced = any(one.space != "features" for one in inside)
    yield (
        f"The trials were scored in {len(spaces)} different spaces{because}, and {names} in one "
        "does not compare with that in another: a space that pulls points together scores higher, "
        "whatever the clusters mean. "
        + (
            "One scale for all: search.scored_in=features."
            if reduced
            else "Search with one extractor at a time."
        )
    )


def _about_bad(search: Search) -> Iterator[str]:
    n_bad = sum(count for _, count in bad_reasons(search))
    if search.trials and n_bad == len(search.trials):
        yield "No trial could be scored, so nothing was chosen."
    elif n_bad > len(search.trials) / 2:
        reason, count = bad_reasons(search)[0]
        yield (
            f"{n_bad:,} of {len(search.trials):,} trials could not be scored, most often because: "
            f"{reason} ({count:,}). Ranges without such settings would be searched better."
        )


def _about_noise(search: Search) -> Iterator[str]:
    worst = max((trial.noise_share for trial in chosen(search)), default=0.0)
    if worst > MUCH_NOISE:
        whose = "A chosen trial" if len(chosen(search)) > 1 else "The best trial"
        yield (
            f"{whose} throws {percent(worst)} of the images away as noise; its score says nothing "
            "about them. A higher search.noise_penalty makes that cost more."
        )
    noisy = sum(trial.noise_share > 0 for trial in scored(search))
    blind = [one for one in search.objectives if one.space and one.name not in _NOISE_AWARE]
    if noisy and blind and search.settings.get("noise_penalty") == 0:
        yield (
            f"search.noise_penalty is 0 and {plural(noisy, 'trial')} left images out as noise: "
            f"{blind[0].name} is of the images that are left, so throwing the hard ones away is "
            "rewarded. The usual is search.noise_penalty=0.3."
        )
    outside = [trial for trial in chosen(search) if trial.penalties.get("n_clusters", 0.0) > 0]
    wanted = search.settings.get("n_clusters")
    if outside and wanted:
        yield (
            f"{'Chosen trials have' if len(outside) > 1 else 'The best trial has'} "
            f"{_clusters(outside)} clusters, outside the {wanted[0]} to {wanted[1]} that were "
            "asked for (search.n_clusters)."
        )


def _about_edges(search: Search) -> Iterator[str]:
    won = chosen(search)
    short = short_names(parameters(search))
    for edge in edges(won, dict(search.ranges)):
        subject = "Most chosen trials have" if len(won) > 1 else "The best trial has"
        at = "at" if edge.on else "close to"
        way = f"To search wider, where the method allows: {edge.widen}" if edge.widen else ""
        yield (
            f"{subject} {short[edge.parameter]}={shown(edge.value)}, {at} the {edge.end} end of "
            f"its range ({shown(edge.low)} to {shown(edge.high)}): better may lie beyond. {way}"
        ).rstrip()


def _about_count(search: Search) -> Iterator[str]:
    n, names = len(scored(search)), parameters(search)
    enough = max(FEW_TRIALS, TRIALS_A_PARAMETER * len(names))
    tried = {tuple(sorted((k, shown(v)) for k, v in t.parameters.items())) for t in search.trials}
    if search.trials and n < enough and len(tried) < n_settings(search):
        yield (
            f"{plural(n, 'scored trial')} for {plural(len(names), 'parameter')} "
            f"{'is' if n == 1 else 'are'} few: another search may well choose otherwise. A rule of "
            f"thumb is {TRIALS_A_PARAMETER} a parameter and at least {FEW_TRIALS}, here {enough}."
        )


def _about_ties(search: Search) -> Iterator[str]:
    found = tied(search)
    if found is None or not best_trials(search):
        return
    trials, spread = found
    counts = [trial.n_clusters for trial in trials]
    if len(trials) > 1 and max(counts) > MOST_CLUSTERS_TO_FEWEST * min(counts):
        yield (
            f"{len(trials)} trials are within {score(spread)} of the best, no more than a small "
            "change of the settings makes (the median difference between a good trial and the "
            f"one most like it), and they have {_clusters(trials)} clusters: this search does not "
            "settle how many clusters there are."
        )


def _clusters(trials: list[Trial]) -> str:
    counts = [trial.n_clusters for trial in trials]
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
