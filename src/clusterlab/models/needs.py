"""Which models a component needs, and whether they are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from clusterlab.errors import ComponentError
from clusterlab.models.source import Source


def sources(component: Any, where: str = "extractor") -> Iterator[Source]:
    """Every source of a component, and of those it is made of (`parts`, `encoder`, `nested`), with
    the key that sets it: `extractor.parts.image.weights` for a part, `labeler.clip.images.weights`
    for one that is nested as `images`."""
    for source in getattr(component, "sources", ()):
        key = source.setting.rpartition(".")[2]
        yield replace(source, setting=f"{where}.{key}")
    parts = getattr(component, "parts", {})
    for name, part in parts.items() if isinstance(parts, Mapping) else ():
        yield from sources(part, f"{where}.parts.{name}")
    if (encoder := getattr(component, "encoder", None)) is not None:
        yield from sources(encoder, where)
    nested = getattr(component, "nested", {})
    for name, part in nested.items() if isinstance(nested, Mapping) else ():
        yield from sources(part, f"{where}.{name}")


def bring(component: Any, where: str = "extractor") -> None:
    """All models of a component, downloaded where they are not on this machine, before hours of
    work go into one of them. Raises ComponentError with every one that cannot be had."""
    bring_all({where: component})


def bring_all(components: Mapping[str, Any]) -> None:
    """All models of several components. components: the key that sets one -> the component."""
    problems = []
    needed = [s for where, component in components.items() for s in sources(component, where)]
    seen = set()
    for source in needed:
        # One model may serve two, such as the images and the texts of a labeler.
        if (same := replace(source, setting="")) in seen:
            continue
        seen.add(same)
        try:
            if source.configs or not source.random:
                source.folder()
            source.files()
        except ComponentError as error:
            problems.append(str(error))
    if problems:
        raise ComponentError("\n".join(dict.fromkeys(problems)))
