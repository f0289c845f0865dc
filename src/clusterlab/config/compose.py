"""Composes a config from options and overrides, and says in plain words what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from clusterlab.config.find import conf_dir, groups
from clusterlab.config.schema import register
from clusterlab.errors import ClusterlabError, ConfigError, closest

STAGES = ("dataset", "extractor", "reducer", "clusterer", "view", "evaluator")
_STAGE_KEYS = tuple(f"{stage}." for stage in STAGES)


def compose(overrides: Sequence[str] = (), config_dir: Path | None = None) -> DictConfig:
    """The composed config, `hydra` included. Raises ConfigError."""
    register()
    overrides = normalize(overrides)
    check_options(overrides, config_dir)
    GlobalHydra.instance().clear()
    with (
        plain_errors(config_dir),
        initialize_config_dir(str(conf_dir()), version_base="1.3"),
    ):
        search = [f"hydra.searchpath=[file://{existing(config_dir)}]"] if config_dir else []
        return hydra_compose("config", [*overrides, *search], return_hydra_config=True)


def normalize(overrides: Sequence[str]) -> list[str]:
    """What a user types first, in Hydra's terms.

    `experiment=x` means `+experiment=x`: the group is not in the defaults. `clusterer.max_iter=9`
    means `++clusterer.max_iter=9`, whether or not the YAML writes that argument out: the check
    against the signature says which arguments there are.
    """
    words = [f"+{text}" if text.startswith("experiment=") else text for text in overrides]
    return [f"++{text}" if text.startswith(_STAGE_KEYS) else text for text in words]


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
        if override.is_sweep_override():
            problems += _sweep_problems(override.input_line, group, value, list(known[group]))
            continue
        for option in value if isinstance(value, list) else [value]:
            problems += _option_problems(group, option, list(known[group]))
    if problems:
        raise ConfigError(problems)


def _option_problems(group: str, option: object, known: Sequence[str]) -> Iterator[str]:
    if option is not None and str(option) not in known:
        yield (
            f"Unknown {group} '{option}'.{closest(str(option), known)} "
            f"See: clusterlab list {group}."
        )


def _sweep_problems(
    line: str | None, group: str, value: object, known: Sequence[str]
) -> Iterator[str]:
    from hydra.core.override_parser.types import ChoiceSweep, Glob

    if isinstance(value, Glob) and not value.filter(list(known)):
        yield (
            f"The sweep '{line}' matches no {group}, so there is nothing to run. "
            f"See: clusterlab list {group}."
        )
    if isinstance(value, ChoiceSweep):
        for option in value.list:
            yield from _option_problems(group, option, known)


@contextmanager
def plain_errors(config_dir: Path | None = None) -> Iterator[None]:
    """Turns what Hydra, OmegaConf and YAML raise into a ConfigError with a way out."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{mark.name}, line {mark.line + 1}" if mark else "a config file"
        raise ConfigError(f"Malformed YAML in {where}: {error.problem}.") from error
    except ClusterlabError:
        raise
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explain(error, config_dir)) from error


def _explain(error: Exception, config_dir: Path | None) -> str:
    text = str(error)
    cause = str(error.__cause__) if error.__cause__ else ""
    for pattern, explain in _EXPLANATIONS:
        match = re.search(pattern, f"{text}\n{cause}", re.DOTALL)
        if match:
            return explain(match, config_dir)
    first = " ".join(f"{text} {cause}".split())
    return f"The config cannot be composed: {first}"


def _unknown_key(match: re.Match[str], config_dir: Path | None) -> str:
    key = match["key"].lstrip("+~")
    known = groups(config_dir)
    names = [*known, *_default_keys()]
    if "/" in key or (key in known):
        return f"'{key}' cannot be overridden here. See: clusterlab list {key}."
    parent, _, last = key.rpartition(".")
    siblings = [name.rpartition(".")[2] for name in names if name.rpartition(".")[0] == parent]
    hint = closest(last, siblings) if parent else closest(key, names)
    way_out = "See: clusterlab show"
    return f"Unknown key '{key}'.{hint} {way_out}{f' (the part {parent})' if parent else ''}."


def _default_keys() -> list[str]:
    """The dotted keys of the default config, as written."""

    def walk(node: object, prefix: str) -> Iterator[str]:
        if isinstance(node, dict):
            for name, value in node.items():
                yield f"{prefix}{name}"
                yield from walk(value, f"{prefix}{name}.")

    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return list(walk(OmegaConf.to_container(hydra_compose("config")), ""))


def _wrong_type(match: re.Match[str], _: Path | None) -> str:
    key = match["key"].strip()
    return f"Wrong type for '{key}': {match['what'].strip()}. See: clusterlab show."


_EXPLANATIONS: list[tuple[str, Callable[[re.Match[str], Path | None], str]]] = [
    (r"Could not override '(?P<key>[^']+)'", _unknown_key),
    (r"Key '(?P<key>[^']+)' is not in struct", _unknown_key),
    (r"Key '(?P<key>[^']+)' not in '\w+'", _unknown_key),
    (r"(?P<what>Value '[^\n]*)\n\s+full_key: (?P<key>[^\n]+)", _wrong_type),
    (
        r"Interpolation key '(?P<key>[^']+)' not found\n\s+full_key: (?P<at>[^\n]+)",
        lambda match, _: (
            f"'{match['at']}' refers to '{match['key']}', which the config does not have."
        ),
    ),
    (
        r"Could not (?:find|load) '(?P<key>[^']+)'",
        lambda match, _: f"No config '{match['key']}'. See: clusterlab list.",
    ),
    (
        r"(?P<what>mismatched input|extraneous input|no viable alternative|token recognition)"
        r"(?P<rest>[^\n]*)",
        lambda match, _: (
            f"An override cannot be read: {match['what']}{match['rest']}. Write key=value, and "
            "quote values with spaces, commas or brackets for the shell: 'key=\"a, b\"'."
        ),
    ),
]


def existing(config_dir: Path) -> Path:
    """The folder, absolute. Raises ConfigError where it is none."""
    if not config_dir.is_dir():
        raise ConfigError(f"--config-dir {config_dir} is not a folder.")
    return config_dir.resolve()
