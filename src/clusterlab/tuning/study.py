"""The trials of one search on disk, which several processes may share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from clusterlab.errors import DataError, OutputError
from clusterlab.searching import Objective, Range, Trial
from clusterlab.tuning.objectives import worst_value
from clusterlab.tuning.propose import propose
from clusterlab.tuning.workers import is_alive

FILE = "study.sqlite"
_NAME = "search"
_INTERRUPTED = "interrupted: its process ended before it did; tried again under the same number"
_STOPPED = "interrupted: stopped with its process; tried again under the same number"
# Settings that take all memory, or crash a library, would end every process that goes on with the
# search; a machine that is switched off does not do so thrice at the same ones.
_MOST_ENDS = 3


@dataclass(frozen=True)
class Asked:
    """A trial to be carried out. number: its place in the search; one that was interrupted leaves
    its number to the next try."""

    number: int
    parameters: Mapping[str, Any]
    handle: optuna.Trial


class Study:
    """Everything that is read or written happens under one lock, since SQLite gives up where two
    processes write at once. Raises OutputError where the file cannot be used."""

    def __init__(self, folder: Path, objectives: Sequence[Objective]) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.folder = folder
        self.path = folder / FILE
        self._lock_path = folder / f".{FILE}.lock"
        self._lock = FileLock(self._lock_path)
        self._asked: Asked | None = None
        self._names = [one.name for one in objectives]
        self._objectives = objectives
        with self._held():
            self._storage = optuna.storages.RDBStorage(
                f"sqlite:///{self.path.resolve()}",
                engine_kwargs={"pool_events": [(_quicker, "connect")]},
            )
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=_NAME,
                directions=["maximize" if one.maximize else "minimize" for one in objectives],
                load_if_exists=True,
            )

    def close(self) -> None:
        """Leave one file behind. A trial that is given up here was not what ended its process."""
        with suppress(OutputError), self._held():
            if self._asked is not None:
                self._fail(self._asked.handle.number, _STOPPED)
                self._asked = None
        with self._held():
            self._storage.remove_session()
            self._storage.engine.dispose()
            self._lock_path.unlink(missing_ok=True)

    def ask(
        self,
        worker: str,
        *,
        n_trials: int,
        ranges: Mapping[str, Range],
        sampler: Callable[[int], BaseSampler],
        largest_penalty: float,
    ) -> Asked | None:
        """The next trial, or None where all are done or under way. sampler: of a number.

        Settings at which processes ended 3 times are recorded as a bad trial and passed over.
        largest_penalty: what makes its values worse than the worst scores.
        """
        with self._held():
            self._bury(worker)
            while (number := self._next_number()) < n_trials:
                self._study.sampler = sampler(number)
                trial = self._study.ask()
                trial.set_user_attr("worker", worker)
                trial.set_user_attr("number", number)
                asked = Asked(number, propose(trial, ranges), trial)
                if self._n_ends(trial.params) < _MOST_ENDS:
                    self._asked = asked
                    return asked
                self.tell(asked, self._deadly(asked, largest_penalty))
        return None

    def tell(self, asked: Asked, found: Trial) -> None:
        """Record a trial; the sampler is told its values and nothing else."""
        with self._held():
            asked.handle.set_user_attr("result", dataclasses.asdict(found))
            self._study.tell(asked.handle, list(found.values.values()))
            self._asked = None

    def n_under_way(self, worker: str) -> int:
        """How many trials other processes are at."""
        with self._held():
            self._bury(worker)
            return sum(not trial.state.is_finished() for trial in self._trials())

    def trials(self) -> list[Trial]:
        """The finished trials, by number."""
        with self._held():
            done = [trial for trial in self._trials() if trial.state == TrialState.COMPLETE]
        found = [Trial(**trial.user_attrs["result"]) for trial in done]
        return sorted(found, key=lambda trial: trial.number)

    def claim(self, facts: Mapping[str, Any], means: Mapping[str, str]) -> None:
        """Record what every trial stands on, or, where that is recorded, hold to it.

        means: fact -> what it is to a user. Raises DataError for facts that changed since.
        """
        self._names = list(facts.get("objectives", self._names))
        with self._held():
            known = dict(self._study.user_attrs)
            for key, value in facts.items():
                if key not in known:
                    self._study.set_user_attr(key, value)
        changed = [means[key] for key, value in facts.items() if known.get(key, value) != value]
        if changed:
            raise DataError(
                f"The search in {self.folder} cannot go on: {', '.join(changed)} changed since "
                "it began, so new scores would not compare with the old. Begin another search."
            )

    def _trials(self) -> list[FrozenTrial]:
        """Those that count: finished, or under way in a process that lives."""
        return self._study.get_trials(
            deepcopy=False, states=(TrialState.COMPLETE, TrialState.RUNNING)
        )

    def _next_number(self) -> int:
        taken = {trial.user_attrs["number"] for trial in self._trials()}
        return next(index for index in count() if index not in taken)

    def _n_ends(self, settings: Mapping[str, Any]) -> int:
        """How many processes ended at these settings."""
        failed = self._study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
        return sum(
            trial.params == settings and trial.user_attrs.get("note") == _INTERRUPTED
            for trial in failed
        )

    def _deadly(self, asked: Asked, largest_penalty: float) -> Trial:
        values = [worst_value(one, largest_penalty) for one in self._objectives]
        return Trial(
            number=asked.number,
            parameters=asked.parameters,
            raw={},
            penalties={},
            values=dict(zip(self._names, values, strict=True)),
            bad=f"its process ended {_MOST_ENDS} times at these settings",
        )

    def _bury(self, worker: str) -> None:
        """Mark as failed what processes were at that are no more."""
        for trial in self._trials():
            owner = trial.user_attrs.get("worker")
            numbered = "number" in trial.user_attrs
            lives = numbered and owner not in (None, worker) and is_alive(self.folder, owner)
            if trial.state == TrialState.RUNNING and not lives:
                self._fail(trial.number, _INTERRUPTED)

    def _fail(self, number: int, note: str) -> None:
        """number: Optuna's, of a trial that is not finished."""
        study = self._storage.get_study_id_from_name(_NAME)
        known = self._storage.get_trial_id_from_study_id_trial_number(study, number)
        self._storage.set_trial_user_attr(known, "note", note)
        self._study.tell(number, state=TrialState.FAIL)

    @contextmanager
    def _held(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (optuna.exceptions.StorageInternalError, SQLAlchemyError, OSError) as error:
            first = error.__cause__ or error
            cause = getattr(first, "orig", None) or first
            raise OutputError(
                f"Cannot use the search's file {self.path}: {cause}. Mend its place, or begin "
                "another search elsewhere: hydra.run.dir=PATH."
            ) from error


def _quicker(connection: Any, _: Any) -> None:
    """A trial is some twenty transactions. In this mode a killed process loses none of them, and
    a power cut the last ones at most."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
