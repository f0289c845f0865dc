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
    origins = {_origin(column, derived) for column in columns}
    related = [name for name in every if _origin(name, derived) in origins]
    return tuple(dict.fromkeys([*columns, *related]))


def _origin(column: str, derived: Mapping[str, str]) -> str:
    passed = {column}
    while (above := derived.get(column)) is not None and above not in passed:
        passed.add(above)
        column = above
    return column
