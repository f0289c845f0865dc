"""What `clusterlab tune` prints when a search is done: 80 columns, no more than a screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from clusterlab.reports.compare.names import plain
from clusterlab.reports.page.text import percent, plural, score
from clusterlab.reports.search.hindsight import Hindsight, hindsights
from clusterlab.reports.search.trials import (
    bad_reasons,
    best_trials,
    differing,
    direction,
    duration,
    measured,
    parameters,
    settings,
    spoken,
)
from clusterlab.reports.search.warnings import warnings_of
from clusterlab.reports.search.words import in_all
from clusterlab.searching import Search, Trial

WIDTH = 80
MOST_BEST = 3
MOST_REASONS = 3
MOST_WARNING_LINES = 14
MOST_OBJECTIVES = 4
_RAW_OBJECTIVES = 2


def summary(search: Search, folder: Path) -> str:
    """The trials made, the best of them with their scores and penalties apart, what the labels say
    afterwards, what to know, and where the report is. folder: of the search."""
    lines = [*_wrap(_what(search)), *_wrap(_goal(search)), ""]
    if best := best_trials(search):
        lines += [*_best(search, best), ""]
    for back in hindsights(search):
        lines += [*_wrap(_afterwards(back, search)), ""]
    lines += _warnings(search)
    lines.append(f"report: {folder / 'report.html'}")
    return "\n".join(lines)


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    """Lines of the terminal's width, without what could move its cursor."""
    return textwrap.wrap(plain(text), WIDTH, initial_indent=first, subsequent_indent=rest)


def _what(search: Search) -> str:
    text = f"{plural(len(search.trials), 'trial')} in {duration(search.seconds)}"
    reasons = bad_reasons(search)
    if reasons:
        told = [f"{count:,} {_short(reason)}" for reason, count in reasons[:MOST_REASONS]]
        others = sum(count for _, count in reasons[MOST_REASONS:])
        told += [f"{others:,} for other reasons"] if others else []
        text += f"; {sum(count for _, count in reasons):,} without a score: {', '.join(told)}"
    return f"{text}; ended: {search.stopped}" if search.stopped else text


def _short(reason: str) -> str:
    return f"“{textwrap.shorten(reason, 56, placeholder=' …')}”"


def _goal(search: Search) -> str:
    goals = " and ".join(f"{spoken(one)} ({direction(one)})" for one in search.objectives)
    on = f" of {plural(search.n_images, 'image')}" if search.n_images else ""
    return f"sought: {goals}{on}"


def _best(search: Search, best: list[Trial]) -> Iterator[str]:
    """One line a trial, and below it what is its own among the settings."""
    objectives = search.objectives[:MOST_OBJECTIVES]
    with_raw = len(objectives) <= _RAW_OBJECTIVES
    if len(objectives) > 1 and with_raw:
        yield " " * 11 + "".join(f"{plain(one.name)[:19]:>20}" for one in objectives)
    if with_raw:
        heads = ["value", "measured"] * len(objectives)
    else:
        heads = [one.name for one in objectives]
    yield _line("best", "trial", heads, "penalty", "clusters", "noise")
    names, listed = parameters(search), best[:MOST_BEST]
    differ = differing(listed, names)
    for rank, trial in enumerate(listed, start=1):
        cells = []
        for one in objectives:
            cells.append(measured(trial.values, one))
            cells += [measured(trial.raw, one)] if with_raw else []
        yield _line(
            f"{rank}",
            f"{trial.number}",
            cells,
            score(sum(trial.penalties.values())),
            f"{trial.n_clusters:,}",
            percent(trial.noise_share),
        )
        own = "  ".join(f"{name}={value}" for name, value in settings(trial, names, differ).items())
        yield from _wrap(own, "      ", "      ")
    if shared := in_all(listed, names, differ):
        yield from _wrap(f"all: {shared}", "", "     ")
    if hidden := len(search.objectives) - len(objectives):
        yield f"and {plural(hidden, 'more objective')} (trials.csv)"
    if len(search.objectives) > 1 and len(best) > len(listed):
        yield f"and {len(best) - len(listed):,} more on the Pareto front (trials.csv)"


def _line(rank: str, trial: str, cells: list[str], penalty: str, clusters: str, noise: str) -> str:
    scores = "".join(f"{plain(cell)[:9]:>10}" for cell in cells)
    return f"{rank:>4}{trial:>7}{scores}{penalty:>9}{clusters:>10}{noise:>7}"


def _afterwards(back: Hindsight, search: Search) -> str:
    found = [back.of(trial) for trial in back.chosen]
    ours = score(max(found)) if len(found) == 1 else f"{score(min(found))} to {score(max(found))}"
    rank = min(back.rank(trial) for trial in back.chosen)
    rho = [
        f"{score(value)}{f' with {name}' if len(search.objectives) > 1 else ''}"
        for name, value in back.correlation.items()
    ]
    return (
        f"afterwards, by “{back.column}”, which took no part in choosing: ARI {ours} chosen, "
        f"{score(back.best_value)} best reachable, {score(back.median)} median; rank {rank} of "
        f"{len(back.trials):,}" + (f"; rank correlation {', '.join(rho)}" if rho else "")
    )


def _warnings(search: Search) -> list[str]:
    """As many whole warnings as there is room for, and how many are left to the report."""
    lines: list[str] = []
    every = warnings_of(search)
    for at, warning in enumerate(every):
        wrapped = _wrap(warning, "! ", "  ")
        if lines and len(lines) + len(wrapped) > MOST_WARNING_LINES:
            return [*lines, f"! {plural(len(every) - at, 'more warning')} in the report"]
        lines += wrapped
    return lines
