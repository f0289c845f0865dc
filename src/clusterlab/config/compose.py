"""Composes a config from options and overrides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, QuotedString
from omegaconf import DictConfig, OmegaConf

from clusterlab.config.explain import plain_errors
from clusterlab.config.find import STUDY, conf_dir, groups, options_with
from clusterlab.config.schema import register
from clusterlab.config.trust import check_trust
from clusterlab.errors import ConfigError, closest
from clusterlab.stages import STAGES

_EXTRACTORS = ("model=", "weights=")
_MOST_OPTIONS = 3
_STAGE_KEYS = tuple(f"{stage}." for stage in (*STAGES, "search.space", "taxonomy"))
_RANGE = re.compile(r"\+*search\.space\.")


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
    # Hydra would merge a range with the one that is there, and a list with no range at all.
    ranges = [text for text in overrides if _RANGE.match(text)]
    others = [text for text in overrides if text not in ranges]
    with plain_errors(config_dir), initialize_config_dir(str(primary), version_base="1.3"):
        path = [f"hydra.searchpath=[file://{other}]"] if other else []
        config = hydra_compose(config_name, [*others, *path], return_hydra_config=True)
        for one in parsed(ranges):
            OmegaConf.update(config, one.key_or_group, one.value(), merge=False, force_add=True)
        check_trust(config, overrides)
    _check_arguments(overrides, config.hydra.runtime.choices, config_dir)
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
    return [o.input_line for o in parsed(overrides) if o.input_line and not o.is_sweep_override()]


def settled(overrides: Sequence[str]) -> list[str]:
    """What can be judged before a sweep has chosen: the overrides that all its runs share, and of
    arguments that are swept the first value; without what belongs to a component whose option is
    swept, itself or with the experiment.

    >>> settled(["finetune=none,classifier", "finetune/rebalance=balanced", "seed=1"])
    ['seed=1']
    >>> settled(["finetune=classifier", "finetune/rebalance=none,balanced"])
    ['finetune=classifier', 'finetune/rebalance=none']
    """
    said = parsed(overrides)
    swept = {one.key_or_group for one in said if one.is_sweep_override()}
    found = []
    for one in said:
        stage = re.split("[./]", one.key_or_group)[0]
        is_argument = stage != one.key_or_group
        if is_argument and {stage, "experiment"} & swept:
            continue
        if one.input_line and not one.is_sweep_override():
            found.append(one.input_line)
        elif is_argument and one.is_choice_sweep():
            found.append(f"{one.get_key_element()}={next(one.sweep_string_iterator())}")
    return found


def check_options(overrides: Sequence[str], config_dir: Path | None = None) -> None:
    """Raises ConfigError for every override that names an option its group does not have, and
    for a sweep over a pattern that matches none: Hydra would launch nothing and call it done."""
    known = groups(config_dir)
    problems: list[str] = []
    for override in parsed(overrides, config_dir):
        group = override.key_or_group.replace(".", "/")
        if group == STUDY:
            name = override.value()
            problems.append(
                f"A study is no option of a run: it is many. See: clusterlab study run {name}."
            )
        if group not in known or override.is_delete():
            continue
        value = override.value()
        if group != override.key_or_group and (options := [*_options_in(value)]):
            problems.append(
                f"'{override.key_or_group}' is a group of options: choose one of them with a "
                f"slash, {group}={','.join(options)}."
            )
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


def _check_arguments(
    overrides: Sequence[str], choices: Mapping[str, Any], config_dir: Path | None
) -> None:
    """Raises ConfigError for arguments of a component that the run leaves out (finetune=none)."""
    problems: list[str] = []
    for override in parsed(overrides):
        stage, _, key = override.key_or_group.partition(".")
        is_left_out = stage in STAGES and choices.get(stage) == "none"
        if is_left_out and key and not override.is_delete():
            takers = options_with(stage, key.partition(".")[0], config_dir)
            if takers:
                named = [f"{stage}={option}" for option in takers[:_MOST_OPTIONS]]
                problems.append(
                    f"{stage}.{key} is set, but {stage}=none has no such argument. It needs "
                    f"{' or '.join(named)}."
                )
    if problems:
        raise ConfigError(problems)


def parsed(overrides: Sequence[str], config_dir: Path | None = None) -> list[Override]:
    """The words as Hydra understands them. Raises ConfigError."""
    with plain_errors(config_dir):
        return OverridesParser.create().parse_overrides(list(overrides))


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
