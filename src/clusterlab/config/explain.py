"""Says in plain words what Hydra, OmegaConf and YAML find wrong with a config."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from clusterlab.config.find import conf_dir, groups, options_with
from clusterlab.config.schema import register
from clusterlab.errors import ClusterlabError, ConfigError, closest


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
    if "@experiment" in key:
        return "An experiment's file must begin with the line '# @package _global_'."
    known = groups(config_dir)
    names = [*known, *_default_keys()]
    if "/" in key:
        return _unknown_nested(key, known, config_dir)
    if key in known:
        return f"'{key}' cannot be overridden here. See: clusterlab list {key}."
    parent, _, last = key.rpartition(".")
    siblings = [name.rpartition(".")[2] for name in names if name.rpartition(".")[0] == parent]
    hint = closest(last, siblings) if parent else closest(key, names)
    way_out = "See: clusterlab show"
    return f"Unknown key '{key}'.{hint} {way_out}{f' (the part {parent})' if parent else ''}."


def _unknown_nested(key: str, known: Iterable[str], config_dir: Path | None) -> str:
    """A group within a group is there only where an option of the outer one has it."""
    outer, _, last = key.rpartition("/")
    takers = [f"{outer}={option}" for option in options_with(outer, last, config_dir)]
    if key in known and takers:
        return (
            f"{key} is chosen, in these words or in their experiment, and needs "
            f"{' or '.join(takers)}."
        )
    hint = f" Did you mean '{outer}.{last}'?" if takers else closest(key, known)
    return f"Unknown group '{key}'.{hint} See: clusterlab list."


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


def _unknown_config(match: re.Match[str], config_dir: Path | None) -> str:
    group, _, option = match["key"].rpartition("/")
    known = groups(config_dir).get(group, {})
    hint = closest(option, known)
    return (
        f"Unknown {group or 'config'} '{option}'.{hint} See: clusterlab list {group}".rstrip() + "."
    )


_EXPLANATIONS: list[tuple[str, Callable[[re.Match[str], Path | None], str]]] = [
    (
        r"Error merging override \+*(?P<key>[\w.]+)=(?P<value>[^\n]*)\n"
        r"Invalid value assigned: \w+ is not a ListConfig",
        lambda match, _: (
            f"{match['key']} is a list. Write it in brackets: '{match['key']}=[{match['value']}]'."
        ),
    ),
    (
        r"Error merging override \+*(?P<key>[\w.]+)=(?P<value>[^\n]*)\n"
        r"Invalid type assigned: (?P<kind>\w+) is not a subclass of (?P<wanted>\w+)",
        lambda match, _: (
            f"{match['key']}={match['value']} holds {match['kind']} where {match['wanted']} is "
            "meant."
        ),
    ),
    (
        r"Missing mandatory value: (?P<key>[\w.]+)",
        lambda match, _: f"{match['key']} has no value yet. Set it: {match['key']}=...",
    ),
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
    (r"Could not (?:find|load) '(?P<key>[^']+)'", _unknown_config),
    (
        r"(?P<what>mismatched input|extraneous input|no viable alternative|token recognition)"
        r"(?P<rest>[^\n]*)",
        lambda match, _: (
            f"An override cannot be read: {match['what']}{match['rest']}. Write key=value, and "
            "quote values with spaces, commas or brackets for the shell: 'key=\"a, b\"'."
        ),
    ),
]
