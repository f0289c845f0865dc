"""A training that is done: what it leaves on disk, and how it is found again."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_tensors

from clusterlab.files import remove, write_file, write_json
from clusterlab.finetune import kept
from clusterlab.models.lineage import metadata

log = logging.getLogger("clusterlab")

WEIGHTS = "finetuned.safetensors"
_HEADS = "heads.safetensors"
_TOLD = "finished.json"
# What libraries written in other languages say of a disk that takes no more.
_FULL = {
    "no space left": errno.ENOSPC,
    "os error 28": errno.ENOSPC,
    "quota": errno.EDQUOT,
    "file too large": errno.EFBIG,
    "pytorchstreamwriter failed": errno.ENOSPC,
    # torch.save, where the disk filled up in the middle of a tensor.
    "unexpected pos": errno.ENOSPC,
    "iostream error": errno.ENOSPC,
}


@dataclass(frozen=True, kw_only=True)
class Finished:
    """As in clusterlab.training.Training. heads: arrays by name. facts: JSON-able."""

    epochs: pd.DataFrame
    best_epoch: int
    stopped: str
    trainable: tuple[str, ...]
    facts: Mapping[str, Any]
    weights: Path
    heads: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a training returns to be kept: `state` are the weights of the whole model, `seen` the
    digests of the images that it was shown, now or in the trainings that it started from."""

    epochs: pd.DataFrame
    best_epoch: int
    stopped: str
    trainable: tuple[str, ...]
    facts: Mapping[str, Any]
    state: Mapping[str, torch.Tensor]
    seen: Sequence[str]
    heads: Mapping[str, np.ndarray] = field(default_factory=dict)


def carried_out(
    root: Path, description: Mapping[str, Any], work: Callable[[Path], Work]
) -> tuple[Finished, str]:
    """What `work` left when it was done for this description, or leaves now; and a sentence on
    which of them. work: trains in the folder that it is given, where it finds its checkpoints.

    Raises OutputError where the disk is full; the last whole checkpoint stays.
    """
    with kept.opened(root, description) as folder:
        told = _told(folder)
        if told is not None:
            for sentence in told.trainable:
                log.info("%s", sentence)
            return told, f"epoch {told.best_epoch} of a finished training from the store"
        try:
            _keep(folder, work(folder))
        except (SafetensorError, RuntimeError) as error:
            said = str(error).lower()
            code = next((code for words, code in _FULL.items() if words in said), None)
            if code is None:
                raise
            raise OSError(code, os.strerror(code)) from error
        finally:
            # They are read anew, and the disk may be full of them.
            with suppress(OSError):
                for pixels in folder.glob("pixels.*"):
                    remove(pixels)
        for leftover in folder.glob("checkpoint-*"):
            remove(leftover)
        found = _told(folder)
        assert found is not None
        return found, f"trained, and epoch {found.best_epoch} kept"


def _keep(folder: Path, work: Work) -> None:
    # Views of one memory, and such that are not in order, cannot be written.
    state = {name: values.detach().cpu().contiguous() for name, values in work.state.items()}
    write_file(folder / WEIGHTS, lambda file: _save(state, file, metadata(work.seen)))
    heads = {name: np.ascontiguousarray(values) for name, values in work.heads.items()}
    write_file(folder / _HEADS, lambda file: save_file(heads, file))
    # Last, since it says that all is there.
    write_json(
        folder / _TOLD,
        {
            "epochs": json.loads(work.epochs.to_json(orient="records", double_precision=15)),
            "best_epoch": work.best_epoch,
            "stopped": work.stopped,
            "trainable": list(work.trainable),
            "facts": dict(work.facts),
        },
    )


def _save(state: Mapping[str, torch.Tensor], file: Path, head: Mapping[str, str]) -> None:
    """The same bytes each time: safetensors writes the entries of the head in any order."""
    save_tensors(dict(state), file, dict(head))
    with file.open("r+b") as content:
        length = int.from_bytes(content.read(8), "little")
        told = json.loads(content.read(length))
        told["__metadata__"] = dict(sorted(told["__metadata__"].items()))
        text = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
        content.seek(8)
        content.write(text.ljust(length))


def _told(folder: Path) -> Finished | None:
    try:
        told = json.loads((folder / _TOLD).read_text(encoding="utf-8"))
        heads = load_file(folder / _HEADS)
    except (OSError, ValueError, SafetensorError):
        return None
    weights = folder / WEIGHTS
    if not weights.is_file():
        return None
    return Finished(
        epochs=pd.DataFrame(told["epochs"]),
        best_epoch=told["best_epoch"],
        stopped=told["stopped"],
        trainable=tuple(told["trainable"]),
        facts=told["facts"],
        weights=weights,
        heads=heads,
    )
