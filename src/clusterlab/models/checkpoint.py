"""Reads model weights. Nothing in a file is ever executed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from clusterlab.errors import ComponentError

# What training scripts wrap a state dict in; averaged weights first, as timm prefers them.
_WRAPPERS = ("state_dict_ema", "state_dict", "model_state_dict", "model")
# What DistributedDataParallel and torch.compile put in front of every name.
_PREFIXES = ("module.", "_orig_mod.")
_LFS = b"version https://git-lfs"
_MARKUP = (b"<!doctype", b"<html", b"<?xml")
_SHOWN = 3


def read_state(files: Sequence[Path]) -> dict[str, torch.Tensor]:
    """The weights of a model, by name, on the CPU; of several files (shards) together.

    A .safetensors file, or one that torch.save wrote (.pth, .pt, .bin), read with
    weights_only=True. A checkpoint of a training script is unwrapped: the value of state_dict_ema,
    state_dict, model_state_dict or model, the first there is. "module." and "_orig_mod." in front
    of all names are taken off. Raises ComponentError, which names the file, for anything else.
    """
    state: dict[str, torch.Tensor] = {}
    for file in files:
        _check(file)
        content = _safetensors(file) if file.suffix == ".safetensors" else _pickled(file)
        state.update(_tensors(content, file))
    return _plain_names(state)


def mismatch(state: Mapping[str, torch.Tensor], wanted: Mapping[str, tuple[int, ...]]) -> str:
    """What keeps `state` from filling a model with these names and shapes, '' where nothing does.

    Names that only `state` has, such as a head's, do no harm and are told only beside others.

    >>> mismatch({"a": torch.zeros(2)}, {"a": (3,), "b": (1,)})
    "1 of 2 are missing ('b'); 1 has another shape ('a' is (2,), not (3,))"
    """
    missing = [name for name in wanted if name not in state]
    other = [
        f"'{name}' is {tuple(state[name].shape)}, not {tuple(shape)}"
        for name, shape in wanted.items()
        if name in state and tuple(state[name].shape) != tuple(shape)
    ]
    if not missing and not other:
        return ""
    unexpected = [name for name in state if name not in wanted]
    parts = []
    if missing:
        verb = "is" if len(missing) == 1 and len(wanted) == 1 else "are"
        parts.append(
            f"{len(missing)} of {len(wanted)} {verb} missing ({_first(missing, quote=True)})"
        )
    if other:
        verb = "has" if len(other) == 1 else "have"
        parts.append(f"{len(other)} {verb} another shape ({_first(other)})")
    if unexpected:
        verb = "is" if len(unexpected) == 1 else "are"
        parts.append(f"{len(unexpected)} {verb} unexpected ({_first(unexpected, quote=True)})")
    return "; ".join(parts)


def _first(names: Sequence[str], *, quote: bool = False) -> str:
    shown = [f"'{name}'" if quote else name for name in names[:_SHOWN]]
    return ", ".join([*shown, *(["..."] if len(names) > _SHOWN else [])])


def _check(file: Path) -> None:
    """Raises ComponentError for what is no weights at all, whatever it is called."""
    try:
        with file.open("rb") as content:
            start = content.read(64)
    except OSError as error:
        raise ComponentError(
            f"The weights {file} cannot be read: {error.strerror or error}."
        ) from None
    if not start:
        raise ComponentError(f"The weights {file} are an empty file. Fetch or copy it again.")
    if start.startswith(_LFS):
        raise ComponentError(
            f"The file {file} is a Git LFS pointer, not the weights themselves. In its repository: "
            "git lfs pull."
        )
    if start.lstrip().lower().startswith(_MARKUP):
        raise ComponentError(
            f"The file {file} is a web page, not weights: what was saved is the page about the "
            "file, or that of a login. Download the file itself."
        )


def _safetensors(file: Path) -> Mapping[str, torch.Tensor]:
    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise ComponentError(
            f"The file {file} ({file.stat().st_size:,} bytes) is cut short, damaged or no "
            f"safetensors file: {error}. Fetch or copy it again."
        ) from None


def _pickled(file: Path) -> Any:
    try:
        return torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:
        # Arbitrary bytes make the reader fail in arbitrary ways.
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        if found:
            why = (
                f"it holds more than tensors ({found[1]}), which could run code, so it was not read"
            )
        else:
            why = f"it is cut short, damaged or another kind of file ({type(error).__name__})"
        raise ComponentError(
            f"The file {file} holds no weights that can be read safely: {why}. Save the tensors "
            "alone: torch.save(model.state_dict(), PATH), or as safetensors."
        ) from None


def _tensors(content: Any, file: Path) -> dict[str, torch.Tensor]:
    """The tensors of a state dict, or of the one that a checkpoint wraps."""
    while isinstance(content, Mapping):
        inner = [content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)]
        if not inner:
            break
        content = inner[0]
    if not isinstance(content, Mapping):
        raise ComponentError(f"The file {file} holds a {type(content).__name__}, not a state dict.")
    tensors = {str(k): value for k, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        holds = (
            f" (it holds {_first([str(key) for key in content])})" if content else " (it is empty)"
        )
        raise ComponentError(f"The file {file} is no state dict: there is no tensor in it{holds}.")
    return tensors


def _plain_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    for prefix in (*_PREFIXES, *_PREFIXES):
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state
