"""Builds objects from checked `_target_` nodes.

Not by hydra.utils.instantiate: it resolves interpolations once more, after the check, and what a
resolver makes of a text may be another `_target_`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any


def locate(path: str) -> Any:
    """The class or function at a dotted path. Raises ImportError, AttributeError or ValueError."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def construct(node: Any) -> Any:
    """The object of a plain node: mappings with a `_target_` are called with the other keys, and
    `_args_` in front; all else stays as it is.

    >>> construct({"a": [{"_target_": "fractions.Fraction", "_args_": [1, 2]}]})
    {'a': [Fraction(1, 2)]}
    """
    if isinstance(node, list):
        return [construct(part) for part in node]
    if not isinstance(node, Mapping):
        return node
    parts = {key: construct(part) for key, part in node.items()}
    if "_target_" not in parts:
        return parts
    target = locate(parts.pop("_target_"))
    return target(*parts.pop("_args_", []), **parts)
