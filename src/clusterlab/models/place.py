"""Puts a module where it will run, in the number format and by the backend it will run with."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import torch

from clusterlab.errors import ComponentError, closest
from clusterlab.models.vision import FromPixels
from clusterlab.types import Compute

BACKENDS = ("torch", "openvino")


def check_backend(backend: str, devices: Sequence[torch.device]) -> None:
    """Raises ComponentError for a backend that is unknown, absent or for another device."""
    if backend not in BACKENDS:
        raise ComponentError(
            f"Unknown backend '{backend}'.{closest(backend, BACKENDS)} Use torch or openvino."
        )
    if backend == "torch":
        return
    if any(device.type != "cpu" for device in devices):
        raise ComponentError(f"backend=openvino runs on device=cpu, not on {devices[0]}.")
    if find_spec("openvino") is None:
        raise ComponentError(
            "backend=openvino needs the package openvino: pip install 'clusterlab[openvino]'."
        )


def place(
    module: torch.nn.Module, device: torch.device, dtype: torch.dtype, compute: Compute
) -> Any:
    """`module` (float32, on the CPU) as something to call with a batch."""
    if (compute.compile or compute.backend == "openvino") and not isinstance(module, FromPixels):
        raise ComponentError(
            "compile=true and backend=openvino serve extractors that turn images into vectors; "
            "texts are written and read without them: compile=false backend=torch."
        )
    if compute.backend == "openvino":
        assert isinstance(module, FromPixels)
        return _OpenVino(module, dtype)
    exact = {} if isinstance(module, FromPixels) else _computed(module)
    module = module.to(device=device, dtype=dtype)
    for (owner, name), values in exact.items():
        setattr(owner, name, values.to(device))
    if any(parameter.ndim == 4 for parameter in module.parameters()):
        module = module.to(memory_format=torch.channels_last)
    return torch.compile(module) if compute.compile else module


def _computed(module: torch.nn.Module) -> dict[tuple[torch.nn.Module, str], torch.Tensor]:
    """Tables that a module computed for itself, such as the frequencies of rotary positions, by
    whose they are and their name. No weights: transformers keeps them in float32, whatever the
    number format, because a rounded frequency puts the last of a thousand tokens elsewhere."""
    return {
        (owner, name): values
        for owner in module.modules()
        for name, values in owner.named_buffers(recurse=False)
        if name in owner._non_persistent_buffers_set and values.dtype == torch.float32
    }


class _OpenVino:
    """The module compiled by OpenVINO for this CPU: (b, h, w, 3) uint8 to (b, d)."""

    def __init__(self, module: FromPixels, dtype: torch.dtype) -> None:
        import openvino
        from openvino.frontend import FrontEndManager
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

        if dtype not in (torch.float32, torch.bfloat16):
            raise ComponentError("backend=openvino computes in precision=fp32 or bf16.")
        shape = [*module.transform.size, 3]
        example = torch.zeros((2, *shape), dtype=torch.uint8)
        # Not openvino.convert_model, which reports to its makers that it was called.
        frontend = FrontEndManager().load_by_framework("pytorch")
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoder = TorchScriptPythonDecoder(module, example_input=(example,))
            model = frontend.convert(frontend.load(decoder))
        model.reshape({0: [-1, *shape]})
        hint = "f32" if dtype == torch.float32 else "bf16"
        settings = {
            "INFERENCE_PRECISION_HINT": hint,
            "PERFORMANCE_HINT": "LATENCY",
            # Pinned threads cannot make room for those that decode images.
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled = openvino.Core().compile_model(model, "CPU", settings)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self._compiled(pixels.numpy())[0])
