"""The checkpoints of an unfinished training: which are whole, and what they say."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from clusterlab.files import remove

# transformers.Trainer writes the state after everything else.
_STATE = "trainer_state.json"
WEIGHTS = "model.safetensors"
_STATES = ("optimizer.pt", "scheduler.pt", "rng_state.pth")


def last_whole(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end, and whose best one was too; those that
    training cannot go on from are deleted."""
    places = list(folder.glob("checkpoint-*"))
    whole = {step_of(place) for place in places if _is_whole(place)}
    usable = [p for p in places if step_of(p) in whole and (_best_step(p) or step_of(p)) in whole]
    for place in {*places} - {*usable}:
        remove(place)
    return max(usable, key=step_of, default=None)


def state(checkpoint: Path) -> Mapping[str, Any]:
    """What the trainer noted with it: log_history, global_step, best_global_step."""
    found: Mapping[str, Any] = json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    return found


def best(folder: Path, last: Path) -> Path:
    """The checkpoint of the best epoch so far."""
    return folder / f"checkpoint-{_best_step(last) or step_of(last)}"


def epoch_of(checkpoint: Path) -> int:
    """The number of epochs that are done."""
    return round(float(state(checkpoint)["epoch"]))


def step_of(checkpoint: Path) -> int:
    """
    >>> step_of(Path("checkpoint-120"))
    120
    """
    return int(checkpoint.name.rpartition("-")[2])


def _best_step(checkpoint: Path) -> int | None:
    step: int | None = state(checkpoint).get("best_global_step")
    return step


def _is_whole(checkpoint: Path) -> bool:
    """A kill leaves out the state; where the power failed, files may be cut short."""
    try:
        state(checkpoint)
        with safe_open(checkpoint / WEIGHTS, "pt"):
            # A scaler is there in fp16 alone.
            scaler = [name for name in ("scaler.pt",) if (checkpoint / name).exists()]
            return all(zipfile.is_zipfile(checkpoint / name) for name in (*_STATES, *scaler))
    except (OSError, ValueError, SafetensorError):
        return False
