"""Sees to the models of a run before any work, without PyTorch where there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def bring_ahead(components: Mapping[str, Any]) -> None:
    """All models of several components, downloaded where they are not on this machine.

    components: the key that sets one -> the component. Raises ComponentError with every model that
    cannot be had.
    """
    if any(uses_models(component) for component in components.values()):
        from clusterlab.models.needs import bring_all

        bring_all(components)


def uses_models(component: Any) -> bool:
    """Whether a component is, or is made of, something with files to be had."""
    own = hasattr(component, "sources") or hasattr(component, "encoder")
    return own or any(uses_models(part) for part in _within(component))


def _within(component: Any) -> Iterator[Any]:
    for name in ("parts", "nested"):
        held = getattr(component, name, None)
        yield from held.values() if isinstance(held, Mapping) else ()
