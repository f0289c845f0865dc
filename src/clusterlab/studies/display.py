"""The numbers of a study's table as people read them."""

from __future__ import annotations

from clusterlab.studies.results import Result

_SHORT = {
    "circular macro-categories": "circular",
    "scaler fitted on test images": "scaler saw test images",
}


def number(value: float, *, digits: int, percent: bool = False, signed: bool = False) -> str:
    """A number to so many decimals, in the unit that is shown.

    >>> number(0.7099, digits=2, percent=True), number(-0.00001, digits=3), number(0.0, digits=4)
    ('70.99%', '0.000', '0')
    >>> number(-0.0231, digits=1, percent=True, signed=True), number(1494, digits=0, signed=True)
    ('-2.3 points', '+1,494')
    """
    shown = round(100 * value if percent else value, digits) + 0.0  # no minus before a zero
    unit = "" if not percent else " points" if signed else "%"
    if value == 0 and not percent:
        return "0"
    return f"{shown:{'+' if signed else ''},.{digits}f}{unit}"


def with_spread(value: float, std: float | None, *, digits: int, percent: bool = False) -> str:
    """A mean and its deviation, to the same digit.

    >>> with_spread(0.7099, 0.0073, digits=2, percent=True), with_spread(0.71, None, digits=3)
    ('70.99 ± 0.73%', '0.710')
    """
    if std is None:
        return number(value, digits=digits, percent=percent)
    scale = 100 if percent else 1
    shown = round(scale * value, digits) + 0.0
    return f"{shown:,.{digits}f} ± {scale * std:,.{digits}f}{'%' if percent else ''}"


def published(row: Result) -> str:
    """The published number; "" where there is none.

    >>> published(Result(row="a", published=0.7099, published_std=0.0073, percent=True, decimals=4))
    '70.99 ± 0.73%'
    >>> published(Result(row="a", published=262.0))
    '262'
    """
    if row.published is None:
        return ""
    digits = _given(row)
    return with_spread(row.published, row.published_std, digits=digits, percent=row.percent)


def ours(row: Result) -> str:
    """Our mean and its deviation; "" where there is none."""
    if row.ours is None:
        return "done" if not row.measure and row.n_runs and not row.status else ""
    return with_spread(row.ours, row.ours_std, digits=_ours_digits(row), percent=row.percent)


def difference(row: Result) -> str:
    """Ours less the published one."""
    if row.difference is None:
        return ""
    return number(row.difference, digits=_ours_digits(row), percent=row.percent, signed=True)


def within(row: Result) -> str:
    """Where ours lies, in a word; "" where no deviation says.

    >>> within(Result(row="a", within=True)), within(Result(row="a"))
    ('within', '')
    """
    return "" if row.within is None else "within" if row.within else "beyond"


def tags(row: Result) -> list[str]:
    """The marks that stand beside our number, as short as they can be."""
    return [_SHORT.get(mark, mark) for mark in row.marks.split("|") if mark]


def _given(row: Result) -> int:
    """Decimals of a published number, in the unit that is shown."""
    return max(1, row.decimals - 2) if row.percent else row.decimals


def _ours_digits(row: Result) -> int:
    """As many as were published, and no fewer than say something."""
    assert row.ours is not None
    given = _given(row) if row.published is not None else 0
    if row.percent:
        return max(1, given)
    size = abs(row.ours)
    if not row.ours_std and row.ours.is_integer():
        return given
    return max(given, 4 if size < 0.0995 else 3 if size < 10 else 1 if size < 1000 else 0)
