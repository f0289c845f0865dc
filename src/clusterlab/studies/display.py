"""The numbers of a study's table as people read them."""

from __future__ import annotations

from clusterlab.studies.measure import spoken
from clusterlab.studies.results import Result


def number(value: float, *, percent: bool = False, signed: bool = False) -> str:
    """A number with as many digits as say something.

    >>> number(0.7099, percent=True), number(0.0145), number(0.581116), number(262.0)
    ('70.99%', '0.0145', '0.581', '262')
    >>> number(-0.0231, percent=True, signed=True), number(1.494, signed=True)
    ('-2.31 points', '+1.49')
    """
    sign = "+" if signed else ""
    if percent:
        return f"{100 * value:{sign}.2f}{' points' if signed else '%'}"
    return f"{value:{sign},.{_digits(value)}f}"


def _digits(value: float) -> int:
    size = abs(value)
    if float(value).is_integer() and value:
        return 0
    return 4 if size < 0.1 else 3 if size < 1 else 2 if size < 100 else 1


def with_spread(value: float | None, std: float | None, *, percent: bool = False) -> str:
    """A mean and its deviation, to the same digit; "" where there is no number.

    >>> with_spread(0.7099, 0.0073, percent=True), with_spread(0.71, None), with_spread(None, None)
    ('70.99 ± 0.73%', '0.710', '')
    >>> with_spread(0.58, 0.01), with_spread(12.0, 1.4142)
    ('0.580 ± 0.010', '12 ± 1.41')
    """
    if value is None:
        return ""
    if std is None:
        return number(value, percent=percent)
    if percent:
        return f"{100 * value:.2f} ± {100 * std:.2f}%"
    return f"{number(value)} ± {std:.{_digits(value) or _digits(std)}f}"


def published(row: Result) -> str:
    """The published number."""
    return with_spread(row.published, row.published_std, percent=row.percent)


def ours(row: Result) -> str:
    """Our mean and its deviation; "" where there is none."""
    if row.ours is None:
        return "done" if not row.measure and row.n_runs and not row.status else ""
    return with_spread(row.ours, row.ours_std, percent=row.percent)


def n_seeds(row: Result) -> str:
    """How many runs our mean is of.

    >>> n_seeds(Result(row="a", n_runs=1)), n_seeds(Result(row="a", n_runs=5))
    ('1 seed', '5 seeds')
    """
    return f"{row.n_runs} seed{'' if row.n_runs == 1 else 's'}"


def difference(row: Result) -> str:
    """Ours less the published one."""
    if row.difference is None:
        return ""
    return number(row.difference, percent=row.percent, signed=True)


def measure(row: Result) -> str:
    """The measure, and what it is called on the stand-in."""
    said = spoken(row.measure)
    return said if row.found_as == row.measure else f"{said} (here {spoken(row.found_as)})"
