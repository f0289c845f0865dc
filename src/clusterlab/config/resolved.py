"""What a composed config comes to: plain values, the options chosen, YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from clusterlab.config.explain import plain_errors
from clusterlab.errors import ConfigError
from clusterlab.stages import SEVERAL, STAGES


def resolve(config: DictConfig) -> dict[str, Any]:
    """The config without Hydra's part, every interpolation resolved, as plain values.

    Raises ConfigError for values that are still missing.
    """
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    with plain_errors():
        missing = sorted(OmegaConf.missing_keys(own))
        if missing:
            raise ConfigError([f"{key} has no value yet. Set it: {key}=..." for key in missing])
        resolved = OmegaConf.to_container(own, resolve=True)
    assert isinstance(resolved, dict)
    return {str(key): value for key, value in resolved.items()}


def stage_choices(choices: Any) -> dict[str, str]:
    """group -> option in the order of the stages, without Hydra's own groups; several views are
    joined by '+'."""
    found = {}
    for group, option in choices.items():
        if not str(group).startswith("hydra/") and option is not None:
            parts = [option] if isinstance(option, str) else list(option)
            found[str(group)] = "+".join(str(part) for part in parts)
    return {group: found[group] for group in (*STAGES, *found) if group in found}


def of_a_run(
    resolved: Mapping[str, Any], choices: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What of a config and its choices is about one run: not what to search for, and no categories
    where nobody labels."""
    without = {"search", *(() if resolved["labeler"] else ("taxonomy",))}
    config = {key: value for key, value in resolved.items() if key not in without}
    # Hydra does not tell of options that were chosen together; their names are those of the parts.
    together = {stage: "+".join(resolved[stage]) for stage in SEVERAL if resolved[stage]}
    made = {**together, **choices}
    return config, {
        group: made[group] for group in (*STAGES, *made) if group in made and group not in without
    }


def dump(resolved: dict[str, Any]) -> str:
    """The resolved config as YAML, in the order of the stages."""
    return yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True)
