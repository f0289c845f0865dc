"""Chooses the device that models run on. What was asked for is used, or is an error."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from clusterlab.errors import ComponentError


def choose_devices(asked: str | Sequence[str]) -> tuple[torch.device, ...]:
    """The devices of `device=...`: "auto" is the first GPU, else MPS, else the CPU.

    Raises ComponentError for a device that is not there.
    """
    names = [asked] if isinstance(asked, str) else list(asked)
    if not names:
        raise ComponentError("device is an empty list. Use auto, cpu, cuda, cuda:N or mps.")
    return tuple(_device(name) for name in names)


def _device(name: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (number and not number.isdigit()):
        raise ComponentError(f"Unknown device '{name}'. Use auto, cpu, cuda, cuda:N or mps.")
    if kind == "cuda":
        return torch.device("cuda", _gpu(name, int(number or 0)))
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ComponentError(f"device={name}, but this machine has no MPS device. {_way_out()}")
    return torch.device(kind)


def _gpu(name: str, number: int) -> int:
    if not torch.cuda.is_available():
        built = f"this PyTorch ({torch.__version__}) finds no CUDA GPU"
        raise ComponentError(f"device={name}, but {built}. {_way_out()}")
    if number >= torch.cuda.device_count():
        raise ComponentError(
            f"device={name}, but there are {torch.cuda.device_count()} GPUs (from cuda:0). "
            f"{_way_out()}"
        )
    return number


def _way_out() -> str:
    return "Use device=cpu, or device=auto to take what there is (clusterlab doctor lists it)."
