"""Label columns that were made of the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def kin(columns: Iterable[str], derived: Mapping[str, str]) -> tuple[str, ...]:
    """These columns, then the others that come from a column of the same origin: who has learned
    one of them knows something of all.

    derived: label column -> the one that it was made of.

    >>> kin(["first"], {"first": "tags", "few": "tags", "other": "word"})
    ('first', 'tags', 'few')
    """
    columns = list(columns)
    every = dict.fromkeys([*columns, *derived.values(), *derived])
    origins = {lineage(column, derived)[-1] for column in columns}
    related = [name for name in every if lineage(name, derived)[-1] in origins]
    return tuple(dict.fromkeys([*columns, *related]))


def lineage(column: str, derived: Mapping[str, str]) -> tuple[str, ...]:
    """This column, the one that it was made of, and so on.

    >>> lineage("few", {"few": "first", "first": "tags"})
    ('few', 'first', 'tags')
    """
    passed = {column: None}
    while (above := derived.get(column)) is not None and above not in passed:
        passed[above] = None
        column = above
    return tuple(passed)
