"""What a clustering is scored against: label columns as codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from clusterlab.types import Collection

MISSING = -1


@dataclass(frozen=True)
class Reference:
    """One labelling of the images.

    name: the column, or "column=value" for the membership of one value of a multi-valued column.
    codes: (n,) int index into `names`, -1 = missing.
    """

    name: str
    codes: np.ndarray
    names: tuple[str, ...]
    is_membership: bool = False


def references(collection: Collection, column: str) -> list[Reference]:
    """A single-valued column as it is. A multi-valued one as one label a set ("cute|dark"), then,
    for each value in alphabetical order, whether the image has it."""
    cells = list(collection.labels[column])
    if column not in collection.multi_valued:
        return [_encoded(column, cells)]
    sets = [frozenset(cell) for cell in cells]
    whole = _encoded(column, ["|".join(sorted(values)) or None for values in sets])
    missing = whole.codes == MISSING
    found = [whole]
    for value in sorted(frozenset().union(*sets)):
        member = np.array([value in values for values in sets], dtype=np.int64)
        member[missing] = MISSING
        found.append(Reference(f"{column}={value}", member, ("no", "yes"), is_membership=True))
    return found


def _encoded(name: str, cells: Iterable[str | None]) -> Reference:
    cells = list(cells)
    names = tuple(sorted({cell for cell in cells if cell is not None}))
    index: dict[str | None, int] = {value: code for code, value in enumerate(names)}
    codes = np.array([index.get(cell, MISSING) for cell in cells], dtype=np.int64)
    return Reference(name, codes, names)
