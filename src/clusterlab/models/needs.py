"""Which models a component needs, and whether they are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from clusterlab.errors import ComponentError
from clusterlab.models.source import Source


def sources(component: Any, where: str = "extractor") -> Iterator[Source]:
    """Every source of a component, and of those it is made of (`parts`, `encoder`), with the key
    that sets it: `extractor.parts.image.weights` for a part."""
    for source in getattr(component, "sources", ()):
        yield replace(source, setting=source.setting.replace("extractor", where, 1))
    parts = getattr(component, "parts", {})
    for name, part in parts.items() if isinstance(parts, Mapping) else ():
        yield from sources(part, f"{where}.parts.{name}")
    if (encoder := getattr(component, "encoder", None)) is not None:
        yield from sources(encoder, where)


def bring(component: Any) -> None:
    """All models of a component, downloaded where they are not on this machine, before hours of
    work go into one of them. Raises ComponentError with every one that cannot be had."""
    problems = []
    for source in sources(component):
        try:
            if source.configs or not source.random:
                source.folder()
            source.files()
        except ComponentError as error:
            problems.append(str(error))
    if problems:
        raise ComponentError("\n".join(dict.fromkeys(problems)))
