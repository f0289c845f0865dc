"""Runs a study: its rows, seed after seed in one process, with its record written as it goes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from clusterlab.config.launch import launch_resolved, quiet
from clusterlab.config.launch_search import begin, go_on
from clusterlab.config.rows import Composed
from clusterlab.errors import ClusterlabError, ConfigError, OutputError
from clusterlab.files import remove
from clusterlab.studies.definition import Study
from clusterlab.studies.lacking import Inquiry
from clusterlab.studies.record import Record, write_record
from clusterlab.studies.results import Facts, State, facts
from clusterlab.studies.shared import shared
from clusterlab.studies.tasks import Occasion, Task, chosen, tasks
from clusterlab.tuning.study import FILE as TRIALS

_RUNS = "runs"
_WEIGHTS_KEY = "extractor.weights"
# What follows from them is elsewhere in the config, or changes no result.
_SAME_ALL_THE_SAME = {"data_dir", "weights_dir", "workers", "batch_size"}
_FINE_TUNED = Path("model", "finetuned.safetensors")


def run_study(
    study: Study, occasion: Occasion, folder: Path, tell: Callable[[str], None] = print
) -> Record:
    """Run what is not there yet, and write the record of what is.

    folder: of the record; its runs/ROW/SEED hold the runs. A finished run of the same resolved
    config is kept. tell: takes the progress, line by line. Raises UsageError, and OutputError where
    the folder cannot be written or another study is run in it; a row that fails does not take the
    others along.
    """
    found = tasks(study, occasion)
    try:
        (folder / _RUNS).mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _RUNS / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(
            f"Another `clusterlab study run` is at work in {folder}. Choose another folder with "
            "--folder DIR."
        ) from None
    except OSError as error:
        raise OutputError(
            f"Cannot write {folder}: {error.strerror}. Choose another folder with --folder DIR."
        ) from error
    with lock:
        return _Study(study, occasion, folder, found, tell).run()


@dataclass
class _Study:
    study: Study
    occasion: Occasion
    folder: Path
    found: Sequence[Task]
    tell: Callable[[str], None]

    def __post_init__(self) -> None:
        self.states = {task.label: State(task) for task in self.found}
        self.inquiry = Inquiry(self.study, self.occasion)
        self.wanted = chosen(self.study, self.found, self.occasion)

    def run(self) -> Record:
        for task in self.found:
            self.states[task.label].lacks = self.inquiry.lacks(task)
            self._take_in(task)
        n, done = sum(len(task.seeds) for task in self.wanted), 0
        try:
            for task in self.wanted:
                self._of_row(task, done, n)
                done += len(task.seeds)
                self._record(charts=False)
        except KeyboardInterrupt:
            self._record(charts=True)
            raise
        return self._record(charts=True)

    def _record(self, *, charts: bool) -> Record:
        record = Record(
            study=self.study,
            occasion=self.occasion,
            folder=self.folder,
            states=list(self.states.values()),
            models=self.inquiry.models,
            takes_path=self.inquiry.takes_path,
            chosen=frozenset(task.label for task in self.wanted),
        )
        write_record(record, charts=charts)
        return record

    def _place(self, task: Task, seed: int) -> Path:
        return self.folder / _RUNS / task.place / str(seed)

    def _take_in(self, task: Task) -> None:
        """What earlier runs of the study have left."""
        for seed in task.seeds:
            assert task.composed is not None
            try:
                run = _finished(
                    task.composed, seed, self._place(task, seed), self._after(task, seed)
                )
            except ConfigError:
                continue
            if run is not None:
                self.states[task.label].runs[seed] = facts(run, task)

    def _of_row(self, task: Task, done: int, n: int) -> None:
        state = self.states[task.label]
        if task.composed is None:
            self.tell(f"[-/{n}] {task.label}: {state.status}")
            return
        if state.lacks and len(state.runs) < len(task.seeds):
            self.tell(f"[-/{n}] {task.label}: {state.status}")
            return
        for number, seed in enumerate(task.seeds, done + 1):
            which = f"[{number}/{n}] {task.label}, seed {seed}"
            if seed in state.runs:
                self.tell(f"{which}: kept")
                continue
            self.tell(f"{which} ...")
            self._of_seed(task, seed)

    def _of_seed(self, task: Task, seed: int) -> None:
        state = self.states[task.label]
        assert task.composed is not None
        began = time.perf_counter()
        changes = self._after(task, seed)
        try:
            if (weights := changes.get(_WEIGHTS_KEY)) and not Path(weights).is_file():
                state.failed[seed] = f"{task.row.after} left no fine-tuned weights for seed {seed}"
            else:
                run = _carry_out(task.composed, seed, self._place(task, seed), changes)
                state.runs[seed] = facts(run, task)
        except ClusterlabError as error:
            state.failed[seed] = str(error)
        except Exception as error:
            # Hours of other rows must not be lost to a fault in one; its run.log has the traceback.
            state.failed[seed] = f"unexpected {type(error).__name__}: {error}"
        if seed in state.failed:
            self.tell(f"  failed: {state.failed[seed]}")
        else:
            took = time.perf_counter() - began
            self.tell(f"  {took:.1f} s{shared(state.runs[seed].folder)}")

    def _after(self, task: Task, seed: int) -> dict[str, str]:
        """The weights that this run takes from another row's run of the same seed."""
        if task.row.after is None:
            return {}
        before = next(one for one in self.found if one.name == task.row.after)
        run: Facts | None = self.states[before.label].runs.get(seed)
        folder = self._place(before, seed) if run is None else run.folder
        return {_WEIGHTS_KEY: str((folder / _FINE_TUNED).resolve())}


def _finished(
    composed: Composed, seed: int, target: Path, changes: Mapping[str, str]
) -> Path | None:
    """The run that is there already, the best one of a search; None where there is none."""
    if not composed.is_search:
        same = _is_of(target, composed.at(seed, changes)[0])
        return target if same and (target / "metrics.json").is_file() else None
    best = target / "best" / "1"
    same = _is_of(target, composed.job(seed, target, changes).config)
    return best if same and (best / "metrics.json").is_file() and _ended(target) else None


def _is_of(folder: Path, config: Mapping[str, Any]) -> bool:
    """Whether the run or search in the folder, finished or not, is of this resolved config."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is
    try:
        there = yaml.load((folder / "config.yaml").read_text(encoding="utf-8"), Loader=loader)
    except (OSError, ValueError, yaml.YAMLError):
        return False
    if not isinstance(there, dict):
        return False
    keys = {*there, *config} - _SAME_ALL_THE_SAME
    return all(there.get(key) == config.get(key) for key in keys)


def _ended(search: Path) -> bool:
    """Whether a search came to its end."""
    status = json.loads((search / "status.json").read_text(encoding="utf-8"))
    return bool(status["state"] == "finished")


def _carry_out(composed: Composed, seed: int, target: Path, changes: Mapping[str, str]) -> Path:
    """The run, or the best one of the search. What another config left there is removed."""
    if composed.is_search:
        return _search(composed, seed, target, changes)
    resolved, choices = composed.at(seed, changes)
    if not _is_of(target, resolved):
        remove(target)
    with quiet():
        launch_resolved(resolved, target, choices)
    return target


def _search(composed: Composed, seed: int, target: Path, changes: Mapping[str, str]) -> Path:
    job = composed.job(seed, target, changes)
    if not _is_of(target, job.config):
        remove(target)
    with quiet():
        found = go_on(job) if (target / TRIALS).exists() else begin(job)
    if found is None:
        raise OutputError(f"Another process is at the search in {target}.")
    if not found.runs:
        said = found.trials[0].bad if found.trials else found.stopped
        raise OutputError(f"None of {len(found.trials)} trials could be scored: {said}")
    return next(iter(found.runs.values()))
