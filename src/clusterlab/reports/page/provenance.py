"""How the features came to be: models, weights, preprocessing, and what computed them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clusterlab.outcome import Outcome

_HIDDEN = ("_target_", "_partial_", "_convert_")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGITS = 12
_WORDS = {"sha256": "SHA-256", "fp32": "FP32", "std": "standard deviation", "mps": "MPS"}


def provenance(outcome: Outcome) -> list[dict[str, Any]]:
    """Cards: title and facts (name, value, the whole value where it is shown in part).

    None for features that their stage's settings say all about.
    """
    config = outcome.features.provenance.get("config")
    found: list[dict[str, Any]] = []
    if isinstance(config, Mapping) and not _is_setting(config, outcome):
        found += cards(config, "")
    if outcome.compute:
        found += cards(outcome.compute, "computed on")
    return found


def _is_setting(config: Mapping[str, Any], outcome: Outcome) -> bool:
    """True where the config is the extractor's own arguments, which its stage shows."""
    return dict(config) == outcome.components.get("extractor")


def cards(values: Mapping[str, Any], title: str) -> Iterator[dict[str, Any]]:
    """A card for the plain values, then those of each mapping inside, titled by the way there."""
    inner = {key: value for key, value in values.items() if _mappings(value)}
    facts = [
        (_words(key), *_text(value))
        for key, value in values.items()
        if key not in inner and key not in _HIDDEN
    ]
    if facts:
        yield {"title": title or "features", "facts": facts}
    for key, value in inner.items():
        for name, part in _mappings(value).items():
            way = [word for word in (title, _words(key), name) if word]
            yield from cards(part, " · ".join(way))


def _mappings(value: Any) -> dict[str, Mapping[str, Any]]:
    """The mapping, or the numbered mappings of a list; empty for a plain value."""
    if isinstance(value, Mapping):
        return {"": value} if value else {}
    if isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value):
        return {str(number): part for number, part in enumerate(value, 1)}
    return {}


def _words(key: str) -> str:
    """
    >>> _words("cosine_to_fp32"), _words("sha256")
    ('cosine to FP32', 'SHA-256')
    """
    return " ".join(_WORDS.get(word, word) for word in str(key).split("_"))


def _text(value: Any) -> tuple[str, str]:
    """The value in a few words, and the whole of a hash, of which its first digits are shown.

    >>> _text([0.485, 0.456]), _text(0.99993), _text(None)
    (('0.485, 0.456', ''), ('0.99993', ''), ('none', ''))
    """
    if isinstance(value, str) and _HASH.fullmatch(value):
        return f"{value[:_DIGITS]}…", value
    return _short(value), ""


def _short(value: Any) -> str:
    if value is None or value == {} or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
