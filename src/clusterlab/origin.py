"""What decides a component's result besides its arguments: the code that it runs."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clusterlab.environment import versions

# Those whose next version may give other numbers.
_LIBRARIES = (
    *("numpy", "scipy", "scikit-learn", "numba", "umap-learn", "pynndescent", "trimap"),
    *("faiss-cpu", "pillow", "opencv-python-headless"),
)
_VERSIONED = ("clusterlab", "sklearn", "umap", "trimap", "hdbscan", "kmodes")


def origin(config: Mapping[str, Any]) -> dict[str, str]:
    """Library versions, and for each `_target_` of a user's own package the hash of its source
    file: the store must not answer with what older code made."""
    found = versions()
    own = {f"source of {path}": _source_hash(path) for path in sorted(set(_own_targets(config)))}
    return {library: found[library] for library in _LIBRARIES} | own


def _own_targets(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        path = node.get("_target_")
        if isinstance(path, str) and "." in path and path.split(".")[0] not in _VERSIONED:
            yield path
        for part in node.values():
            yield from _own_targets(part)
    elif isinstance(node, list):
        for part in node:
            yield from _own_targets(part)


def _source_hash(path: str) -> str:
    module = importlib.import_module(path.rpartition(".")[0])
    file = inspect.getsourcefile(module)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else "unknown"
