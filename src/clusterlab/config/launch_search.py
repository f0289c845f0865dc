"""Carries out a search in its folder: the one way in, for the command line and Python."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from clusterlab.config.launch import is_done, launch_resolved, quiet
from clusterlab.config.ranges import with_values
from clusterlab.config.resolved import dump
from clusterlab.config.search_plan import Job, search_plan
from clusterlab.environment import machine, versions
from clusterlab.errors import ComponentError, DataError, OutputError
from clusterlab.files import remove, write_json, write_text
from clusterlab.finetune.finetune import clear_away
from clusterlab.native_output import native_output_to
from clusterlab.pipeline import prepare
from clusterlab.reports.search.write import write_search
from clusterlab.run_folder import RunFolder
from clusterlab.searching import Search
from clusterlab.tuning.best import chosen_by, spread
from clusterlab.tuning.objectives import bind
from clusterlab.tuning.plan import SearchPlan
from clusterlab.tuning.search import Searcher, told
from clusterlab.tuning.study import FILE, Study
from clusterlab.tuning.workers import FOLDER, at_work, helpers

log = logging.getLogger("clusterlab")


def begin(job: Job) -> Search:
    """A new search. Raises ConfigError before there is a folder, OutputError where it is taken."""
    plan = search_plan(job.config, job.choices)
    if (job.folder / FILE).exists() and not _led(job.folder):
        with closing(Study(job.folder, plan.objectives)) as study:
            if study.trials():
                raise OutputError(
                    f"{job.folder} already holds a search. Go on with it: clusterlab tune --resume "
                    f"{job.folder}; or choose another folder with hydra.run.dir=PATH."
                )
        # One that failed before its first trial.
        (job.folder / FILE).unlink()
    return _lead(job, plan)


def go_on(job: Job) -> Search | None:
    """A search that was stopped, or one that another process is at, as one more worker.

    None where that other process is still at it; it will draw the report.
    """
    plan = search_plan(job.config, job.choices)
    if _led(job.folder):
        _join(job, plan, until=_until(plan))
        if _led(job.folder):
            return None
        plan = search_plan(job.config, job.choices)
    return _lead(job, plan)


def help_out(job: Job, *, parent: int) -> None:
    """Work on a search until it is done, or its first process, `parent`, is no more."""
    timeout = job.config["search"]["timeout"]
    started = psutil.Process().create_time()
    _join(
        job,
        search_plan(job.config, job.choices),
        until=None if timeout is None else started + timeout,
        goes_on=lambda: os.getppid() == parent,
    )


def _led(folder: Path) -> bool:
    """Whether a process holds the folder."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _until(plan: SearchPlan) -> float | None:
    return None if plan.settings.timeout is None else time.time() + plan.settings.timeout


def _lead(job: Job, plan: SearchPlan) -> Search:
    folder = job.folder
    with (
        _closing_store(plan),
        RunFolder(folder) as run_folder,
        at_work(folder) as worker,
        native_output_to(folder / "run.log"),
    ):
        if not (folder / "config.yaml").exists():
            write_text(folder / "config.yaml", dump(job.config))
        try:
            with closing(Study(folder, plan.objectives)) as study:
                searcher = _searcher(plan, run_folder, study, worker)
                # Only now is it certain that the search can go on with what was changed.
                write_text(folder / "config.yaml", dump(job.config))
                write_json(folder / "environment.json", _environment(plan))
                found = _search(searcher, job, run_folder)
            with run_folder.stage("report"):
                write_search(found, folder)
            if found.best and plan.settings.n_best:
                with run_folder.stage("best") as stage:
                    found = replace(found, runs=_run_best(found, job, plan))
                    write_search(found, folder)
                    stage.store = f"{len(found.runs)} as ordinary runs in {folder / 'best'}"
            clear_away(folder, plan.plan.store)
        except KeyboardInterrupt:
            log.info("To go on with this search: clusterlab tune --resume %s", folder)
            raise
    return found


def _search(searcher: Searcher, job: Job, folder: RunFolder) -> Search:
    with folder.stage("search") as stage:
        searcher.until = _until(searcher.plan)
        n = searcher.plan.settings.workers - 1
        with helpers(n, _words(job, searcher), folder.path / "run.log") as n_failed:
            found = searcher.found(searcher.work(wait=True))
            if n_failed():
                log.warning("%d of %d workers failed; run.log says why.", n_failed(), n + 1)
        stage.store = _said(found)
    return found


def _join(
    job: Job,
    plan: SearchPlan,
    *,
    until: float | None,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    with _closing_store(plan), at_work(job.folder) as worker:
        place = job.folder / FOLDER / worker
        with (
            RunFolder(place) as run_folder,
            native_output_to(place / "run.log"),
            closing(Study(job.folder, plan.objectives)) as study,
        ):
            searcher = _searcher(plan, run_folder, study, worker)
            searcher.until, searcher.goes_on = until, goes_on
            with run_folder.stage("search") as stage:
                stage.store = searcher.work(wait=False)
        remove(place)


def _searcher(plan: SearchPlan, folder: RunFolder, study: Study, worker: str) -> Searcher:
    ready = prepare(plan.plan, folder, check=lambda images: bind(plan.objectives, images))
    return Searcher(plan, ready, study, worker)


@contextmanager
def _closing_store(plan: SearchPlan) -> Iterator[None]:
    try:
        yield
    finally:
        if plan.plan.store is not None:
            plan.plan.store.close()


def _words(job: Job, searcher: Searcher) -> list[str]:
    """The command line of a helper."""
    words = ["tune", "--resume", str(job.folder), "--helper", str(os.getpid())]
    if searcher.until is not None:
        words.append(f"search.timeout={max(searcher.until - time.time(), 0.001):.3f}")
    if job.granted:
        words.append(f"allowed_targets=[{','.join(job.granted)}]")
    return words


def _said(found: Search) -> str:
    best = told(found.trials, found.objectives)
    n_bad = sum(bool(trial.bad) for trial in found.trials)
    bad = f"{n_bad:,} bad" if n_bad else ""
    return "; ".join(part for part in (found.stopped, bad, best) if part)


def _run_best(found: Search, job: Job, plan: SearchPlan) -> dict[int, Path]:
    """Trial number -> the folder of its ordinary run. Those that are there already are kept."""
    trials = {trial.number: trial for trial in found.trials}
    run_config = {key: value for key, value in job.config.items() if key != "search"}
    runs: dict[int, Path] = {}
    best = job.folder / "best"
    try:
        best.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot write the best runs to {best}: {error.strerror}. Remove what is in the way, "
            f"and go on: clusterlab tune --resume {job.folder}."
        ) from error
    for place, number in enumerate(spread(found.best, plan.settings.n_best), 1):
        target = best / str(place)
        config = with_values(run_config, trials[number].parameters)
        if not is_done(target, config):
            remove(target)
            notes = (chosen_by(found, trials[number]),)
            try:
                with quiet():
                    launch_resolved(config, target, job.choices, notes=notes)
            except (ComponentError, DataError) as error:
                log.warning("Trial %d cannot be run by itself: %s", number, error)
                continue
        runs[number] = target
    for left_over in best.iterdir():
        if left_over not in runs.values():
            remove(left_over)
    return runs


def _environment(plan: SearchPlan) -> Mapping[str, Any]:
    return {
        "seed": plan.plan.seed,
        "choices": dict(plan.plan.choices),
        "machine": machine(),
        "versions": versions(),
    }
