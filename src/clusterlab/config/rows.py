"""A row of a study as something to run: composed once, then had for each of its seeds."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from clusterlab.config.compose import compose, normalize, parsed, without_sweeps
from clusterlab.config.find import groups
from clusterlab.config.own_sweep import own_sweep, sweeps
from clusterlab.config.resolved import of_a_run, resolve, stage_choices
from clusterlab.config.search_plan import Job, job_of


@dataclass(frozen=True, kw_only=True)
class Composed:
    """What one row, or one combination of a row that is a sweep, is to run.

    words: all that it was composed from. values: what of them the sweep chose, by key.
    """

    words: tuple[str, ...]
    values: Mapping[str, str]
    config: DictConfig = field(repr=False)

    @property
    def seed(self) -> int:
        """The experiment's own."""
        return int(self.config.seed)

    @property
    def is_search(self) -> bool:
        """Whether it says what to search for."""
        return bool(self.config.search.space)

    def at(
        self, seed: int, changes: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """The resolved config of the run with this seed, and its choices. Raises ConfigError.

        changes: key -> value, on top of the words.
        """
        config = self._changed(seed, changes)
        return of_a_run(resolve(config), stage_choices(config.hydra.runtime.choices))

    def job(self, seed: int, folder: Path, changes: Mapping[str, Any] | None = None) -> Job:
        """The search with this seed, in `folder`. Raises ConfigError."""
        return job_of(self._changed(seed, changes), folder, self.words)

    def _changed(self, seed: int, changes: Mapping[str, Any] | None) -> DictConfig:
        return _with(self.config, {**(changes or {}), "seed": seed})


def compose_row(words: Sequence[str], config_dir: Path | None = None) -> list[Composed]:
    """What the words come to: one run, or one for each combination where they, or the experiment
    that they name (hydra.mode, hydra.sweeper.params), are a sweep. Raises ConfigError.

    Of two words for one key the last counts; one for a key that the experiment sweeps over takes
    its place in the sweep.
    """
    said = last_of_each(normalize(words))
    fixed = without_sweeps(said)
    config = compose(fixed, config_dir)
    # Seeds are what a study counts by itself.
    own = [word for word in own_sweep(config, said).words if _key(word) != "seed"]
    if alone := without_sweeps(own):
        fixed = [*alone, *fixed]
        config = compose(fixed, config_dir)
    found = sweeps([*own, *said], config_dir)
    if not found:
        return [Composed(words=tuple(fixed), values={}, config=config)]
    composed: list[Composed] = []
    chooses = bool({*found} & {*groups(config_dir)})
    for values in product(*found.values()):
        chosen = dict(zip(found, values, strict=True))
        words = normalize([f"{key}={value}" for key, value in chosen.items()])
        if chooses or not composed:
            config = compose([*fixed, *words], config_dir)
        else:
            # Composing takes longer than all else; values change without it.
            changes = {one.key_or_group: one.value() for one in parsed(words)}
            config = _with(composed[0].config, changes)
        composed.append(Composed(words=(*fixed, *words), values=chosen, config=config))
    return composed


def _with(config: DictConfig, changes: Mapping[str, Any]) -> DictConfig:
    changed = copy.deepcopy(config)
    for key, value in changes.items():
        OmegaConf.update(changed, key, value, force_add=True)
    return changed


def last_of_each(words: Sequence[str]) -> list[str]:
    """The words without those that a later one for the same key takes back; `~key` after a word
    for it takes that back and no more.

    >>> last_of_each(["dataset=food", "seed=1", "++seed=2", "dataset=digits"])
    ['++seed=2', 'dataset=digits']
    >>> last_of_each(["dataset.path=a", "~dataset.path", "~view"])
    ['~view']
    """
    last = {_key(word): index for index, word in enumerate(words)}
    several = {key for key, n in Counter(map(_key, words)).items() if n > 1}
    return [
        word
        for index, word in enumerate(words)
        if last[_key(word)] == index and not (word.startswith("~") and _key(word) in several)
    ]


def _key(word: str) -> str:
    return word.lstrip("+~").partition("=")[0]
