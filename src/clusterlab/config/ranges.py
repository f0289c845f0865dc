"""Reads `search.space`: stage -> argument -> its values, or the ends of its range."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clusterlab.errors import closest
from clusterlab.searching import Range

SEARCHED = ("reducer", "clusterer")
_KEYS = ("low", "high", "log", "step", "values", "when")
_WHERE = "search.space"


def read_space(space: Mapping[str, Any]) -> tuple[dict[str, Range], list[str]]:
    """Argument ("clusterer.n_clusters") -> its range, those that a `when` names first; and every
    problem found.

    >>> read_space({"clusterer": {"n_clusters": {"low": 5, "high": 20}}})[0]["clusterer.n_clusters"]
    Range(low=5, high=20, log=False, step=None, integer=True, choices=(), when={})
    """
    leaves = {
        name: leaf
        for stage, node in space.items()
        if stage in SEARCHED
        for name, leaf in _leaves(stage, node)
    }
    said = [_not_searched(str(stage)) for stage in space if stage not in SEARCHED]
    found: dict[str, Range] = {}
    for name, leaf in leaves.items():
        problems = list(_leaf_problems(name, leaf))
        said += problems
        if not problems:
            found[name] = _range(leaf, name.partition(".")[0])
    said += _when_problems(found, [*leaves])
    ordered = _in_order(found)
    if not said and len(ordered) < len(found):
        circle = [name for name in found if name not in ordered]
        said.append(f"{_WHERE}: {' and '.join(circle)} wait for each other (when).")
    return (found if said else ordered), said


def with_values(config: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The config with these arguments set. Raises LookupError, ValueError or TypeError for a place
    that it does not have.

    >>> with_values({"reducer": {"_args_": [{"a": 1}]}}, {"reducer._args_.0.a": 2})
    {'reducer': {'_args_': [{'a': 2}]}}
    """
    changed: Any = dict(config)
    for name, value in values.items():
        changed = _set(changed, name.split("."), value)
    return dict(changed)


def _set(node: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    key, *rest = path
    if isinstance(node, list):
        at = int(key)
        return [*node[:at], _set(node[at], rest, value), *node[at + 1 :]]
    if not isinstance(node, Mapping):
        raise TypeError(f"{node!r} has no part '{key}'")
    # An argument may be new, what it is within may not.
    return {**node, key: _set(node[key], rest, value) if rest else value}


def _not_searched(stage: str) -> str:
    way_out = closest(stage, SEARCHED) or (
        " What comes before them is made once and shared by all trials; compare it with a sweep: "
        f"clusterlab run -m {stage}=A,B."
    )
    return f"{_WHERE}.{stage}: only the arguments of reducer and clusterer are searched.{way_out}"


def _leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """What is no range has arguments within it."""
    if isinstance(node, Mapping) and not {*node} & {*_KEYS}:
        for key, part in node.items():
            yield from _leaves(f"{path}.{key}", part)
    else:
        yield path, node


def _leaf_problems(name: str, leaf: Any) -> Iterator[str]:
    where = f"{_WHERE}.{name}"
    if "." not in name:
        yield (
            f"{where} names no argument. Options are compared with a sweep: "
            f"clusterlab run -m {name}=A,B."
        )
    elif name.rpartition(".")[2] == "_target_":
        yield f"{where}: a class cannot be searched. Compare classes with a sweep (run -m)."
    elif isinstance(leaf, list):
        yield from _values_problems(where, leaf)
    elif isinstance(leaf, Mapping):
        yield from _mapping_problems(where, leaf)
    else:
        hint = closest(name.rpartition(".")[2], _KEYS)
        yield (
            f"{where} is {leaf!r}: give a list of values ([2, 5]), or the ends of a range "
            f"({{low: 2, high: 5}}).{hint}"
        )


def _values_problems(where: str, values: Any) -> Iterator[str]:
    if not isinstance(values, list) or not values:
        yield f"{where} has no values: give a list, such as [2, 5]."
        return
    for index, value in enumerate(values):
        if value is not None and not isinstance(value, (bool, int, float, str)):
            yield f"{where}: {value!r} cannot be tried; values are numbers, words or null."
        elif value in values[:index]:
            yield f"{where} lists {value!r} twice."


def _mapping_problems(where: str, leaf: Mapping[str, Any]) -> Iterator[str]:
    for key in leaf:
        if key not in _KEYS:
            yield f"{where}: unknown key '{key}'.{closest(key, _KEYS)} Keys: {', '.join(_KEYS)}."
    if not isinstance(leaf.get("when", {}), Mapping):
        yield f"{where}: when is {leaf['when']!r}; write {{argument: [value, ...]}}."
    if "values" in leaf:
        others = [key for key in ("low", "high", "log", "step") if key in leaf]
        if others:
            yield f"{where} has both values and {others[0]}: choose one."
        yield from _values_problems(where, leaf["values"])
    else:
        yield from _ends_problems(where, leaf)


def _ends_problems(where: str, leaf: Mapping[str, Any]) -> Iterator[str]:
    low: Any = leaf.get("low")
    high: Any = leaf.get("high")
    step: Any = leaf.get("step")
    wrong = [
        key
        for key, value in (("low", low), ("high", high), ("step", step))
        if not _is_number(value) and not (key == "step" and value is None)
    ]
    if wrong:
        yield f"{where}: {' and '.join(wrong)} must be a number: {{low: 2, high: 20}}."
    elif low >= high:
        yield f"{where}: low is {low} and high is {high}; low must be below high."
    elif not isinstance(leaf.get("log", False), bool):
        yield f"{where}: log is {leaf['log']!r}; it must be true or false."
    elif leaf.get("log") and step is not None:
        yield f"{where}: a range has either log or a step."
    elif leaf.get("log") and (low < 1 if _integer(leaf) else low <= 0):
        yield f"{where}: log needs a low of {'at least 1' if _integer(leaf) else 'more than 0'}."
    elif step is not None:
        yield from _step_problems(where, leaf)


def _step_problems(where: str, leaf: Mapping[str, Any]) -> Iterator[str]:
    low, high, step = leaf["low"], leaf["high"], leaf["step"]
    if step <= 0:
        yield f"{where}: step is {step}; it must be above 0."
        return
    steps = (high - low) / step
    if not math.isclose(steps, max(round(steps), 1), rel_tol=1e-9):
        yield f"{where}: steps of {step} lead from {low} past {high}: choose another step or high."


def _when_problems(ranges: Mapping[str, Range], known: Sequence[str]) -> Iterator[str]:
    """known: all arguments, those too whose ranges are wrong."""
    for name, span in ranges.items():
        where = f"{_WHERE}.{name}: when"
        for other, held in span.when.items():
            if other == name or other not in known:
                hint = closest(other, [one for one in known if one != name])
                yield f"{where} names '{other}', which is not searched.{hint}"
            elif other in ranges and not ranges[other].choices:
                yield f"{where} needs '{other}' to have a list of values."
            elif other in ranges:
                choices = ranges[other].choices
                for value in held:
                    if value not in choices:
                        hint = closest(str(value), map(str, choices))
                        yield f"{where} {other} is {value!r}: no such value is tried.{hint}"


def _in_order(ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Those that a `when` names first; without those that wait for each other."""
    found: dict[str, Range] = {}
    while ready := [
        name for name, span in ranges.items() if name not in found and {*span.when} <= {*found}
    ]:
        found |= {name: ranges[name] for name in ready}
    return found


def _range(leaf: Any, stage: str) -> Range:
    if isinstance(leaf, list):
        return Range(choices=tuple(leaf))
    when = {
        (other if other.partition(".")[0] in SEARCHED else f"{stage}.{other}"): (
            tuple(held) if isinstance(held, list) else (held,)
        )
        for other, held in leaf.get("when", {}).items()
    }
    if "values" in leaf:
        return Range(choices=tuple(leaf["values"]), when=when)
    integer = _integer(leaf)
    low, high, step = leaf["low"], leaf["high"], leaf.get("step")
    return Range(
        low=low if integer else float(low),
        high=high if integer else float(high),
        step=step if integer or step is None else float(step),
        log=leaf.get("log", False),
        integer=integer,
        when=when,
    )


def _integer(leaf: Mapping[str, Any]) -> bool:
    """Whole ends mean whole numbers; 1.0 is not whole."""
    ends = (leaf.get("low"), leaf.get("high"), leaf.get("step"))
    return all(isinstance(end, int) for end in ends if end is not None)


def _is_number(value: Any) -> bool:
    finite = isinstance(value, (int, float)) and math.isfinite(value)
    return finite and not isinstance(value, bool)
