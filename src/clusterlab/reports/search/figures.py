"""The figures of a search, as PNG files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.page.text import percent, plural, score
from clusterlab.reports.plots.canvas import render, save
from clusterlab.reports.plots.footer import draw_footer, with_footer
from clusterlab.reports.plots.history import draw_history
from clusterlab.reports.plots.importance import draw_importance
from clusterlab.reports.plots.parallel import draw_parallel
from clusterlab.reports.plots.pareto import Measure, draw_hindsight, draw_pareto
from clusterlab.reports.search.axes import parameter_axis, value_axis
from clusterlab.reports.search.hindsight import Hindsight
from clusterlab.reports.search.importances import Importances
from clusterlab.reports.search.trials import (
    chosen,
    differing,
    parameters,
    scored,
    short_names,
    spoken,
)
from clusterlab.searching import Objective, Search, Trial

MOST_AXES = 9
MOST_PAIRS = 6
MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure of the report. kind: the part of the page it belongs to. alt: what it shows."""

    kind: str
    name: str
    alt: str
    figure: Figure


def write_figures(
    search: Search,
    folder: Path,
    *,
    matters: Importances | str,
    looks_back: Sequence[Hindsight],
) -> dict[str, list[tuple[str, str]]]:
    """Draw all figures into an existing folder. Returns kind -> file name and what it shows.

    What the features are marked with stands below each.
    """
    footer = draw_footer(search.marks)
    written: dict[str, list[tuple[str, str]]] = {}
    for one in _figures(search, matters, looks_back):
        save(with_footer(render(one.figure), footer), folder / one.name)
        written.setdefault(one.kind, []).append((one.name, one.alt))
    return written


def _figures(
    search: Search, matters: Importances | str, looks_back: Sequence[Hindsight]
) -> Iterator[Drawn]:
    if not (trials := scored(search)):
        return
    several = len(search.objectives) > 1
    for at, objective in enumerate(search.objectives, start=1):
        name = f"history_{at}.png" if several else "history.png"
        alt = f"{objective.name} of every trial, in the order tried"
        yield Drawn(kind="history", name=name, alt=alt, figure=_history(search, trials, objective))
    for first, second in list(combinations(range(len(search.objectives)), 2))[:MOST_PAIRS]:
        pair = search.objectives[first], search.objectives[second]
        only = len(search.objectives) == 2
        name = "pareto.png" if only else f"pareto_{first + 1}_{second + 1}.png"
        alt = f"{pair[0].name} of every trial against its {pair[1].name}"
        figure = _pareto(search, trials, *pair, joined=only)
        yield Drawn(kind="pareto", name=name, alt=alt, figure=figure)
    if parameters(search):
        alt = "Parallel coordinates of every trial's settings and score"
        figure = _parallel(search, trials, matters)
        yield Drawn(kind="parallel", name="parallel.png", alt=alt, figure=figure)
    if isinstance(matters, Importances):
        figure, alt = _importance(search, matters), "Bars of how much each parameter matters"
        yield Drawn(kind="importance", name="importance.png", alt=alt, figure=figure)
    for at, back in enumerate(looks_back, start=1):
        for nth, objective in enumerate(search.objectives, start=1):
            name = "hindsight" + f"_{at}" * (len(looks_back) > 1) + f"_{nth}" * several + ".png"
            alt = f"{objective.name} of every trial against its agreement with {back.column}"
            figure = _hindsight(search, back, objective)
            yield Drawn(kind=f"hindsight {at}", name=name, alt=alt, figure=figure)


def _history(search: Search, trials: list[Trial], objective: Objective) -> Figure:
    known = {trial.number for trial in trials}
    values = [trial.values[objective.name] for trial in trials]
    top = (max if objective.maximize else min)(values)
    spaces = len({trial.space for trial in trials})
    n_bad = len(search.trials) - len(trials)
    caption = plural(len(trials), "scored trial")
    caption += f", {n_bad:,} without a score" if n_bad else ""
    if objective.space and spaces > 1:
        caption += f". Measured in {spaces} different spaces, which do not compare"
    return draw_history(
        [trial.number for trial in trials],
        values,
        [trial.raw.get(objective.name, np.nan) for trial in trials],
        bad=[trial.number for trial in search.trials if trial.number not in known],
        best=[trial.number for trial in chosen(search)],
        maximize=objective.maximize,
        title=f"Best {objective.name} {score(top)}, found by trial {_first(trials, values, top)}",
        caption=caption,
        label=f"{objective.name}, {'higher' if objective.maximize else 'lower'} is better",
    )


def _first(trials: list[Trial], values: list[float], top: float) -> int:
    return next(t.number for t, value in zip(trials, values, strict=True) if value == top)


def _pareto(
    search: Search, trials: list[Trial], x: Objective, y: Objective, *, joined: bool
) -> Figure:
    rows = {trial.number: row for row, trial in enumerate(trials)}
    front = [rows[trial.number] for trial in chosen(search) if trial.number in rows]
    named = {row: f"{trials[row].number}" for row in front[:MOST_NAMED]}
    return draw_pareto(
        *(
            Measure(name=o.name, values=[t.values[o.name] for t in trials], maximize=o.maximize)
            for o in (x, y)
        ),
        front=front if joined else [],
        best=named if joined else {row: str(trials[row].number) for row in front},
        title=f"{plural(len(front), 'trial')} that no other beats in every objective",
        caption="Values with the penalties; the numbers are those of the trials",
    )


def _parallel(search: Search, trials: list[Trial], matters: Importances | str) -> Figure:
    names = parameters(search)
    short = short_names(names)
    ranked = list(matters.shares) if isinstance(matters, Importances) else []
    order = [name for name in names if name in (ranked or differing(search.trials, names))] or names
    if len(order) > MOST_AXES:
        first = [*(name for name in ranked if name in order), *order][:MOST_AXES]
        order = [name for name in order if name in first]
    known = {trial.number for trial in trials}
    leading = search.objectives[0]
    axes = [
        parameter_axis(short[name], name, search.trials, search.ranges.get(name)) for name in order
    ]
    axes += [value_axis(one, search.trials, trials) for one in search.objectives]
    winners = {trial.number for trial in chosen(search)}
    left_out = len(names) - len(order)
    return draw_parallel(
        axes,
        np.array([x if t.number in known else np.nan for t, x in _shades(search, leading)]),
        best=[row for row, trial in enumerate(search.trials) if trial.number in winners],
        title=f"Settings and {leading.name} of every trial, one line each",
        caption="Each axis is the whole range that was searched"
        + (f"; {left_out} that matter less or never change are left out" if left_out else ""),
    )


def _shades(search: Search, objective: Objective) -> list[tuple[Trial, float]]:
    """Every trial with the height of its value."""
    places = value_axis(objective, search.trials, scored(search)).places
    return list(zip(search.trials, places.tolist(), strict=True))


def _importance(search: Search, matters: Importances) -> Figure:
    short = short_names(parameters(search))
    names = list(matters.shares)
    top, best = names[0], f"the best {matters.n_top} of {matters.n} trials apart"
    title = f"What sets {best}: {short[top]} ({percent(matters.shares[top])})"
    if all(matters.shares[name] <= matters.chance[name] for name in names):
        title = f"No parameter sets {best} more than chance would"
    return draw_importance(
        [short[name] for name in names],
        list(matters.shares.values()),
        [matters.chance[name] for name in names],
        title=title,
        caption="Share of all importance (PED-ANOVA). Grey tick: what trials drawn at random get",
    )


def _hindsight(search: Search, back: Hindsight, objective: Objective) -> Figure:
    rows = {trial.number: row for row, trial in enumerate(back.trials)}
    marked = back.chosen[:MOST_NAMED]
    one = len(search.objectives) == 1
    return draw_hindsight(
        Measure(
            name=spoken(objective),
            values=[trial.values[objective.name] for trial in back.trials],
            maximize=objective.maximize,
        ),
        Measure(name=f"ARI against {_short(back.column)}", values=back.values),
        chosen={rows[t.number]: "chosen" if one else f"{t.number}" for t in marked},
        reachable=rows[back.best.number],
        title=f"Afterwards: what “{_short(back.column)}” says about the trials",
        caption="The labels took no part in choosing. Every dot is a scored trial",
    )


def _short(name: str) -> str:
    """A column's name with room left for the words around it."""
    return name if len(name) <= 20 else f"{name[:19].rstrip()}…"
