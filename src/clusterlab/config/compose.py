"""Composes a config from options and overrides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, QuotedString
from omegaconf import DictConfig

from clusterlab.config.explain import plain_errors
from clusterlab.config.find import conf_dir, groups
from clusterlab.config.schema import register
from clusterlab.config.trust import check_trust
from clusterlab.errors import ConfigError, closest

STAGES = ("dataset", "extractor", "reducer", "clusterer", "view", "evaluator")
_EXTRACTORS = ("model=", "weights=")
_STAGE_KEYS = tuple(f"{stage}." for stage in STAGES)


def compose(
    overrides: Sequence[str] = (), config_dir: Path | None = None, *, config_name: str = "config"
) -> DictConfig:
    """The composed config, `hydra` included. Raises ConfigError."""
    register()
    overrides = normalize(overrides)
    check_options(overrides, config_dir)
    GlobalHydra.instance().clear()
    primary, other = conf_dir(), existing(config_dir) if config_dir else None
    if other is not None and (other / f"{config_name}.yaml").is_file():
        primary, other = other, primary
    with plain_errors(config_dir), initialize_config_dir(str(primary), version_base="1.3"):
        search = [f"hydra.searchpath=[file://{other}]"] if other else []
        config = hydra_compose(config_name, [*overrides, *search], return_hydra_config=True)
        check_trust(config, overrides)
        return config


def normalize(overrides: Sequence[str]) -> list[str]:
    """What a user types first, in Hydra's terms.

    `experiment=x` means `+experiment=x`: the group is not in the defaults. `clusterer.max_iter=9`
    means `++clusterer.max_iter=9`, whether or not the YAML writes that argument out: the check
    against the signature says which arguments there are. `model=` and `weights=` are the
    extractor's.
    """
    words = [f"+{text}" if text.startswith("experiment=") else text for text in overrides]
    words = [f"extractor.{text}" if text.startswith(_EXTRACTORS) else text for text in words]
    return [f"++{text}" if text.startswith(_STAGE_KEYS) else text for text in words]


def without_sweeps(overrides: Sequence[str]) -> list[str]:
    """The overrides that all runs of a sweep share."""
    with plain_errors():
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    return [o.input_line for o in parsed if o.input_line and not o.is_sweep_override()]


def check_options(overrides: Sequence[str], config_dir: Path | None = None) -> None:
    """Raises ConfigError for every override that names an option its group does not have, and
    for a sweep over a pattern that matches none: Hydra would launch nothing and call it done."""
    known = groups(config_dir)
    problems: list[str] = []
    with plain_errors(config_dir):
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    for override in parsed:
        group = override.key_or_group
        if group not in known or override.is_delete():
            continue
        value = override.value()
        if isinstance(value, Glob) and not value.filter(list(known[group])):
            problems.append(
                f"The sweep '{override.input_line}' matches no {group}, so there is nothing to "
                f"run. See: clusterlab list {group}."
            )
        problems += [
            f"Unknown {group} '{option}'.{closest(option, known[group])} "
            f"See: clusterlab list {group}."
            for option in _options_in(value)
            if option not in known[group]
        ]
    if problems:
        raise ConfigError(problems)


def _options_in(value: object) -> Iterator[str]:
    """The options that an override names, in lists and sweeps too."""
    if isinstance(value, ChoiceSweep):
        value = value.list
    if isinstance(value, list):
        for part in value:
            yield from _options_in(part)
    elif isinstance(value, QuotedString):
        yield value.text
    elif isinstance(value, str):
        yield value


def existing(config_dir: Path) -> Path:
    """The folder, absolute. Raises ConfigError where it is none."""
    if not config_dir.is_dir():
        raise ConfigError(f"--config-dir {config_dir} is not a folder.")
    return config_dir.resolve()
