"""Carries out a composed config in a run folder: the one way in, for a run, a sweep and Python."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from clusterlab.config.build import build
from clusterlab.config.own_sweep import check_job
from clusterlab.config.resolved import dump, of_a_run, resolve, stage_choices
from clusterlab.config.trust import check_trust
from clusterlab.errors import ConfigError
from clusterlab.files import write_text
from clusterlab.native_output import native_output_to
from clusterlab.outcome import Outcome
from clusterlab.pipeline import run
from clusterlab.plan import Plan
from clusterlab.run_folder import RunFolder

log = logging.getLogger("clusterlab")

_FOR_TUNE = "This run takes the config's own values; the ranges in search.space are for tune."


def launch(config: DictConfig, folder: Path, choices: Mapping[str, str]) -> Outcome:
    """Check, build and run. A config that cannot be built leaves no folder behind; what fails
    later is recorded in the run's folder, where the user will look for it."""
    try:
        whole = resolve(config)
        resolved, choices = of_a_run(whole, choices)
        plan = build(resolved, choices)
    except ConfigError:
        _remove_empty(folder)
        raise
    hint = _FOR_TUNE if whole["search"]["space"] else ""
    return _carry_out(plan, resolved, folder, hint)


def launch_resolved(
    resolved: dict[str, Any],
    folder: Path,
    choices: Mapping[str, str],
    *,
    notes: tuple[str, ...] = (),
) -> Outcome:
    """The same for a config of one run that is resolved already. notes: how it came to be."""
    return _carry_out(replace(build(resolved, choices), notes=notes), resolved, folder)


def _carry_out(plan: Plan, resolved: dict[str, Any], folder: Path, hint: str = "") -> Outcome:
    try:
        with RunFolder(folder) as run_folder, native_output_to(folder / "run.log"):
            if hint:
                log.info(hint)
            write_text(folder / "config.yaml", dump(resolved))
            return run(plan, run_folder)
    finally:
        if plan.store is not None:
            plan.store.close()


def is_of(folder: Path, config: Mapping[str, Any], *, but_for: Collection[str] = ()) -> bool:
    """Whether the run or search in the folder, finished or not, is of this resolved config.

    but_for: keys whose values do not count.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is
    try:
        there = yaml.load((folder / "config.yaml").read_text(encoding="utf-8"), Loader=loader)
    except (OSError, ValueError, yaml.YAMLError):
        return False
    if not isinstance(there, dict):
        return False
    keys = {*there, *config} - {*but_for}
    return all(there.get(key) == config.get(key) for key in keys)


def is_done(run: Path, config: Mapping[str, Any], *, but_for: Collection[str] = ()) -> bool:
    """Whether the folder holds a finished run of this resolved config; `but_for` as in `is_of`."""
    return (run / "metrics.json").is_file() and is_of(run, config, but_for=but_for)


@contextmanager
def quiet() -> Iterator[None]:
    """The progress of a run that is part of something larger is in its own run.log alone."""
    handlers = list(log.handlers)
    levels = [handler.level for handler in handlers]
    try:
        for handler in handlers:
            handler.setLevel(logging.WARNING)
        yield
    finally:
        for handler, level in zip(handlers, levels, strict=True):
            handler.setLevel(level)


def _remove_empty(folder: Path) -> None:
    """Take back the folder that Hydra has made for a run, and those above it up to runs/."""
    for empty in (folder, folder.parent, folder.parent.parent):
        try:
            empty.rmdir()
        except OSError:
            return


def launch_job(config: DictConfig, choices: Mapping[str, str]) -> tuple[Outcome, Path]:
    """The same for a job that Hydra runs: the folder and the choices are Hydra's.

    choices: those that Hydra does not know, of a run that is done again.
    """
    hydra = HydraConfig.get()
    check_trust(config, hydra.overrides.task)
    check_job(config)
    folder = shortest(Path(hydra.runtime.output_dir))
    made = {**choices, **stage_choices(hydra.runtime.choices)}
    return launch(config, folder, made), folder


def run_dir(config: DictConfig) -> Path:
    """The run folder that a composed config names."""
    HydraConfig.instance().set_config(config)
    return Path(config.hydra.run.dir)


def shortest(folder: Path) -> Path:
    """The folder as a user would type it: relative where it lies below the current one."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
