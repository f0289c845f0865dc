"""What a run was made with: versions, machine and the identity of its spaces."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from clusterlab import __version__

# The libraries that can change a number.
LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "umap-learn",
    "pynndescent",
    "trimap",
    "hdbscan",
    "kmodes",
    "faiss-cpu",
    "pillow",
    "opencv-python-headless",
    "scikit-image",
    "numba",
    "torch",
    "torchvision",
    "timm",
    "transformers",
    "accelerate",
    "sentence-transformers",
    "huggingface_hub",
    "openvino",
    "hydra-core",
)


def n_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Library -> installed version, or "absent"."""
    found = {"clusterlab": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "absent"
    return found


def machine() -> dict[str, Any]:
    """The system, its cores and its memory; no name that would tell whose it is."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
