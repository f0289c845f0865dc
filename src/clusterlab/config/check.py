"""Checks a composed config before anything is run: every `_target_`, argument and value.

Hydra composes `+clusterer.kk=3` or `clusterer.n_clusters=ten` without a word; a run would fail on
it minutes later. Here each component's arguments are bound to the signature they are meant for.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pydantic

from clusterlab.config.schema import RunConfig
from clusterlab.errors import closest

_HYDRA_KEYS = {"_target_", "_args_", "_partial_", "_convert_", "_recursive_"}


def problems(config: Mapping[str, Any], stages: Sequence[str]) -> list[str]:
    """Every problem with these parts of a resolved config; empty where it can be built."""
    allowed = list(config["allowed_targets"])
    known = [field.name for field in dataclasses.fields(RunConfig)]
    found = [f"Unknown key '{key}'.{closest(key, known)}" for key in config if key not in known]
    for stage in stages:
        node = config[stage]
        if stage == "view":
            for name, part in node.items():
                found += _problems(part, f"view.{name}", allowed, required=True)
        else:
            found += _problems(node, stage, allowed, required=True)
    return found


def _problems(node: Any, where: str, allowed: Sequence[str], *, required: bool) -> Iterator[str]:
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield from _target_problems(node, where, allowed)
        elif required:
            yield f"{where} has no _target_: it does not say which class to build."
        for key, part in node.items():
            yield from _problems(part, f"{where}.{key}", allowed, required=False)
    elif isinstance(node, list):
        for index, part in enumerate(node):
            yield from _problems(part, f"{where}[{index}]", allowed, required=False)


def _target_problems(node: Mapping[str, Any], where: str, allowed: Sequence[str]) -> Iterator[str]:
    path = node["_target_"]
    if not isinstance(path, str) or path.split(".")[0] not in allowed:
        yield (
            f"{where}: _target_ '{path}' is outside the allowed packages "
            f"({', '.join(allowed)}). Trust it with allowed_targets='[{','.join(allowed)},...]'."
        )
        return
    try:
        target = locate(path)
    except (ImportError, AttributeError) as error:
        yield f"{where}: _target_ '{path}' cannot be imported: {error}."
        return
    arguments = {key: value for key, value in node.items() if key not in _HYDRA_KEYS}
    yield from _argument_problems(target, arguments, list(node.get("_args_", [])), where)


def locate(path: str) -> Any:
    """The class or function at a dotted path. Raises ImportError or AttributeError."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _argument_problems(
    target: Any, arguments: Mapping[str, Any], positional: Sequence[Any], where: str
) -> Iterator[str]:
    parameters = inspect.signature(target).parameters
    known = [name for name, p in parameters.items() if p.kind not in (p.VAR_POSITIONAL,)]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for name in arguments:
        if name not in parameters and not open_ended:
            yield (
                f"Unknown key '{where}.{name}': {target.__name__} takes no such argument."
                f"{closest(name, known)} Arguments: {', '.join(known)}."
            )
    given = {name: value for name, value in arguments.items() if name in parameters}
    for name, parameter in list(parameters.items())[len(positional) :]:
        if (
            parameter.default is parameter.empty
            and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
            and name not in given
        ):
            yield f"{where}.{name} is missing: {target.__name__} needs it."
    plain = {name: value for name, value in given.items() if not _holds_target(value)}
    yield from _value_problems(target, plain, where)


def _value_problems(target: Any, given: Mapping[str, Any], where: str) -> Iterator[str]:
    constraints = getattr(target, "_parameter_constraints", None)
    if isinstance(constraints, Mapping):
        yield from _constraint_problems(target, constraints, given, where)
        return
    hints = _hints(target)
    for name, value in given.items():
        if value == "???":
            yield f"{where}.{name} has no value yet. Set it: {where}.{name}=..."
        elif name in hints and not _fits(value, hints[name]):
            yield (f"Wrong type for '{where}.{name}': {value!r} is not {_readable(hints[name])}.")


def _constraint_problems(
    target: Any, constraints: Mapping[str, Any], given: Mapping[str, Any], where: str
) -> Iterator[str]:
    """scikit-learn's own statement of what each parameter may be."""
    from sklearn.utils._param_validation import (
        InvalidParameterError,
        validate_parameter_constraints,
    )

    for name, value in given.items():
        try:
            validate_parameter_constraints(constraints, {name: value}, target.__name__)
        except InvalidParameterError as error:
            yield f"Wrong value for '{where}.{name}': {error}"


def _hints(target: Any) -> dict[str, Any]:
    function = target.__init__ if inspect.isclass(target) else target
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError):
        # A library that annotates with names it does not import: nothing to check against.
        return {}


def _fits(value: Any, hint: Any) -> bool:
    # Pydantic reads a config's list where a tuple or Sequence is meant only when not strict;
    # everything else is strict, so that "10" is no number.
    try:
        adapter = pydantic.TypeAdapter(
            hint, config=pydantic.ConfigDict(arbitrary_types_allowed=True)
        )
    except pydantic.PydanticSchemaGenerationError:
        return True
    try:
        adapter.validate_json(_json(value), strict=True)
    except pydantic.ValidationError:
        return False
    return True


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def _readable(hint: Any) -> str:
    return hint.__name__ if inspect.isclass(hint) else str(hint).replace("typing.", "")


def _holds_target(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "_target_" in value or any(_holds_target(part) for part in value.values())
    if isinstance(value, list):
        return any(_holds_target(part) for part in value)
    return False
