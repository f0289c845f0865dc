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
    """What to write into the head of a safetensors file.

    digests: of the images trained on, and of those that the weights had seen before (`seen_by`).
    """
    return {"format": "pt", _KEY: json.dumps(sorted({digest[:_DIGITS] for digest in digests}))}


def seen_by(sources: Iterable[Source]) -> frozenset[str]:
    """The digests, shortened, of all images that any of these weights were trained on, in whatever
    training, or that chose the epoch of one."""
    seen: set[str] = set()
    for source in sources:
        # What comes from the hub was not trained here.
        if source.weights is not None and not source.random:
            seen |= _read(source)
    return frozenset(seen)


def n_seen(seen: Collection[str], digests: Iterable[str]) -> int:
    """How many of these images are among those that `seen_by` found.

    >>> n_seen({"0123456789abcdef"}, ["0123456789abcdef0123", "f" * 20])
    1
    """
    return sum(digest[:_DIGITS] in seen for digest in digests)


def trained_on(sources: Iterable[Source], digests: Iterable[str]) -> bool:
    """Whether any of the weights were trained on any of these images."""
    return n_seen(seen_by(sources), digests) > 0


def _read(source: Source) -> set[str]:
    from safetensors import safe_open

    found: set[str] = set()
    for file in source.files():
        if file.suffix == ".safetensors":
            with safe_open(file, framework="np") as head:
                found |= {*json.loads((head.metadata() or {}).get(_KEY, "[]"))}
    return found
