"""Runs a model: on which device, how precisely, how much at once, and loaded once a process."""

from __future__ import annotations

import copy
import gc
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from clusterlab.components import Model
from clusterlab.environment import machine
from clusterlab.errors import ComponentError
from clusterlab.models.device import choose_devices
from clusterlab.models.place import check_backend, place
from clusterlab.models.precision import (
    DTYPES,
    TOLERANCE,
    agreement,
    check_precision,
    has_bf16,
    photographs,
)
from clusterlab.store import Store, key_of
from clusterlab.types import Compute

log = logging.getLogger("clusterlab")

# Kept for the next run of a sweep: how bf16 agreed with fp32, and the models themselves, of which a
# fusion may need several at once.
_KEPT = 4
_trials: dict[str, float] = {}
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

    @property
    def batch_size(self) -> int:
        """Inputs a batch where the user leaves it to us."""
        on_cpu, on_gpu = self.model.batch_sizes
        each = on_cpu if self.devices[0].type == "cpu" else on_gpu
        return each * len(self.devices)

    @property
    def how(self) -> dict[str, str]:
        """What of it decides the results, for the store."""
        backend = self.compute.backend
        other = {"backend": backend} if backend != "torch" else {}
        return {"precision": self.precision, "torch": torch.__version__, **other}

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """One result an input, in their order. Where memory runs out, by halves.

        Raises ComponentError where not even one input fits, or the model fails on them.
        """
        results: list[Any] = []
        while len(results) < len(inputs):
            part = inputs[len(results) : len(results) + (self.limit or len(inputs))]
            try:
                results += self._run(part)
            except Exception as error:
                if not _out_of_memory(error):
                    raise
                self._halve(len(part), error)
        return results

    def close(self) -> None:
        """Forget the loaded module, here and in later runs."""
        _loaded.pop(self._key(), None)
        _free()

    def _run(self, inputs: Sequence[Any]) -> list[Any]:
        modules = self._modules()
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
            self._load(self.model.build)
        _loaded.move_to_end(key)
        return _loaded[key]

    def _load(self, build: Callable[[], torch.nn.Module]) -> None:
        begin = time.perf_counter()
        while len(_loaded) >= _KEPT:
            _loaded.popitem(last=False)
        modules = [
            place(build(), device, DTYPES[self.precision], self.compute) for device in self.devices
        ]
        _loaded[self._key()] = modules
        seconds = time.perf_counter() - begin
        named = [f"{one['model']} ({one['weights']} weights)" for one in self._sources()]
        log.info("loaded %s in %.1f s", ", ".join(named), seconds)

    def _sources(self) -> list[dict[str, Any]]:
        return [source.describe() for source in self.model.sources]

    def _key(self) -> str:
        placed = [str(device) for device in self.devices]
        how = [placed, self.precision, self.compute.compile, self.compute.backend]
        return json.dumps([self.identity, how], sort_keys=True)

    def _halve(self, size: int, error: Exception) -> None:
        _free()
        if size == 1:
            raise ComponentError(
                f"Not even one image fits into the memory of {self.devices[0]}: {error}. Use "
                "precision=bf16, a smaller extractor.crop, another model, or device=cpu."
            ) from error
        self.limit = size // 2
        log.warning("out of memory with a batch of %d: going on with %d", size, self.limit)


def open_session(model: Model, compute: Compute, store: Store | None = None) -> Session:
    """A session, with its device and precision settled; the model is loaded with the first batch,
    or to try its precision. Raises ComponentError for what is not there."""
    devices = choose_devices(compute.device)
    check_precision(compute.precision)
    check_backend(compute.backend, devices)
    precision = compute.precision if compute.precision != "auto" else "fp32"
    session = Session(model, model.fingerprint(), compute, devices, precision)
    sees = hasattr(model, "prepare") and not hasattr(model, "encoder")
    if compute.precision == "auto" and sees and has_bf16(devices[0]):
        _try_bf16(session, store)
    if session.precision == "fp32":
        # cuDNN would round the inputs of convolutions to TF32.
        torch.backends.cudnn.allow_tf32 = False
    session.facts = {
        "device": ",".join(map(str, devices)),
        "precision": session.precision,
        **({"backend": compute.backend} if compute.backend != "torch" else {}),
        **({"compiled": True} if compute.compile else {}),
        **session.facts,
    }
    return session


def _try_bf16(session: Session, store: Store | None) -> None:
    """Take bfloat16 if the model's vectors stay what they are."""
    key: Mapping[str, Any] = {
        "config": session.identity,
        "images": [list(image.shape) for image in photographs()],
        "device": session.devices[0].type,
        "processor": machine()["processor"],
        "torch": torch.__version__,
        "how": [session.compute.compile, session.compute.backend],
    }

    def measure() -> dict[str, np.ndarray]:
        return {"cosine": np.array([_agreement(session)])}

    known = key_of(key)
    if known not in _trials:
        arrays = measure() if store is None else store.remember("precision", key, measure).arrays
        _trials[known] = float(arrays["cosine"][0])
    cosine = _trials[known]
    session.facts["bf16_cosine_to_fp32"] = round(cosine, 6)
    session.precision = "bf16"
    if cosine < TOLERANCE:
        session.close()
        session.precision = "fp32"
        log.info("bf16 would change vectors (cosine %.5f): computing in fp32", cosine)


def _agreement(session: Session) -> float:
    """The least cosine between bfloat16 and float32; leaves the bfloat16 module loaded."""
    model: Any = session.model
    inputs = [model.prepare(image) for image in photographs()]
    session.precision = "bf16"
    module = model.build()
    device = session.devices[0]
    exact = session._apply(module.to(device), inputs, device)
    several = len(session.devices) > 1
    session._load(lambda: copy.deepcopy(module) if several else module)
    return agreement(session._run(inputs), exact)


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
