"""clusterlab: find out what is in a collection of pictures.

>>> import clusterlab
>>> result = clusterlab.run(overrides=["seed=1"])  # doctest: +SKIP
>>> result.metrics["ari/label"]  # doctest: +SKIP
"""

from __future__ import annotations

import os

# OpenMP threads that spin between parallel regions starve a small machine: t-SNE on 200 points
# takes 20 s instead of 1 s on two busy cores. Read once, when numpy loads its libraries.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# What is downloaded is a model, and nothing is told about who asks. Read once, too.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clusterlab.api import Result, Tuned, read, run, tune

__version__ = "0.1.0"
__all__ = ["Result", "Tuned", "__version__", "read", "run", "tune"]


def __getattr__(name: str) -> Any:
    """Load the Python interface when it is first used, so that `clusterlab --help` stays fast."""
    if name in ("Result", "Tuned", "read", "run", "tune"):
        from clusterlab import api

        return getattr(api, name)
    raise AttributeError(f"module 'clusterlab' has no attribute '{name}'")
