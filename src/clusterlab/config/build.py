"""Builds a plan from a composed config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusterlab.components import Component
from clusterlab.config.check import problems, value_problems
from clusterlab.config.construct import construct
from clusterlab.config.search import search_problems
from clusterlab.errors import ClusterlabError, ConfigError
from clusterlab.plan import Plan
from clusterlab.stages import SEVERAL, STAGES
from clusterlab.store import Store, default_folder
from clusterlab.types import Compute, Decoding


def build(config: Mapping[str, Any], choices: Mapping[str, str]) -> Plan:
    """The plan of a resolved config. Raises ConfigError with every problem found.

    choices: group -> the option chosen.
    """
    found = [*problems(config, STAGES), *value_problems(config), *search_problems(config)]
    if found:
        raise ConfigError(found)
    built: dict[str, Component] = {}
    for stage in STAGES:
        if stage not in SEVERAL:
            built[stage] = _component(choices.get(stage, stage), config[stage], stage, found)
    several = {
        stage: {
            name: _component(name, node, f"{stage}.{name}", found)
            for name, node in config[stage].items()
        }
        for stage in SEVERAL
    }
    if found:
        raise ConfigError(found)
    return Plan(
        name=config["name"],
        seed=config["seed"],
        dataset=built["dataset"],
        extractor=built["extractor"],
        finetune=built["finetune"],
        reducer=built["reducer"],
        clusterer=built["clusterer"],
        evaluator=built["evaluator"],
        views=several["view"],
        labelers=several["labeler"],
        namer=built["namer"],
        decoding=Decoding(**config["decode"]),
        store=Store(default_folder()) if config["store"] else None,
        clustered_split=config["clustered_split"],
        scored_split=config["scored_split"],
        workers=config["workers"],
        batch_size=None if config["batch_size"] == "auto" else config["batch_size"],
        compute=_compute(config),
        max_thumbnails=config["report"]["max_thumbnails"],
        highlight=tuple(config["report"]["highlight"]),
        choices=dict(choices),
        config=config,
    )


def _compute(config: Mapping[str, Any]) -> Compute:
    device = config["device"]
    return Compute(
        device=device if isinstance(device, str) else tuple(device),
        precision=config["precision"],
        compile=config["compile"],
        backend=config["backend"],
    )


def component(stage: str, config: Mapping[str, Any], choices: Mapping[str, str]) -> Component:
    """One stage of a checked config. Raises whatever its constructor does."""
    node = config[stage]
    return Component(name=choices.get(stage, stage), config=dict(node), instance=construct(node))


def _component(name: str, node: Mapping[str, Any], where: str, found: list[str]) -> Component:
    try:
        instance = construct(node)
    except ClusterlabError as error:
        found.append(f"{where}: {error}")
    except Exception as error:
        # A constructor may raise anything, and all that is wrong is to be reported at once.
        found.append(f"{where} cannot be built: {type(error).__name__}: {error}")
    else:
        return Component(name=name, config=dict(node), instance=instance)
    return Component(name=name, config=dict(node), instance=None)
