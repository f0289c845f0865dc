"""How large classes are, and which of them go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def held(value: Any) -> tuple[str, ...]:
    """The classes in one cell of a label column: none, one, or several.

    >>> held(None), held("a"), held(("a", "b"))
    ((), ('a',), ('a', 'b'))
    """
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def class_sizes(values: Sequence[Any], rows: Iterable[int]) -> dict[str, int]:
    """Class -> how many of these rows have it, largest first, then by name. A row may come often.

    >>> class_sizes(["b", "a", None, "b"], [0, 1, 2, 3])
    {'b': 2, 'a': 1}
    """
    counts = Counter(class_ for row in rows for class_ in held(values[row]))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def dropped_classes(
    sizes: Mapping[str, int],
    *,
    named: Collection[str] = (),
    below: int | None = None,
    quantile: float | None = None,
) -> dict[str, str]:
    """Class -> why it goes; no class that stays. Each rule looks at all of `sizes`.

    The quantile is the linear one of the sizes, and a class stays that lies above it.

    >>> dropped_classes({"a": 9, "b": 5, "c": 1}, below=2, quantile=0.5)
    {'b': 'not above the 50% quantile (5 images)', 'c': 'fewer than 2 images'}
    """
    reasons = {}
    limit = None
    if quantile is not None and sizes:
        # Interpolation may leave it a hair beside the size that it is.
        limit = round(float(np.quantile(list(sizes.values()), quantile)), 9)
    for class_, size in sizes.items():
        if class_ in named:
            reasons[class_] = "named in drop_classes"
        elif below is not None and size < below:
            reasons[class_] = f"fewer than {below} images"
        elif quantile is not None and limit is not None and size <= limit:
            reasons[class_] = f"not above the {100 * quantile:g}% quantile ({limit:g} images)"
    return reasons
