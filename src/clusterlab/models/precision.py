"""Chooses the number format that models compute in, and never at the cost of the result.

"auto" means bfloat16 where the hardware computes in it and this model's vectors keep a cosine of
at least `TOLERANCE` to those in float32, tried on eight crops of the two photographs that come with
scikit-learn; otherwise float32. What writes texts has its own rule: see `unasked`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from clusterlab.errors import ComponentError, closest

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
TOLERANCE = 0.9999
"""The least cosine between an image's vector in bfloat16 and in float32."""


def check_precision(asked: str) -> None:
    """Raises ComponentError for a precision that there is not."""
    known = ["auto", *DTYPES]
    if asked not in known:
        raise ComponentError(
            f"Unknown precision '{asked}'.{closest(asked, known)} Use one of {', '.join(known)}."
        )


def has_bf16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 faster than in float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        return bool(supported())
    return False


def unasked(device: torch.device, *, halved_on_gpu: bool = False) -> str:
    """The precision where the user says nothing: float32, which texts are made in, because one word
    that comes out otherwise makes another text.

    halved_on_gpu: of a model that is published in 16 bits, and that hardly fits otherwise; on a GPU
    it computes in bfloat16, or in float16 where the hardware lacks that.

    >>> unasked(torch.device("cpu"), halved_on_gpu=True)
    'fp32'
    """
    if not halved_on_gpu or device.type == "cpu":
        return "fp32"
    return "bf16" if has_bf16(device) else "fp16"


def agreement(vectors: Sequence[np.ndarray], exact: Sequence[np.ndarray]) -> float:
    """The least cosine between the rows of two (n, d) arrays; 0 where a vector is not finite."""
    a, b = np.asarray(vectors, np.float64), np.asarray(exact, np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = (a * b).sum(axis=1) / lengths
    return float(np.nan_to_num(cosines, nan=0.0).min())
