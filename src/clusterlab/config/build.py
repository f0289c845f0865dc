"""Builds a plan from a composed config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.utils import instantiate
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from PIL import ImageColor

from clusterlab.config.check import problems
from clusterlab.config.compose import STAGES
from clusterlab.errors import ClusterlabError, ConfigError
from clusterlab.pipeline import Plan
from clusterlab.store import Store, default_folder
from clusterlab.types import Component, Decoding


def build(config: Mapping[str, Any], choices: Mapping[str, str]) -> Plan:
    """The plan of a resolved config. Raises ConfigError with every problem found.

    choices: group -> the option chosen.
    """
    found = [*problems(config, STAGES), *_colour_problems(config["decode"]["background"])]
    if found:
        raise ConfigError(found)
    built: dict[str, Component] = {}
    for stage in STAGES:
        if stage != "view":
            built[stage] = _component(choices.get(stage, stage), config[stage], stage, found)
    views = {
        name: _component(name, node, f"view.{name}", found) for name, node in config["view"].items()
    }
    if found:
        raise ConfigError(found)
    return Plan(
        name=config["name"],
        seed=config["seed"],
        dataset=built["dataset"],
        extractor=built["extractor"],
        reducer=built["reducer"],
        clusterer=built["clusterer"],
        evaluator=built["evaluator"],
        views=views,
        decoding=Decoding(**config["decode"]),
        store=Store(default_folder()) if config["store"] else None,
        workers=config["workers"],
        batch_size=config["batch_size"],
        max_thumbnails=config["report"]["max_thumbnails"],
        choices=dict(choices),
        config=config,
    )


def _colour_problems(colour: str) -> list[str]:
    try:
        ImageColor.getrgb(colour)
    except ValueError:
        return [f"decode.background '{colour}' is no colour. Use a name (white) or '#rrggbb'."]
    return []


def _component(name: str, node: Mapping[str, Any], where: str, found: list[str]) -> Component:
    try:
        instance = instantiate(OmegaConf.create(dict(node)), _convert_="all")
    except Exception as error:
        cause = error.__cause__ or error
        if isinstance(cause, OmegaConfBaseException) or not isinstance(cause, ClusterlabError):
            found.append(f"{where} cannot be built: {type(cause).__name__}: {cause}")
        else:
            found.append(f"{where}: {cause}")
        instance = None
    return Component(name=name, config=dict(node), instance=instance)
