"""What a sweep leaves behind: summary.csv and summary.html beside its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from hydra.experimental.callback import Callback
from omegaconf import DictConfig


class SweepSummary(Callback):
    """Remembers where Hydra puts a sweep; the runs themselves say how they went."""

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        SweepSummary.folder = Path(config.hydra.sweep.dir)
