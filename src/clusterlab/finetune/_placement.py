"""Where a training runs, and in which number format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from clusterlab.errors import ComponentError
from clusterlab.models.device import choose_devices
from clusterlab.models.precision import check_precision, has_bf16
from clusterlab.types import Compute


@dataclass(frozen=True)
class Placement:
    """device: "cpu", "cuda" or "mps". precision: "fp32", "bf16" or "fp16", of the mixed precision.
    workers: processes that read images, 0 on a CPU, which has better to do."""

    device: str
    n_devices: int
    precision: str
    workers: int

    @classmethod
    def of(cls, compute: Compute, *, workers: int) -> Placement:
        """auto: float32 on a CPU, bfloat16 on a GPU that computes in it.

        Raises ComponentError for a device or a precision that is not there, or cannot train.
        """
        devices = choose_devices(compute.device)
        check_precision(compute.precision)
        device = devices[0].type
        precision = compute.precision
        if precision == "auto":
            precision = "bf16" if device == "cuda" and has_bf16(devices[0]) else "fp32"
        if precision == "fp16" and device != "cuda":
            raise ComponentError(
                f"precision=fp16 cannot train on {device}: small gradients would vanish. Use "
                "precision=bf16 or fp32."
            )
        if device == "cuda":
            _check_order(devices)
        return cls(device, len(devices), precision, min(workers, 8) if device == "cuda" else 0)

    def arguments(self) -> dict[str, Any]:
        """What transformers.TrainingArguments must know of it."""
        return {
            "use_cpu": self.device == "cpu",
            "bf16": self.precision == "bf16",
            "fp16": self.precision == "fp16",
            "dataloader_num_workers": self.workers,
        }

    def confine(self, arguments: Any) -> None:
        """The trainer would take every GPU that it sees."""
        if self.device == "cuda":
            arguments._n_gpu = self.n_devices


def _check_order(devices: Sequence[torch.device]) -> None:
    wanted = [device.index or 0 for device in devices]
    if wanted != list(range(len(devices))) or len(devices) not in (1, torch.cuda.device_count()):
        listed = ",".join(map(str, wanted))
        raise ComponentError(
            f"Fine-tuning takes the first GPU, or all of them, not number {listed}. Choose what it "
            f"sees: CUDA_VISIBLE_DEVICES={listed} clusterlab run ... device=cuda"
        )
