"""Which images a file of fine-tuned weights was trained on: the file itself says it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterlab.models.source import Source

SEEN = "seen in training"
"""The mark of features whose model was trained on labels of some of the images."""

_KEY = "clusterlab_trained_on"
# As many digits of an image's digest as tell millions of images apart.
_DIGITS = 16


def metadata(digests: Iterable[str]) -> dict[str, str]:
    """What to write into the head of a safetensors file. digests: of the images trained on."""
    return {"format": "pt", _KEY: json.dumps(sorted({digest[:_DIGITS] for digest in digests}))}


def trained_on(sources: Iterable[Source], digests: Collection[str]) -> bool:
    """Whether any of the weights were trained on any of these images."""
    seen: set[str] = set()
    for source in sources:
        # What comes from the hub was not trained here.
        if source.weights is not None and not source.random:
            seen |= _read(source)
    return any(digest[:_DIGITS] in seen for digest in digests)


def _read(source: Source) -> set[str]:
    from safetensors import safe_open

    found: set[str] = set()
    for file in source.files():
        if file.suffix == ".safetensors":
            with safe_open(file, framework="np") as head:
                found |= {*json.loads((head.metadata() or {}).get(_KEY, "[]"))}
    return found
