"""A sweep that an experiment's file writes down: `hydra: {mode: MULTIRUN, sweeper: {params: ...}}`.

Hydra would carry it out by itself, but not see that `clusterer.n_clusters` and our
`++clusterer.n_clusters` are the same key: so it is turned into words, as if they had been typed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Glob, Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from clusterlab.config.compose import compose, normalize, parsed, settled, without_sweeps
from clusterlab.config.explain import plain_errors
from clusterlab.config.find import groups
from clusterlab.errors import ConfigError, UsageError


@dataclass(frozen=True)
class OwnSweep:
    """What a composed config says about sweeping.

    on: whether it is to be swept. words: what the file sweeps over, as it would be typed. hydra:
    what tells Hydra that this is all.
    """

    on: bool = False
    words: tuple[str, ...] = ()
    hydra: tuple[str, ...] = ()


def own_sweep(config: DictConfig, overrides: Sequence[str], *, asked: bool = False) -> OwnSweep:
    """What a config says about sweeping that was composed from these overrides.

    A key among the overrides takes the place of the file's; where that leaves one value of each,
    it is no sweep any more. asked: by -m; then it is one in any case, and Hydra takes the file's
    values whatever its mode. Raises ConfigError for what cannot be swept over.
    """
    params, mode = _params(config.hydra), config.hydra.mode
    if not asked and mode != RunMode.MULTIRUN:
        return OwnSweep()
    typed = {one.key_or_group for one in parsed(normalize(overrides))}
    words = normalize([f"{key}={_typed(key, value)}" for key, value in params.items()])
    words = [word for word in words if parsed([word])[0].key_or_group not in typed]
    # A sweeper that is a plugin has values of its own kind.
    if not asked and _is_hydras(config.hydra) and not sweeps([*words, *overrides]):
        return OwnSweep(hydra=("hydra.mode=RUN",))
    taken = ("hydra.sweeper.params=null",) if params else ()
    return OwnSweep(on=True, words=tuple(words), hydra=taken)


def compose_first(
    overrides: Sequence[str],
    config_dir: Path | None = None,
    *,
    config_name: str = "config",
    asked: bool = False,
) -> tuple[DictConfig, OwnSweep]:
    """What can be composed before a sweep has chosen, as `settled` says, and the sweep that the
    config itself holds. Raises ConfigError."""
    config = compose(settled(overrides), config_dir, config_name=config_name)
    sweep = own_sweep(config, overrides, asked=asked)
    if sweeps(overrides) and not (sweep.on or asked):
        # Hydra says of values with commas that they make no single run.
        return compose(overrides, config_dir, config_name=config_name), sweep
    if sweep.words:
        whole = settled([*sweep.words, *overrides])
        config = compose(whole, config_dir, config_name=config_name)
    return config, sweep


def sweeps(overrides: Sequence[str], config_dir: Path | None = None) -> dict[str, list[str]]:
    """Key -> its values as they would be typed, of every override that is a sweep.

    >>> sweeps(["seed=0,1", "clusterer=kmeans"])
    {'seed': ['0', '1']}
    """
    known = parsed(normalize(overrides))
    return {one.key_or_group: _values(one, config_dir) for one in known if one.is_sweep_override()}


def n_runs(found: Mapping[str, Sequence[str]]) -> int:
    """Every combination is a run."""
    return math.prod(map(len, found.values()))


def configs_of(
    overrides: Sequence[str], config_dir: Path | None = None
) -> Iterator[tuple[str, DictConfig]]:
    """What is swept beside the composed config, "" where it is no sweep; of a sweep as many configs
    as show every value once, not every combination. Raises ConfigError."""
    config, sweep = compose_first(overrides, config_dir)
    found = sweeps([*sweep.words, *overrides], config_dir) if sweep.on else {}
    if not found:
        yield "", config
        return
    fixed = without_sweeps(normalize(overrides))
    chosen = {*groups(config_dir)} & {*found}
    for words in one_at_a_time(found):
        if chosen:
            config = compose([*fixed, *words], config_dir)
        else:
            # Composing takes longer than all else; values change without it.
            with plain_errors(config_dir):
                for one in parsed(words):
                    OmegaConf.update(config, one.key_or_group, one.value(), force_add=True)
        yield " ".join(words), config


def one_at_a_time(found: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Overrides in which every value of each key occurs, beside the first of the others.

    >>> list(one_at_a_time({"a": ["1", "2"], "b": ["x", "y"]}))
    [['a=1', 'b=x'], ['a=2', 'b=x'], ['a=1', 'b=y']]
    """
    first = {key: values[0] for key, values in found.items()}
    yield [f"{key}={value}" for key, value in first.items()]
    for key, values in found.items():
        for value in values[1:]:
            yield [f"{name}={one}" for name, one in {**first, key: value}.items()]


def refuse_sweep(config: DictConfig, overrides: Sequence[str], what: str) -> None:
    """Raises UsageError where the config is a sweep. what: needs one config, as the message has it,
    such as "clusterlab.run"."""
    if own_sweep(config, overrides).on:
        found = sweeps([*own_sweep(config, overrides).words, *overrides])
        first = " ".join(f"{key}={values[0]}" for key, values in found.items())
        raise UsageError(
            f"{config.name} is a sweep of {n_runs(found)} runs over {' and '.join(found)}, and "
            f"{what} takes one config. Carry it out with `clusterlab run`, or set what it sweeps "
            f"over, such as {first}; hydra.mode=RUN takes the file's other values as they are."
        )


def check_job(config: DictConfig) -> None:
    """Raises ConfigError for a job of a sweep whose own experiment is a sweep too: Hydra would run
    it once, as if it were none."""
    hydra = HydraConfig.get()
    if hydra.mode == RunMode.MULTIRUN and _params(hydra):
        raise ConfigError(
            f"{config.name} is a sweep itself, so it cannot be one run of another. Run it alone, "
            "or without its own sweep: hydra.sweeper.params=null."
        )


def _is_hydras(hydra: Any) -> bool:
    return str(hydra.sweeper.get("_target_", "")).endswith("BasicSweeper")


def _params(hydra: Any) -> dict[str, Any]:
    """What Hydra's own sweeper is to sweep over."""
    if not _is_hydras(hydra) or not hydra.sweeper.get("params"):
        return {}
    found = OmegaConf.to_container(hydra.sweeper.params)
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items()}


def _typed(key: str, value: Any) -> str:
    if isinstance(value, (list, dict)):
        values = ",".join(map(str, value))
        raise ConfigError(
            f"hydra.sweeper.params.{key} is {value}, which Hydra takes for one value. Write the "
            f"values with commas: '{values}'."
        )
    return str(value)


def _values(override: Override, config_dir: Path | None) -> list[str]:
    value = override.value()
    if isinstance(value, Glob):
        return list(value.filter(list(groups(config_dir).get(override.key_or_group, {}))))
    return list(override.sweep_string_iterator())
