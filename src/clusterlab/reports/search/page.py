"""report.html of a search: one file that needs no network and no other file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from clusterlab import __version__
from clusterlab.reports.page.made import flat
from clusterlab.reports.page.text import number, percent, picture, plural, score
from clusterlab.reports.search.hindsight import Hindsight
from clusterlab.reports.search.importances import Importances
from clusterlab.reports.search.trials import (
    NO_SCORE,
    bad_reasons,
    best_trials,
    coverage,
    differing,
    direction,
    duration,
    goodness,
    measured,
    parameters,
    scored,
    short_names,
    shown,
)
from clusterlab.reports.search.warnings import warnings_of
from clusterlab.reports.search.words import (
    commands,
    correlations,
    costs,
    in_all,
    looked_back,
    outcome,
    penalty_rule,
    range_words,
    sought,
)
from clusterlab.searching import Objective, Search, Trial

MOST_BEST = 12
ADAPTIVE = ("tpe", "nsgaii")
"""The samplers that look where they have seen something good."""
TEMPLATES = ("clusterlab.reports.search", "clusterlab.reports")


def render_page(
    search: Search,
    folder: Path,
    *,
    drawn: Mapping[str, Sequence[tuple[str, str]]],
    matters: Importances | str,
    looks_back: Sequence[Hindsight],
) -> str:
    """folder: of the search, with its figures. drawn: what write_figures returned."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plural": plural, "breakable": _breakable}
    figures = {
        kind: [picture(folder / "figures", name, alt) for name, alt in listed]
        for kind, listed in drawn.items()
    }
    style = resources.files("clusterlab.reports").joinpath("templates", "style.css")
    return environment.get_template("search.html.j2").render(
        head=_head(search),
        marks=search.marks,
        best=_best(search, folder),
        figures={kind: figures.get(kind, []) for kind in _KINDS},
        hindsight=[figures.get(f"hindsight {at}", []) for at, _ in enumerate(looks_back, start=1)],
        several=len(search.objectives) > 1,
        matters=matters,
        adaptive=search.settings.get("sampler") in ADAPTIVE,
        backs=[_back(one, search) for one in looks_back],
        bad=[(reason, f"{count:,}") for reason, count in bad_reasons(search)],
        n_trials=len(search.trials),
        table=_table(search),
        ranges=_ranges(search),
        settings=flat({key: told for key, told in search.settings.items() if key != "space"}),
        config=flat({key: told for key, told in search.config.items() if key != "search"}),
        commands=commands(search, folder),
        version=__version__,
        style=Markup(style.read_text("utf-8")),
    )


def _breakable(name: str) -> Markup:
    """A name that a narrow column may break after an underscore or a dot."""
    text = str(escape(name))
    return Markup(text.replace("_", "_<wbr>").replace(".", ".<wbr>"))


_KINDS = ("history", "pareto", "parallel", "importance")


def _head(search: Search) -> dict[str, Any]:
    return {
        "title": search.name,
        "sentence": sought(search),
        "outcome": outcome(search),
        "penalties": penalty_rule(search),
        "figures": list(_figures(search)),
        "warnings": warnings_of(search),
    }


def _figures(search: Search) -> Iterator[tuple[str, str]]:
    best = best_trials(search)
    n_bad = len(search.trials) - len(scored(search))
    if best and len(search.objectives) == 1:
        winner, objective = best[0], search.objectives[0]
        penalised = costs(winner, search) != "none"
        yield (
            measured(winner.values, objective),
            (f"{objective.name}, penalties included" if penalised else objective.name),
        )
        if penalised:
            yield measured(winner.raw, objective), f"{objective.name} as measured"
            yield score(sum(winner.penalties.values())), f"penalty ({costs(winner, search)})"
        yield f"{winner.n_clusters:,}", "cluster" if winner.n_clusters == 1 else "clusters"
        yield coverage(winner), "of the images in a cluster (coverage)"
    elif best:
        yield f"{len(best):,}", "on the Pareto front"
        for one in search.objectives:
            top = max(best, key=lambda trial: goodness(trial, one))
            yield measured(top.values, one), f"the front's best {one.name}"
    yield f"{len(search.trials):,}", "trial" if len(search.trials) == 1 else "trials"
    yield f"{n_bad:,}", "of them without a score"
    yield duration(search.seconds), "spent on trials"


def _best(search: Search, folder: Path) -> dict[str, Any]:
    """The table of the best trials: what differs is a column, what they share a line."""
    every = list(enumerate(best_trials(search), start=1))
    listed = [(k, one) for k, one in every if k <= MOST_BEST or one.number in search.runs]
    trials = [trial for _, trial in listed]
    names = parameters(search)
    differ = differing(trials, names)
    short = short_names(names)
    rows = [
        {
            "rank": rank,
            "number": trial.number,
            "link": _link(search.runs.get(trial.number), folder),
            "scores": [
                (measured(trial.values, one), measured(trial.raw, one)) for one in search.objectives
            ],
            "penalties": costs(trial, search),
            "clusters": f"{trial.n_clusters:,}",
            "coverage": coverage(trial),
            "noise": percent(trial.noise_share),
            "settings": [_cell(trial, name) for name in differ],
        }
        for rank, trial in listed
    ]
    return {
        "objectives": [(one.name, direction(one)) for one in search.objectives],
        "parameters": [short[name] for name in differ],
        "rows": rows,
        "more": len(every) - len(listed),
        "shared": in_all(trials, names, differ),
    }


def _link(run: Path | None, folder: Path) -> str | None:
    """Where the run's report is, seen from the page; None without one."""
    if run is None or not (run / "report.html").is_file():
        return None
    # "./" keeps a folder's name from being read as a scheme.
    return (
        "./"
        + quote(Path(os.path.relpath(run.resolve(), folder.resolve())).as_posix())
        + ("/report.html")
    )


def _cell(trial: Trial, name: str) -> str:
    return shown(trial.parameters[name]) if name in trial.parameters else ""


def _back(back: Hindsight, search: Search) -> dict[str, Any]:
    return {
        "column": back.column,
        "lead": looked_back(back, search),
        "correlations": correlations(back, search),
    }


def _table(search: Search) -> dict[str, Any]:
    """Every trial as text. why: what stands in place of the `wide` columns after the number where
    a trial has no score."""
    names = parameters(search)
    short = short_names(names)
    scores = [head for one in search.objectives for head in (one.name, "as measured")]
    facts = [*scores, "penalties", "clusters", "noise"]
    best = {trial.number for trial in best_trials(search)}
    fit = {trial.number for trial in scored(search)}
    rows = [
        {
            "number": trial.number,
            "best": trial.number in best,
            "why": "" if trial.number in fit else trial.bad or NO_SCORE,
            "facts": [
                *(cell for one in search.objectives for cell in _scores(trial, one)),
                costs(trial, search),
                f"{trial.n_clusters:,}",
                percent(trial.noise_share),
            ],
            "others": [number(float(trial.seconds)), *(_cell(trial, name) for name in names)],
        }
        for trial in search.trials
    ]
    columns = ["trial", *facts, "seconds", *(short[name] for name in names)]
    return {"columns": columns, "wide": len(facts), "rows": rows}


def _scores(trial: Trial, objective: Objective) -> tuple[str, str]:
    return measured(trial.values, objective), measured(trial.raw, objective)


def _ranges(search: Search) -> list[tuple[str, str, str]]:
    """Argument, what was searched, and what the best trial has."""
    best = best_trials(search)
    return [
        (name, range_words(span), _cell(best[0], name) if best else "")
        for name, span in search.ranges.items()
    ]
