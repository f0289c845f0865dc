"""Runs a model: on which device, how precisely, how much at once, and loaded once a process."""

from __future__ import annotations

import gc
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import torch

from clusterlab.components import Model
from clusterlab.environment import versions
from clusterlab.errors import ComponentError
from clusterlab.models.device import choose_devices
from clusterlab.models.place import check_backend, place
from clusterlab.models.precision import DTYPES, check_precision, unasked
from clusterlab.types import Compute

log = logging.getLogger("clusterlab")

# Models that stay loaded for the next run of a sweep; a fusion may need several at once.
_KEPT = 4
_loaded: OrderedDict[str, list[Any]] = OrderedDict()


@dataclass
class Session:
    """A model on its devices. `identity`: the model's fingerprint. `facts`: device, precision and,
    where it was chosen by trying, the agreement with fp32. `limit`: inputs at once that memory is
    known to allow."""

    model: Model
    identity: Mapping[str, Any]
    compute: Compute
    devices: tuple[torch.device, ...]
    precision: str
    facts: dict[str, Any] = field(default_factory=dict)
    limit: int | None = None

    @classmethod
    def of(cls, model: Model, compute: Compute) -> Session:
        """In float32, or as `unasked` has it, unless the user says otherwise. Raises ComponentError
        for a device, a precision or a backend that is not there."""
        devices = choose_devices(compute.device)
        check_precision(compute.precision)
        check_backend(compute.backend, devices)
        # cuDNN would round the inputs of float32 convolutions to TF32.
        torch.backends.cudnn.allow_tf32 = False
        precision = compute.precision
        if precision == "auto":
            halved = getattr(model, "halved_on_gpu", False)
            precision = unasked(devices[0], halved_on_gpu=halved)
        return cls(model, model.fingerprint(), compute, devices, precision)

    @property
    def batch_size(self) -> int:
        """Inputs a batch where the user leaves it to us."""
        on_cpu, on_gpu = self.model.batch_sizes
        each = on_cpu if self.devices[0].type == "cpu" else on_gpu
        return each * len(self.devices)

    @property
    def how(self) -> dict[str, Any]:
        """What of it decides the results, for the store."""
        decides: dict[str, Any] = {"precision": self.precision, "torch": torch.__version__}
        if self.compute.backend != "torch":
            decides[self.compute.backend] = versions()[self.compute.backend]
        if self.compute.compile:
            decides["compiled"] = True
        return decides

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """One result an input, in their order. Where memory runs out, without the other models that
        are kept loaded, and then by halves.

        Raises ComponentError where not even one input fits, or the model fails on them.
        """
        modules = self._modules()
        results: list[Any] = []
        while len(results) < len(inputs):
            part = inputs[len(results) : len(results) + (self.limit or len(inputs))]
            full = ""
            try:
                results += self._run(modules, part)
            except Exception as error:
                if not _out_of_memory(error):
                    raise
                full = str(error)
            # Out here the error has gone, and with it what its traceback held in memory.
            if full and not self._drop_others():
                self._halve(len(part), full)
        return results

    def close(self) -> None:
        """Forget the loaded module, here and in later runs."""
        _loaded.pop(self._key(), None)
        _free()

    def _run(self, modules: list[Any], inputs: Sequence[Any]) -> list[Any]:
        share = -(-len(inputs) // len(modules))
        parts = [inputs[start : start + share] for start in range(0, len(inputs), share)]
        work = list(zip(modules, parts, self.devices, strict=False))
        if len(work) == 1:
            return self._apply(*work[0])
        with ThreadPoolExecutor(len(work)) as pool:
            return [result for part in pool.map(lambda w: self._apply(*w), work) for result in part]

    def _apply(self, module: Any, inputs: Sequence[Any], device: torch.device) -> list[Any]:
        with torch.inference_mode():
            return list(self.model.apply(module, inputs, device))

    def _modules(self) -> list[Any]:
        key = self._key()
        if key not in _loaded:
            while len(_loaded) >= _KEPT:
                _loaded.popitem(last=False)
            _loaded[key] = self._load()
        _loaded.move_to_end(key)
        return _loaded[key]

    def _load(self) -> list[Any]:
        begin = time.perf_counter()
        dtype = DTYPES[self.precision]
        try:
            modules = [place(self.model.build(), one, dtype, self.compute) for one in self.devices]
        except Exception as error:
            if not _out_of_memory(error):
                raise
            modules = []
        if not modules:
            if self._drop_others():
                return self._load()
            raise ComponentError(
                f"The model itself does not fit into the memory of {self.devices[0]}. Use "
                "precision=bf16, another model, or device=cpu."
            )
        sources = [source.describe() for source in self.model.sources]
        named = ", ".join(f"{source['model']} ({source['weights']} weights)" for source in sources)
        log.info("loaded %s in %.1f s, %s", named, time.perf_counter() - begin, self.precision)
        return modules

    def _drop_others(self) -> bool:
        """Make room: True where other models were still loaded."""
        own = self._key()
        others = [key for key in _loaded if key != own]
        for key in others:
            del _loaded[key]
        _free()
        return bool(others)

    def _key(self) -> str:
        placed = [str(device) for device in self.devices]
        how = [placed, self.precision, self.compute.compile, self.compute.backend]
        kind = f"{type(self.model).__module__}.{type(self.model).__qualname__}"
        return json.dumps([kind, self.identity, how], sort_keys=True)

    def _halve(self, size: int, error: str) -> None:
        if size == 1:
            raise ComponentError(
                f"Not even one image fits into the memory of {self.devices[0]}: {error}. Use "
                "precision=bf16, a smaller extractor.crop where it has one, another model, or "
                "device=cpu."
            )
        self.limit = size // 2
        log.warning("out of memory with a batch of %d: going on with %d", size, self.limit)


def _out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError)
        and ("out of memory" in text or "can't allocate memory" in text)
    )


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
