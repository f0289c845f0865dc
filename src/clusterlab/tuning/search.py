"""Works on a search until it is done: ask for a trial, carry it out, tell what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.samplers import BaseSampler
from tqdm import tqdm

from clusterlab.pipeline import Prepared
from clusterlab.searching import Objective, Search, Trial
from clusterlab.store import digest_of, key_of
from clusterlab.tuning.best import best_trials
from clusterlab.tuning.objectives import bind
from clusterlab.tuning.penalties import largest
from clusterlab.tuning.plan import SearchPlan
from clusterlab.tuning.propose import LARGEST_GRID, grid, grid_size, sampler
from clusterlab.tuning.study import Asked, Study
from clusterlab.tuning.workbench import Workbench
from clusterlab.types import Collection

_POLL_SECONDS = 0.2
_BAR = "search: {percentage:3.0f}%|{bar:10}| {n}/{total} [{elapsed}<{remaining}{postfix}]"


@dataclass
class Searcher:
    """One worker on a search. worker: its name. until: when to begin no more trials, by
    time.time(). goes_on: asked before each trial."""

    plan: SearchPlan
    ready: Prepared
    study: Study
    worker: str
    until: float | None = None
    goes_on: Callable[[], bool] = lambda: True
    _grid: Sequence[dict[str, Any]] = field(default=(), init=False)

    def __post_init__(self) -> None:
        self.objectives = bind(self.plan.objectives, self.ready.clustered)
        self.workbench = Workbench(self.plan, self.ready, self.objectives)
        self.n_trials = self.plan.settings.n_trials
        if grid_size(self.plan.ranges) <= LARGEST_GRID:
            self._grid = grid(self.plan.ranges, self.plan.plan.seed)
        self._n_points = len(self._grid) or None
        if self.plan.settings.sampler == "grid":
            self.n_trials = min(self.n_trials, len(self._grid))
        self.study.claim(
            {
                "features": digest_of(self.ready.features.values),
                "n_images": len(self.ready.clustered),
                "labels": _digest(self.ready.clustered),
                "objectives": [one.name for one in self.objectives],
            },
            {
                "features": "the features",
                "labels": "the labels",
                "n_images": "the number of images",
                "objectives": "the objectives",
            },
        )

    def work(self, *, wait: bool) -> str:
        """Carry out trials until there are no more to do. Returns why it ended, in words.

        wait: for the trials that other workers are at, and for what they leave undone.
        """
        with tqdm(total=self.n_trials, disable=None, leave=False, bar_format=_BAR) as bar:
            while True:
                trials = self.study.trials()
                done = {_key(trial.parameters): trial for trial in trials}
                if not bar.disable:
                    _show(bar, trials, self.objectives)
                stopped = self._why_stop(len(done))
                asked = None if stopped else self._ask()
                if asked is not None:
                    self.study.tell(asked, self._carried_out(asked, done))
                elif wait and self.study.n_under_way(self.worker):
                    time.sleep(_POLL_SECONDS)
                else:
                    return stopped or f"all {len(self.study.trials()):,} trials were done"

    def found(self, stopped: str) -> Search:
        """The search as it stands."""
        plan = self.plan
        trials = self.study.trials()
        best = best_trials(trials, self.objectives, max(plan.settings.n_best, 1))
        return Search(
            name=plan.plan.name,
            objectives=self.objectives,
            ranges=plan.ranges,
            trials=trials,
            best=[trial.number for trial in best],
            n_images=len(self.ready.clustered),
            settings=dict(plan.config["search"]),
            config=plan.config,
            choices=plan.plan.choices,
            seconds=round(sum(trial.seconds for trial in trials), 4),
            stopped=stopped,
            marks=self.ready.features.marks,
        )

    def _why_stop(self, n_settings: int) -> str:
        """n_settings: how many different ones were tried."""
        if not self.goes_on():
            return "told to stop"
        if n_settings == self._n_points:
            return f"all {n_settings:,} combinations were tried"
        if self.until is not None and time.time() >= self.until:
            n = len(self.study.trials())
            return f"the time was up after {n:,} of {self.n_trials:,} trials"
        return ""

    def _ask(self) -> Asked | None:
        return self.study.ask(
            self.worker,
            n_trials=self.n_trials,
            ranges=self.plan.ranges,
            sampler=self._sampler,
            largest_penalty=largest(self.plan.settings),
        )

    def _sampler(self, number: int) -> BaseSampler:
        kind, seed = self.plan.settings.sampler, self.plan.plan.seed
        point = self._grid[number] if kind == "grid" else None
        return sampler(kind, seed=seed, index=number, point=point)

    def _carried_out(self, asked: Asked, done: Mapping[str, Trial]) -> Trial:
        """A sampler may ask for the same again, and the answer would be the same."""
        known = done.get(_key(asked.parameters))
        if known is not None:
            return replace(known, number=asked.number, seconds=0.0)
        return self.workbench.carry_out(asked.number, asked.parameters)


def _key(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True)


def _digest(collection: Collection) -> str:
    """Of the labels, by which trials are scored or looked back upon."""
    columns = {str(name): cells.tolist() for name, cells in collection.labels.items()}
    return key_of({"ids": list(collection.ids), "columns": columns})


def told(trials: Sequence[Trial], objectives: Sequence[Objective]) -> str:
    """How far a search has come, in a few words."""
    best = best_trials(trials, objectives, 1)
    if not best:
        return "none could be scored yet" if trials else ""
    if len(objectives) > 1:
        return f"{len(best)} on the Pareto front"
    name = objectives[0].name
    return f"best {name} {best[0].values[name]:.4g} (trial {best[0].number})"


def _show(bar: Any, trials: Sequence[Trial], objectives: Sequence[Objective]) -> None:
    bar.n = len(trials)
    bar.set_postfix_str(told(trials, objectives), refresh=True)
