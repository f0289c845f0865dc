"""Whether a model that somebody is asked with has learned anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_random(component: Any) -> bool:
    """Whether a component's weights, or those of one within it, are random."""
    own = any(source.random for source in getattr(component, "sources", ()))
    return own or any(map(is_random, within(component)))


def within(component: Any) -> list[Any]:
    """The components that a component is made of."""
    found: list[Any] = []
    for name in ("parts", "nested"):
        held = getattr(component, name, None)
        found += held.values() if isinstance(held, Mapping) else ()
    return found
