"""What a config file may not grant itself: a config is code otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml
from omegaconf import DictConfig, OmegaConf

from clusterlab.config.find import conf_dir
from clusterlab.errors import ConfigError

_CALLBACK = "clusterlab.config.sweep.SweepSummary"


def check_trust(config: DictConfig, overrides: Sequence[str]) -> None:
    """Raises ConfigError where a config file grants itself what only a person may grant.

    `allowed_targets` is widened on the command line alone, and Hydra's own parts (callbacks,
    launcher, sweeper), which it builds before any check of ours, come from Hydra and its plugins.
    """
    typed = any(word.lstrip("+").startswith("allowed_targets=") for word in overrides)
    check_allowed(config.allowed_targets, typed=typed)
    for part in ("callbacks", "launcher", "sweeper"):
        for target in _targets(OmegaConf.select(config, f"hydra.{part}")):
            if target != _CALLBACK and not target.startswith(("hydra.", "hydra_plugins.")):
                raise ConfigError(
                    f"hydra.{part} names '{target}', which is no part of Hydra or its plugins."
                )


def check_allowed(allowed: Sequence[str], *, typed: bool) -> None:
    """Raises ConfigError for packages beyond the shipped ones that nobody typed."""
    shipped = yaml.safe_load((conf_dir() / "config.yaml").read_text(encoding="utf-8"))
    added = sorted({*allowed} - {*shipped["allowed_targets"]})
    if added and not typed:
        raise ConfigError(
            f"A config file allows {', '.join(added)} in allowed_targets, which only the command "
            f"line can: allowed_targets='[{','.join(allowed)}]'."
        )


def _targets(node: object) -> Iterator[str]:
    if isinstance(node, DictConfig) and not node._is_none():
        for key, part in node.items_ex(resolve=False):
            if key == "_target_":
                yield str(part)
            yield from _targets(part)
