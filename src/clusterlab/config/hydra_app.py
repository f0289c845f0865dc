"""Runs a task through Hydra's own command line, so that sweeps, launchers and flags are Hydra's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra

from clusterlab.config.compose import existing
from clusterlab.config.find import conf_dir
from clusterlab.config.schema import register
from clusterlab.config.sweep import SweepSummary


def run_hydra(
    task: Callable[[Any], None],
    words: list[str],
    config_dir: Path | None,
    config_name: str = "config",
) -> Path | None:
    """Run `task` once, or once a job of a sweep. Returns the sweep's folder, None for one run.

    What the task raises comes out as it is.
    """
    register()
    SweepSummary.folder = None
    flags = ["--config-dir", str(existing(config_dir))] if config_dir else []
    arguments = ["clusterlab run", *flags, *words]
    app = hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=config_name)(task)
    # Hydra reads its command line from sys.argv, and prints errors itself unless told not to.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    own_arguments, sys.argv = sys.argv, arguments
    try:
        app()
    finally:
        sys.argv = own_arguments
    return SweepSummary.folder
