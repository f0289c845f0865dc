"""What all measurements share: runs without their pages, seeds, numbers and tables."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

import clusterlab
from clusterlab import pipeline
from clusterlab.config.build import build
from clusterlab.config.compose import compose
from clusterlab.config.resolved import of_a_run, resolve, stage_choices
from clusterlab.plan import Plan
from clusterlab.run_folder import RunFolder

SEEDS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A Markdown table with what a reader must know of it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def __str__(self) -> str:
        lines = [self.head, ["-"] * len(self.head), *self.rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"{text}\n\n{self.note}" if self.note else text


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What the literal variant gives, and what the repaired one does, in words."""

    literal: str
    repaired: str


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """A flaw that studies/*.md list. literal, repaired: commands, or in brackets what stands for
    one. measure: a Table for those that have a section of their own, else a Pair."""

    key: str
    study: str
    what: str
    literal: str
    repaired: str
    measure: Callable[[], Table | Pair]


@dataclass(frozen=True, kw_only=True)
class Made:
    """The images of a run as the reducer gets them. labels: of the first column."""

    ids: tuple[str, ...]
    labels: np.ndarray
    split: np.ndarray
    values: np.ndarray
    store: str


def words_of(command: str) -> list[str]:
    """The words behind `clusterlab run` or `clusterlab tune`.

    >>> words_of("clusterlab run seed=1 'dataset.split={train: .8, test: .2}'")
    ['seed=1', 'dataset.split={train: .8, test: .2}']
    """
    return shlex.split(command)[2:]


@cache
def run(command: str, *more: str) -> clusterlab.Result:
    """The run of this command, made once. Its page, which nobody reads here, is not drawn."""
    pipeline.write_report = lambda *_, **__: None  # type: ignore[assignment]
    return clusterlab.run(None, [*words_of(command), *_QUIET, *more], folder=_folder())


@cache
def tune(command: str, *more: str) -> clusterlab.Tuned:
    """The search of this command, made once."""
    pipeline.write_report = lambda *_, **__: None  # type: ignore[assignment]
    return clusterlab.tune(None, [*words_of(command), *_QUIET, *more], folder=_folder())


def plan_of(command: str, *more: str) -> Plan:
    """What the run of this command is made of."""
    config = compose([*words_of(command), *_QUIET, *more])
    resolved, choices = of_a_run(resolve(config), stage_choices(config.hydra.runtime.choices))
    return build(resolved, choices)


@cache
def made(command: str, *more: str) -> Made:
    """The features of the run of this command."""
    plan = plan_of(command, *more)
    with RunFolder(_folder()) as folder:
        ready = pipeline.prepare(plan, folder)
    if plan.store is not None:
        plan.store.close()
    of = ready.clustered
    return Made(
        ids=of.ids,
        labels=of.labels.iloc[:, 0].to_numpy(dtype=str),
        split=of.split,
        values=ready.features.values,
        store=ready.extraction.store,
    )


_QUIET = ("view=none",)


@cache
def _root() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="flaws-")


def _folder() -> Path:
    return Path(tempfile.mkdtemp(dir=_root().name)) / "run"


def over_seeds(command: str, key: str, *more: str) -> list[float]:
    """One number of metrics.json for each seed."""
    return [run(command, f"seed={seed}", *more).metrics[key] for seed in SEEDS]


def spread(values: Iterable[float], digits: int = 3) -> str:
    """Mean and standard deviation.

    >>> spread([0.5, 0.6, 0.7])
    '.600 ± .100'
    """
    found = list(values)
    return f"{number(fmean(found), digits)} ± {number(stdev(found), digits)}"


def number(value: float, digits: int = 3) -> str:
    """As the docs print it.

    >>> number(0.25), number(-0.5), number(12.3456, 1)
    ('.250', '-.500', '12.3')
    """
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
