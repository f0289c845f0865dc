"""Runs a study: its rows, seed after seed in one process, with its record written as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from clusterlab.errors import ClusterlabError, ConfigError, OutputError
from clusterlab.studies.carry_out import Piece, carry_out, finished
from clusterlab.studies.contents import Contents
from clusterlab.studies.definition import Study
from clusterlab.studies.lacking import Inquiry
from clusterlab.studies.record import Record, write_record
from clusterlab.studies.shared import shared
from clusterlab.studies.state import State, facts
from clusterlab.studies.tasks import Occasion, Task, chosen, tasks

_RUNS = "runs"
_WEIGHTS_KEY = "extractor.weights"
_FINE_TUNED = Path("model", "finetuned.safetensors")


def run_study(
    study: Study, occasion: Occasion, folder: Path, tell: Callable[[str], None] = print
) -> Record:
    """Run what is not there yet, and write the record of what is.

    folder: of the record; its runs/ROW/SEED hold the runs. A finished run of the same resolved
    config, images, labels and weights is kept; another is replaced once the new one is finished.
    tell: takes the progress, line by line. Raises UsageError, and OutputError where the folder
    cannot be written or another study is run in it; a row that fails does not take the others
    along.
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
        self.contents = Contents()
        # (label, seed) -> why a run that is there does not count
        self.outdated: dict[tuple[str, int], str] = {}

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

    def _piece(self, task: Task, seed: int) -> Piece:
        assert task.composed is not None
        folder = self.folder / _RUNS / task.place / str(seed)
        before = self._before(task)
        changes = {}
        if before is not None:
            run = self.states[before.label].runs.get(seed)
            there = self.folder / _RUNS / before.place / str(seed) if run is None else run.folder
            changes = {_WEIGHTS_KEY: str((there / _FINE_TUNED).resolve())}
        return Piece(task.composed, seed, folder, changes)

    def _before(self, task: Task) -> Task | None:
        """The row whose weights this one takes, of each seed those of its own."""
        after = task.row.after
        return None if after is None else next(one for one in self.found if one.name == after)

    def _take_in(self, task: Task) -> None:
        """What earlier runs of the study have left. Rows whose weights it takes come before it."""
        before = self._before(task)
        for seed in task.seeds:
            try:
                run, why = finished(self._piece(task, seed), self.contents)
            except ConfigError:
                continue
            if run is not None and before and seed not in self.states[before.label].runs:
                run, why = None, f"{before.label} is to be run again"
            if run is not None:
                self.states[task.label].runs[seed] = facts(run, task)
            elif why:
                self.outdated[task.label, seed] = why

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
            why = self.outdated.get((task.label, seed))
            self.tell(f"{which} ({why}) ..." if why else f"{which} ...")
            self._of_seed(task, seed)

    def _of_seed(self, task: Task, seed: int) -> None:
        state = self.states[task.label]
        began = time.perf_counter()
        try:
            if self._has_weights(task, seed):
                state.runs[seed] = facts(carry_out(self._piece(task, seed)), task)
            else:
                state.failed[seed] = f"{task.row.after} left no fine-tuned weights for seed {seed}"
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

    def _has_weights(self, task: Task, seed: int) -> bool:
        """Whether the weights that this run takes from another row, if any, are there."""
        before = self._before(task)
        run = None if before is None else self.states[before.label].runs.get(seed)
        return before is None or (run is not None and (run.folder / _FINE_TUNED).is_file())
