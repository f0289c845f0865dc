"""A new label column that holds some of the values of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterlab.errors import DataError, closest

CHOICES = ("frequent", "rare", "random")
_KEYS = ("column", "n", "choose", "values", "rest")
_EXAMPLE = "dataset.some_of='{few_labels: {column: tags, n: 5, choose: frequent}}'"


@dataclass(frozen=True, kw_only=True)
class SomeOf:
    """Which values of a multi-valued label column the new one holds.

    column: the one to choose from. Either values: these; or n of them, as `choose` says: the most
    frequent or the rarest, the first or the last of one list (equals in alphabetical order), or n
    at random. Under one seed, the n chosen are among those of a larger n. rest: what an image holds
    that has values but none of these, such as "other"; None leaves it without a label, as if nobody
    had looked at it.
    """

    column: str
    n: int | None = None
    choose: str = "frequent"
    values: tuple[str, ...] = ()
    rest: str | None = None

    def made_of(
        self, cells: Sequence[tuple[str, ...]], *, name: str, random_state: int
    ) -> tuple[list[tuple[str, ...]], str]:
        """The new column's cells, and a sentence on what was chosen.

        cells: those of `column`, the empty tuple meaning missing. name: of the new column. Raises
        DataError for values that the column does not have, or more of them than it has.

        >>> SomeOf(column="tags", n=1).made_of([("a", "b"), ("a",), ("b",)], name="x",
        ...     random_state=0)[0]
        [('a',), ('a',), ()]
        """
        counts = Counter(value for cell in cells for value in cell)
        chosen = self._chosen(counts, name, random_state)
        if self.rest in counts:
            raise DataError(
                f"dataset.some_of.{name}.rest is '{self.rest}', which is a value of "
                f"'{self.column}'. Call the rest something else."
            )
        kept = [tuple(value for value in cell if value in chosen) for cell in cells]
        n_none = sum(1 for old, new in zip(cells, kept, strict=True) if old and not new)
        if self.rest is not None:
            rest = (self.rest,)
            kept = [new or (rest if old else ()) for old, new in zip(cells, kept, strict=True)]
        left = f"called '{self.rest}'" if self.rest is not None else "left without a label"
        note = (
            f"'{name}' holds {len(chosen)} of the {len(counts)} values of '{self.column}': "
            f"{', '.join(chosen)}."
        )
        return kept, f"{note} Images with other values alone: {n_none}, {left}." if n_none else note

    def _chosen(self, counts: Mapping[str, int], name: str, random_state: int) -> list[str]:
        known = sorted(counts)
        if self.values:
            for value in self.values:
                if value not in counts:
                    raise DataError(
                        f"dataset.some_of.{name}.values names '{value}', which no image has in "
                        f"'{self.column}'.{closest(value, known)} Values: {', '.join(known)}."
                    )
            return [value for value in known if value in self.values]
        assert self.n is not None
        if self.n > len(known):
            raise DataError(
                f"dataset.some_of.{name}.n is {self.n}, but '{self.column}' has only "
                f"{len(known)} values ({', '.join(known)}). Choose {len(known)} or fewer."
            )
        if self.choose == "random":
            order = np.random.default_rng(random_state).permutation(len(known)).tolist()
            return sorted(known[index] for index in order[: self.n])
        ranked = sorted(known, key=lambda value: (-counts[value], value))
        return sorted(ranked[-self.n :] if self.choose == "rare" else ranked[: self.n])


def read_some_of(
    written: Mapping[str, Any], multi_valued: Sequence[str]
) -> tuple[dict[str, SomeOf], list[str]]:
    """The choices that a config writes down, and everything that is wrong with them.

    written: new column -> its settings. multi_valued: the columns to choose from.
    """
    found: dict[str, SomeOf] = {}
    problems: list[str] = []
    for name, settings in written.items():
        if not isinstance(settings, Mapping):
            problems.append(f"some_of.{name} is {settings!r}; write for example {_EXAMPLE}.")
            continue
        wrong = list(_problems(settings, multi_valued))
        problems += [f"some_of.{name}{problem}" for problem in wrong]
        if not wrong:
            values = tuple(str(value) for value in settings.get("values") or ())
            rest = settings.get("rest")
            found[str(name)] = SomeOf(
                column=str(settings["column"]),
                n=settings.get("n"),
                choose=settings.get("choose") or CHOICES[0],
                values=values,
                rest=None if rest is None else str(rest),
            )
    return found, problems


def _problems(settings: Mapping[str, Any], multi_valued: Sequence[str]) -> Iterator[str]:
    for key in settings:
        if key not in _KEYS:
            yield f".{key} is no setting.{closest(str(key), _KEYS)} Settings: {', '.join(_KEYS)}."
    column, n, values = (settings.get(key) for key in ("column", "n", "values"))
    if column is None:
        yield f" does not say of which column: {_EXAMPLE}."
    elif column not in multi_valued:
        yield (
            f".column is '{column}', which is no multi-valued column (dataset.multi_valued)."
            f"{closest(str(column), multi_valued)}"
        )
    if (n is None) == (not values):
        yield " needs either n, how many values to choose, or values, a list of them."
    if values and not isinstance(values, (list, tuple)):
        yield f".values is {values!r}; it must be a list, such as [cute, gloomy]."
    if n is not None and (not isinstance(n, int) or isinstance(n, bool) or n < 1):
        yield f".n is {n!r}; it must be a whole number, at least 1."
    choose = settings.get("choose")
    if choose is not None and choose not in CHOICES:
        yield (
            f".choose is '{choose}'.{closest(str(choose), CHOICES)} Use one of "
            f"{', '.join(CHOICES)}."
        )
    if values and choose is not None:
        yield ".choose is about n values; with a list of values there is nothing to choose."
