"""Run folders that cannot be compared: which, with what settings, and why."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clusterlab.reports.compare.configs import Flat, class_of, differing, flatten
from clusterlab.reports.compare.names import plain
from clusterlab.reports.compare.read_runs import Run

_MOST_REASON = 200
_MOST_SETTINGS = 6
_OF_A_SWEEP = "multirun.yaml"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A run folder that cannot be compared.

    reason: what is wrong with it, in a few words. message: the error that ended the run, "" where
    there is none. unfinished: False for a run that finished and whose files are damaged.
    named: the user gave this very folder. config: as far as there is one. settings: what sets the
    run apart from those beside it ("extractor=blip seed=0").
    """

    folder: Path
    reason: str
    message: str = ""
    unfinished: bool = True
    named: bool = False
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    settings: str = ""

    @property
    def why(self) -> str:
        """The reason and the message in one line, which is cut where it is long."""
        text = " ".join(f"{self.reason}: {self.message}".split()) if self.message else self.reason
        return (
            text
            if len(text) <= _MOST_REASON
            else f"{text[: _MOST_REASON - 2].rpartition(' ')[0]} …"
        )


@dataclass(frozen=True)
class Alike:
    """Runs that were left out for one and the same reason."""

    why: str
    runs: tuple[LeftOut, ...]


def alike(left_out: Sequence[LeftOut]) -> list[Alike]:
    """The runs by their reasons, in the order in which those first appear."""
    groups: dict[tuple[str, str], list[LeftOut]] = {}
    for one in left_out:
        groups.setdefault((one.reason, one.message), []).append(one)
    return [Alike(runs[0].why, tuple(runs)) for runs in groups.values()]


def told(left_out: Sequence[LeftOut], width: int = 80) -> list[str]:
    """Each reason once, with its runs below it, in lines of at most `width` columns.

    >>> told([LeftOut(folder=Path("a"), reason="failed", settings="seed=1")])
    ['Left out: failed', '  a: seed=1']
    """
    lines = []
    for group in alike(left_out):
        lines += _wrapped(f"Left out: {group.why}", width, "  ")
        for one in group.runs:
            settings = f": {one.settings}" if one.settings else ""
            lines += _wrapped(f"  {one.folder}{settings}", width, "    ")
    return lines


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    # A folder in pieces can be neither copied nor clicked.
    return textwrap.wrap(
        plain(text),
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def with_settings(left_out: Sequence[LeftOut], runs: Sequence[Run]) -> list[LeftOut]:
    """The same, each with what sets its config apart from the configs beside its folder.

    In a sweep that is every value that varies; among runs that were started one by one, the values
    that are not what most of them have.
    """
    beside: dict[Path, list[Flat]] = {}
    every: list[Run | LeftOut] = [*runs, *left_out]
    for one in every:
        if one.config:
            beside.setdefault(_place(one), []).append(flatten(one.config))
    varying = {place: _varying(flats, place) for place, flats in beside.items()}
    return [
        replace(one, settings=_settings(flatten(one.config), varying[_place(one)]))
        if one.config
        else one
        for one in left_out
    ]


def _place(one: Run | LeftOut) -> Path:
    return one.folder.resolve().parent


@dataclass(frozen=True)
class _Key:
    """A config key that varies. usual: what most have (its repr), None where every value is worth
    saying. values: the classes of the components that hold the key -> its values with them."""

    key: str
    usual: str | None
    values: Mapping[tuple[Any, ...], frozenset[str]]


def _varying(flats: Sequence[Flat], place: Path) -> list[_Key]:
    sweep = (place / _OF_A_SWEEP).is_file()
    found = []
    for key in differing(flats):
        values: dict[tuple[Any, ...], set[str]] = {}
        for flat in flats:
            values.setdefault(_holders(flat, key), set()).add(repr(flat.get(key)))
        often = Counter(repr(flat.get(key)) for flat in flats).most_common(1)[0][0]
        frozen = {classes: frozenset(some) for classes, some in values.items()}
        found.append(_Key(key, None if sweep else often, frozen))
    return found


def _holders(flat: Flat, key: str) -> tuple[Any, ...]:
    """The classes of the components that hold this key, from the outside in."""
    parts = key.split(".")
    nodes = (".".join(parts[:end]) for end in range(1, len(parts)))
    holders = (f"{node}._target_" for node in nodes)
    return tuple(flat.get(holder) for holder in holders if holder != key)


def _settings(flat: Flat, varying: Sequence[_Key]) -> str:
    """A component of another class stands for its arguments, but for those that vary with it."""
    said = []
    for one in varying:
        node, _, last = one.key.rpartition(".")
        usual = one.key not in flat or repr(flat[one.key]) == one.usual
        if usual or last == "random_state" or len(one.values[_holders(flat, one.key)]) == 1:
            continue
        if last == "_target_":
            said.append(f"{node}={class_of(flat, node)}")
        else:
            said.append(f"{one.key}={'null' if flat[one.key] is None else flat[one.key]}")
    more = [f"and {len(said) - _MOST_SETTINGS} more"] if len(said) > _MOST_SETTINGS else []
    return " ".join([*said[:_MOST_SETTINGS], *more])
