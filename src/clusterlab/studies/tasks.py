"""What of a study is to be run: its rows, composed with the words of the occasion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from clusterlab.config.rows import Composed, compose_row
from clusterlab.errors import ConfigError, UsageError, closest
from clusterlab.studies.definition import Row, Study, matches


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """How a study is run this time.

    dataset: the path of its own data. only: rows, by name or glob; () is all. seeds: how many, None
    as the study says. stand_in, smoke: on its stand-in, and that in CI's time. without_gpu: rows
    that take days without one too. words: overrides on top of all. config_dir: the user's configs.
    """

    dataset: str | None = None
    only: tuple[str, ...] = ()
    seeds: int | None = None
    stand_in: bool = False
    smoke: bool = False
    without_gpu: bool = False
    words: tuple[str, ...] = ()
    config_dir: Path | None = None

    def __post_init__(self) -> None:
        if self.dataset is not None and self.stands_in:
            raise UsageError("--dataset names the study's own images, and --stand-in takes others.")
        if self.seeds is not None and self.seeds < 1:
            raise UsageError(f"--seeds is {self.seeds}; it must be at least 1.")

    @property
    def stands_in(self) -> bool:
        """Whether other images take the place of the study's own."""
        return self.stand_in or self.smoke


@dataclass(frozen=True, kw_only=True)
class Task:
    """One row of the study, or one combination of a row that is a sweep.

    label: the row's name, for a combination "ksweep: n_clusters=5". place: the same as the name of
    a folder. experiment: of conf/experiment. composed: what it runs; None where `problem` says why
    there is nothing to run. seeds: those of its runs, in order. columns: label column of the study
    -> that of its stand-in.
    """

    label: str
    place: str
    row: Row
    experiment: str
    composed: Composed | None = None
    problem: str = ""
    seeds: tuple[int, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The row's name."""
        return self.label.partition(":")[0]


def tasks(study: Study, occasion: Occasion) -> list[Task]:
    """All of the study's, in an order in which each comes after the one whose weights it takes; of
    a smoke test those that are in it alone.

    Raises UsageError for an `only` that names no row. A row that cannot be composed has a problem.
    """
    names = [name for name in _in_order(study) if not occasion.smoke or _in_smoke(study, name)]
    found = [task for name in names for task in _of_row(study, name, occasion)]
    for pattern in occasion.only:
        if not any(matches(task.label, [pattern]) for task in found):
            raise UsageError(
                f"--only {pattern}: the study {study.name} has no such row."
                f"{closest(pattern, study.rows)} See: clusterlab study show {study.name}."
            )
    return [replace(task, place=place) for task, place in zip(found, _places(found), strict=True)]


def chosen(study: Study, found: Sequence[Task], occasion: Occasion) -> list[Task]:
    """Those of `tasks` that are to be run: what `only` names, and the rows whose weights these
    take."""
    only = occasion.only or (study.stand_in.smoke.only if occasion.smoke else ("*",))
    names = {task.label for task in found if matches(task.label, only)}
    for task in reversed(found):
        if task.label in names and task.row.after:
            names |= {t.label for t in found if matches(t.label, [task.row.after])}
    return [task for task in found if task.label in names]


def _in_smoke(study: Study, name: str) -> bool:
    """Whether the row, or one of its combinations, is in the smoke test, or such a row's weights
    are its own."""
    bases = [one.partition(":")[0] for one in study.stand_in.smoke.only]
    after = [row.after for other, row in study.rows.items() if matches(other, bases)]
    return matches(name, [*bases, *(one for one in after if one)])


def _in_order(study: Study) -> Iterator[str]:
    done: set[str] = set()

    def up_to(name: str, below: tuple[str, ...]) -> Iterator[str]:
        if name in below:
            raise ConfigError(
                f"study {study.name}: the rows {' -> '.join((*below, name))} wait for each other."
            )
        before = study.rows[name].after
        if before is not None and before not in done:
            yield from up_to(before, (*below, name))
        if name not in done:
            done.add(name)
            yield name

    for name in study.rows:
        yield from up_to(name, ())


def _of_row(study: Study, name: str, occasion: Occasion) -> Iterator[Task]:
    row = study.rows[name]
    task = Task(label=name, place="", row=row, experiment=row.experiment or name)
    if occasion.stands_in:
        task = replace(task, columns=study.stand_in.columns)
        without = [why for one, why in study.stand_in.without.items() if matches(name, [one])]
        if without:
            yield replace(task, problem=f"no stand-in: {without[0]}")
            return
    try:
        combinations = compose_row(_words(study, task, occasion), occasion.config_dir)
        for one in combinations:
            n = _n_seeds(study, row, one, occasion)
            yield replace(
                task,
                label=_label(name, one.values),
                composed=one,
                seeds=tuple(range(one.seed, one.seed + n)),
            )
    except ConfigError as error:
        yield replace(task, problem=f"failed: {error}")


def _words(study: Study, task: Task, occasion: Occasion) -> list[str]:
    words = [f"+experiment={task.experiment}", *task.row.words]
    if occasion.stands_in:
        words += study.stand_in.words
        for one, own in study.stand_in.rows.items():
            words += own if matches(task.name, [one]) else ()
    if occasion.smoke:
        words += study.stand_in.smoke.words
    if occasion.dataset is not None:
        words.append(f"{study.path}={quoted(occasion.dataset)}")
    return [*words, *occasion.words]


def quoted(value: str) -> str:
    """A text as the value of an override, whatever is in it.

    >>> print(quoted("my photos, 2024"))
    'my photos, 2024'
    """
    escaped = value.replace("'", r"\'")
    return f"'{escaped}'"


def _n_seeds(study: Study, row: Row, composed: Composed, occasion: Occasion) -> int:
    if occasion.seeds is not None:
        return occasion.seeds
    own = row.seeds or (1 if composed.is_search else study.seeds)
    if occasion.smoke:
        return min(own, study.stand_in.smoke.seeds)
    return min(own, study.stand_in.seeds) if occasion.stand_in else own


def _label(name: str, values: Mapping[str, str]) -> str:
    if not values:
        return name
    said = [f"{key.rpartition('.')[2]}={value}" for key, value in values.items()]
    return f"{name}: {', '.join(said)}"


def _places(found: Sequence[Task]) -> Iterator[str]:
    taken: set[str] = set()
    for task in found:
        place = re.sub(r"[^\w.=+-]+", "_", task.label)
        while place in taken:
            place += "_"
        taken.add(place)
        yield place
