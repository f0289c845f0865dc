"""Resolved configs: are two the same but for the seed, and where do they differ?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Flat = Mapping[str, Any]
_SEED_KEYS = frozenset({"seed", "random_state"})


def flatten(config: Any) -> dict[str, Any]:
    """Dotted key -> plain value; the items of a list of components are keyed by their number.

    >>> flatten({"reducer": {"steps": [{"n_components": 2}]}, "columns": ["word", "kind"]})
    {'reducer.steps.0.n_components': 2, 'columns': 'word, kind'}
    """
    return dict(_walk(config, ""))


def _walk(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    items: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        items = list(enumerate(value))
    elif isinstance(value, list):
        value = ", ".join(map(str, value))
    if not items:
        yield key, value
    for name, inner in items:
        yield from _walk(inner, f"{key}.{name}" if key else str(name))


def without_seeds(flat: Flat) -> tuple[tuple[str, str], ...]:
    """What two configs must share to differ in nothing but seeds; hashable."""
    return tuple(sorted((key, repr(value)) for key, value in flat.items() if not is_seed(key)))


def seeds_follow(first: Flat, second: Flat) -> bool:
    """True where every random_state and seed is either the same in both configs, or in each the
    config's own top-level `seed`.

    A random_state that was set apart from the seed is a setting like any other. It cannot be told
    in one config alone (0 may follow seed 0, or be set to 0), so two configs are looked at.

    >>> seeds_follow({"seed": 0, "k.random_state": 0}, {"seed": 1, "k.random_state": 1})
    True
    >>> seeds_follow({"seed": 0, "k.random_state": 0}, {"seed": 0, "k.random_state": 1})
    False
    """
    keys = [key for key in first.keys() | second.keys() if is_seed(key) and key != "seed"]
    return all(
        first.get(key) == second.get(key)
        or (first.get(key), second.get(key)) == (first.get("seed"), second.get("seed"))
        for key in keys
    )


def is_seed(key: str) -> bool:
    """True for a key, however deep, that is called seed or random_state."""
    return key.rpartition(".")[2] in _SEED_KEYS


def class_of(flat: Flat, node: str) -> str:
    """The component at `node` by its class; one of clusterlab's own by its module, which is named
    like the option.

    >>> class_of({"a._target_": "clusterlab.extractors.hog.Hog"}, "a")
    'hog'
    >>> class_of({"a._target_": "sklearn.cluster.KMeans"}, "a")
    'KMeans'
    """
    *modules, name = str(flat.get(f"{node}._target_", "")).split(".")
    return modules[-1] if modules[:1] == ["clusterlab"] and len(modules) > 1 else name


def part(flat: Flat, stages: Sequence[str]) -> dict[str, Any]:
    """The part of a flat config below these top-level keys, and the seed.

    >>> part({"seed": 0, "reducer": None, "clusterer.k": 3}, ["reducer"])
    {'seed': 0, 'reducer': None}
    """
    return {
        key: value
        for key, value in flat.items()
        if key == "seed" or key.partition(".")[0] in stages
    }


def differing(flats: Sequence[Flat]) -> list[str]:
    """The dotted keys whose values are not the same in all configs, in order of appearance."""
    keys = dict.fromkeys(key for flat in flats for key in flat)
    return [key for key in keys if len({repr(flat.get(key, ...)) for flat in flats}) > 1]


def short_names(keys: Sequence[str], taken: Sequence[str] = ()) -> dict[str, str]:
    """Each dotted key -> the fewest of its last parts that nothing else here is called.

    >>> short_names(["clusterer.eps", "reducer.n", "view.n"])
    {'clusterer.eps': 'eps', 'reducer.n': 'reducer.n', 'view.n': 'view.n'}
    """
    return {key: _short(key, [other for other in keys if other != key], taken) for key in keys}


def _short(key: str, others: Sequence[str], taken: Sequence[str]) -> str:
    parts = key.split(".")
    for start in range(len(parts) - 1, -1, -1):
        name = ".".join(parts[start:])
        clash = name in taken or any(f".{other}".endswith(f".{name}") for other in others)
        if not clash and name != "_target_":
            return name
    return key
