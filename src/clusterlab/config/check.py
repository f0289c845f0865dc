"""Checks a composed config before anything is run: every stage, key and value."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PIL import ImageColor

from clusterlab.config.construct import locate
from clusterlab.config.find import options
from clusterlab.config.schema import RunConfig
from clusterlab.config.targets import FACTORIES, target_problems
from clusterlab.errors import closest
from clusterlab.stages import SEVERAL

# As models/precision.py and models/place.py have them; those are too heavy to ask for a name.
CHOICES = {
    "precision": ("auto", "fp32", "bf16", "fp16"),
    "backend": ("torch", "openvino"),
    "clustered_split": ("all", "train", "val", "test"),
    "scored_split": ("auto", "all", "train", "val", "test"),
}
# What a stage calls; one of them is enough.
_METHODS = {
    "dataset": ("load",),
    "extractor": ("prepare", "transform", "texts", "join"),
    "finetune": ("tune",),
    "reducer": ("fit_transform", "learn"),
    "clusterer": ("fit_predict", "fit"),
    "view": ("fit_transform",),
    "evaluator": ("evaluate",),
    "labeler": ("answers",),
    "namer": ("name",),
}


def problems(config: Mapping[str, Any], stages: Sequence[str]) -> list[str]:
    """Every problem with these parts of a resolved config; empty where it can be built."""
    allowed = list(config["allowed_targets"])
    known = [field.name for field in dataclasses.fields(RunConfig)]
    found = [f"Unknown key '{key}'.{closest(key, known)}" for key in config if key not in known]
    for stage in stages:
        node = config[stage]
        parts = {stage: node}
        if stage in SEVERAL:
            parts = {f"{stage}.{name}": part for name, part in node.items()}
            found += _strays(node, stage)
        for where, part in parts.items():
            if stage not in SEVERAL or _is_component(part):
                found += _component_problems(part, where, stage, allowed)
    return found


def _is_component(node: Any) -> bool:
    return isinstance(node, Mapping) and "_target_" in node


def _strays(node: Mapping[str, Any], stage: str) -> Iterator[str]:
    """Arguments of components that were not chosen, in a stage that may have several."""
    chosen = [name for name, part in node.items() if _is_component(part)]
    known = options(stage)
    for name, part in node.items():
        if _is_component(part):
            continue
        if name in known and isinstance(part, Mapping):
            together = f"'{stage}=[{','.join([*chosen, name])}]'" if chosen else f"{stage}={name}"
            yield (
                f"{stage}.{name}.{next(iter(part), '')} is set, but {name} is not among what was "
                f"chosen ({stage}={'+'.join(chosen) or 'none'}). Add it: {together}."
            )
        else:
            meant = [f"An option's name comes first: {stage}.{one}.{name}." for one in chosen[:1]]
            said = f"{stage}.{name} has no _target_: it does not say which class to build."
            yield " ".join([f"{said}{closest(name, known)}", *meant])


def _component_problems(node: Any, where: str, stage: str, allowed: Sequence[str]) -> list[str]:
    if not isinstance(node, Mapping) or "_target_" not in node:
        return [f"{where} has no _target_: it does not say which class to build."]
    return list(target_problems(node, where, allowed)) or _role_problems(
        node["_target_"], where, stage
    )


def value_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Values of the top level that have the right type and make no sense."""
    batch_size, device = config["batch_size"], config["device"]
    if batch_size != "auto" and not isinstance(batch_size, int):
        yield f"batch_size is {batch_size!r}; it must be a whole number, or auto."
        batch_size = None
    if not isinstance(device, str) and not all(isinstance(name, str) for name in device or [None]):
        yield f"device is {device!r}; it must be auto, cpu, cuda, cuda:N, mps or a list of them."
    for name, known in CHOICES.items():
        if config[name] not in known:
            yield (
                f"Unknown {name} '{config[name]}'.{closest(config[name], known)} "
                f"Use one of {', '.join(known)}."
            )
    least = {
        "batch_size": (None if batch_size == "auto" else batch_size, 1),
        "workers": (config["workers"], 1),
        "report.max_thumbnails": (config["report"]["max_thumbnails"], 0),
        "decode.reduce_to": (config["decode"]["reduce_to"], 1),
    }
    for name, (value, bound) in least.items():
        if value is not None and value < bound:
            yield f"{name} is {value}; it must be at least {bound}."
    try:
        ImageColor.getrgb(config["decode"]["background"])
    except ValueError:
        colour = config["decode"]["background"]
        yield f"decode.background '{colour}' is no colour. Use a name (white) or '#rrggbb'."


def _role_problems(path: str, where: str, stage: str) -> list[str]:
    """Whether the class can do what its stage asks of it; a chain says so only once it is built."""
    needed = _METHODS[stage]
    target = locate(path)
    if path in FACTORIES or any(hasattr(target, name) for name in needed):
        return []
    return [f"{where}: {path} has no {' or '.join(needed)}, so it cannot be a {stage}."]
