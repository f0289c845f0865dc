"""Whether each `_target_` may be built, and takes the arguments that it is given.

Hydra composes `+clusterer.kk=3` or `clusterer.n_clusters=ten` without a word; a run would fail on
it minutes later. Here each component's arguments are bound to the signature they are meant for.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pydantic

from clusterlab.config.construct import locate
from clusterlab.errors import closest

_OWN_KEYS = ("_target_", "_args_")
# The functions that make estimators; anything else that is built is a class.
FACTORIES = ("sklearn.pipeline.make_pipeline", "sklearn.pipeline.make_union")
# Of an extractor that is one model; people set them for any.
_MODELS = ("model", "weights")


def target_problems(node: Any, where: str, allowed: Sequence[str]) -> Iterator[str]:
    """Every problem with a `_target_` in this part of a config, or anywhere below it."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield from _own_problems(node, where, allowed)
        for key, part in node.items():
            yield from target_problems(part, f"{where}.{key}", allowed)
    elif isinstance(node, list):
        for index, part in enumerate(node):
            yield from target_problems(part, f"{where}[{index}]", allowed)


def _own_problems(node: Mapping[str, Any], where: str, allowed: Sequence[str]) -> Iterator[str]:
    path = node["_target_"]
    if not isinstance(path, str) or not _is_in(path, allowed):
        yield _outside(where, path, allowed)
        return
    try:
        target = locate(path)
    except (ImportError, AttributeError, ValueError) as error:
        yield f"{where}: _target_ '{path}' cannot be imported: {error}."
        return
    if not inspect.isclass(target) and path not in FACTORIES:
        yield f"{where}: _target_ '{path}' is no class (nor {' nor '.join(FACTORIES)})."
    elif not _is_in(target.__module__, allowed):
        yield _outside(where, f"{target.__module__}.{target.__qualname__}", allowed)
    else:
        arguments = {key: value for key, value in node.items() if key not in _OWN_KEYS}
        yield from _argument_problems(target, arguments, list(node.get("_args_", [])), where)


def _is_in(path: str, packages: Sequence[str]) -> bool:
    return any(path == package or path.startswith(f"{package}.") for package in packages)


def _outside(where: str, path: Any, allowed: Sequence[str]) -> str:
    package = str(path).split(".")[0]
    return (
        f"{where}: _target_ '{path}' is outside the allowed packages ({', '.join(allowed)}). If "
        f"you trust {package}, add it on the command line: "
        f"allowed_targets='[{','.join([*allowed, package])}]'."
    )


def _argument_problems(
    target: Any, arguments: Mapping[str, Any], positional: Sequence[Any], where: str
) -> Iterator[str]:
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        yield f"{where}: {target.__name__} does not tell its arguments, so they cannot be checked."
        return
    known = [name for name, p in parameters.items() if p.kind not in (p.VAR_POSITIONAL,)]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for name in arguments:
        if name not in parameters and not open_ended and where == "extractor" and name in _MODELS:
            yield (
                f"extractor.{name} is set, but {target.__name__} has no such argument: it is for "
                "an extractor that is one model, such as timm or transformers (clusterlab list "
                f"extractor). In a fusion it is a part's: extractor.parts.NAME.{name}."
            )
        elif name not in parameters and not open_ended:
            yield (
                f"Unknown key '{where}.{name}': {target.__name__} takes no such argument."
                f"{closest(name, known)} Arguments: {', '.join(known) or 'none'}. (Where an "
                f"experiment sets it for another class, take it out: '~{where}.{name}'.)"
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
            expected = _readable(hints[name])
            way_out = _in_brackets(f"{where}.{name}", value, hints[name])
            yield f"Wrong type for '{where}.{name}': {value!r} is not {expected}.{way_out}"


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
        adapter.validate_json(json.dumps(value), strict=True)
    except pydantic.ValidationError:
        return False
    return True


def _in_brackets(name: str, value: Any, hint: Any) -> str:
    """People write a list of one without its brackets."""
    if isinstance(value, (str, int, float)) and _fits([value], hint):
        return f" Write a list in brackets: '{name}=[{value}]'."
    return ""


def _readable(hint: Any) -> str:
    return (
        hint.__name__
        if inspect.isclass(hint)
        else str(hint).replace("typing.", "").replace("collections.abc.", "")
    )


def _holds_target(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "_target_" in value or any(_holds_target(part) for part in value.values())
    if isinstance(value, list):
        return any(_holds_target(part) for part in value)
    return False
