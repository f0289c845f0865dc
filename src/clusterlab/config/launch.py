"""Carries out a composed config in a run folder: the one way in, for a run, a sweep and Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from clusterlab.config.build import build
from clusterlab.config.compose import STAGES, plain_errors
from clusterlab.config.resolved import dump, resolve, stage_choices
from clusterlab.config.schema import RunConfig
from clusterlab.errors import ConfigError
from clusterlab.files import write_text
from clusterlab.native_output import native_output_to
from clusterlab.pipeline import run
from clusterlab.run_folder import RunFolder
from clusterlab.types import Outcome

_RUN_DIR = "hydra.run.dir="


def launch(config: DictConfig, folder: Path, choices: dict[str, str]) -> Outcome:
    """Check, build and run. A config that cannot be built leaves no folder behind; what fails
    later is recorded in the run's folder, where the user will look for it."""
    try:
        resolved = resolve(config)
        plan = build(resolved, choices)
    except ConfigError:
        _remove_empty(folder)
        raise
    try:
        with RunFolder(folder) as run_folder, native_output_to(folder / "run.log"):
            write_text(folder / "config.yaml", dump(resolved))
            return run(plan, run_folder)
    finally:
        if plan.store is not None:
            plan.store.close()


def _remove_empty(folder: Path) -> None:
    """Take back the folder that Hydra has made for a run, and those above it up to runs/."""
    for empty in (folder, folder.parent, folder.parent.parent):
        try:
            empty.rmdir()
        except OSError:
            return


def launch_job(config: DictConfig) -> tuple[Outcome, Path]:
    """The same for a job that Hydra runs: the folder and the choices are Hydra's."""
    hydra = HydraConfig.get()
    folder = shortest(Path(hydra.runtime.output_dir))
    return launch(config, folder, stage_choices(hydra.runtime.choices)), folder


def run_dir(config: DictConfig) -> Path:
    """The run folder that a composed config names."""
    HydraConfig.instance().set_config(config)
    return Path(config.hydra.run.dir)


def launch_again(run: Path, overrides: Sequence[str]) -> tuple[Outcome, Path]:
    """The config of an earlier run, with changes, in a folder of its own."""
    try:
        saved = OmegaConf.load(run / "config.yaml")
        choices = json.loads((run / "environment.json").read_text("utf-8"))["choices"]
    except OSError as error:
        raise ConfigError(
            f"{run} is no finished run: it has no {Path(error.filename).name}."
        ) from error
    groups = [o for o in overrides if o.partition("=")[0].lstrip("+") in (*STAGES, "experiment")]
    if groups:
        raise ConfigError(
            f"--again changes values (clusterer.n_clusters=5), not options ('{groups[0]}')."
        )
    with plain_errors():
        schema = OmegaConf.structured(RunConfig)
        changes = OmegaConf.from_dotlist([o for o in overrides if not o.startswith(_RUN_DIR)])
        config = OmegaConf.merge(schema, saved, changes)
    assert isinstance(config, DictConfig)
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S_%f")
    chosen = [o.partition("=")[2] for o in overrides if o.startswith(_RUN_DIR)]
    folder = Path(chosen[-1]) if chosen else Path("runs") / config.name / stamp
    return launch(config, folder, choices), folder


def shortest(folder: Path) -> Path:
    """The folder as a user would type it: relative where it lies below the current one."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
