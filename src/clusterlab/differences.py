"""What is different about a thing that is to be made, for a reader who wonders why it is made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def nearest_change(known: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> str:
    """What differs from the description among `known` that is most like `wanted`, at most three
    values of it; only those of the same class are compared.

    >>> nearest_change([{"config": {"k": 2}}], {"config": {"k": 3}})
    'k 2 -> 3'
    """
    # As it would be read back: JSON knows no tuples.
    now = _flat(json.loads(json.dumps(wanted)))
    best: list[str] | None = None
    for description in known:
        found = _flat(description)
        if found.get("config._target_") != now.get("config._target_"):
            continue
        changes = [
            _change(name, found.get(name), now.get(name))
            for name in sorted({*found, *now})
            if found.get(name) != now.get(name)
        ]
        if best is None or len(changes) < len(best):
            best = changes
    if not best:
        return "not in the store yet"
    more = f" and {len(best) - 3} more" if len(best) > 3 else ""
    return ", ".join(best[:3]) + more


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        items = [(str(name), part) for name, part in value.items()]
    elif isinstance(value, list):
        items = [(str(index), part) for index, part in enumerate(value)]
    else:
        return {prefix: value}
    found: dict[str, Any] = {}
    for name, part in items:
        found.update(_flat(part, f"{prefix}.{name}" if prefix else name))
    return found


def _change(name: str, before: Any, now: Any) -> str:
    short = name.removeprefix("config.")
    hashes = [value for value in (before, now) if isinstance(value, str) and len(value) == 64]
    return f"other {short}" if hashes else f"{short} {before} -> {now}"
