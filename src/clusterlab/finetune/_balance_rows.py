"""Which images there are to balance, and how often an epoch shows each."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clusterlab.errors import DataError
from clusterlab.finetune._balance_classes import held

if TYPE_CHECKING:
    from clusterlab.finetune.rebalance import Rebalance


def labelled_rows(
    values: Mapping[str, Sequence[Any]],
    training: np.ndarray,
    digests: Sequence[str],
    *,
    random_state: int,
) -> list[int]:
    """The rows of the training part with a label in any column, in a random order.

    The order of two images follows from their bytes and `random_state` alone, so that neither
    other images nor the order of the rows changes it; copies of an image are ordered by labels.
    values: column -> (n,) cells. training: (n,) bool. Raises DataError where there are none.
    """

    def rank(row: int) -> tuple[bytes, str]:
        key = f"{random_state}\0{digests[row]}".encode()
        return hashlib.sha256(key).digest(), repr([part[row] for part in values.values()])

    rows = np.flatnonzero(training).tolist()
    found = sorted((r for r in rows if any(held(part[r]) for part in values.values())), key=rank)
    if not found:
        raise DataError(
            f"None of the {len(rows)} training images has a label in {', '.join(values)}, so there "
            "is nothing to train on. Train on other columns, or split the images differently."
        )
    return found


def times_shown(
    settings: Rebalance,
    rows: Sequence[int],
    classes: Sequence[str | None],
    sizes: Mapping[str, int],
) -> tuple[dict[int, int], float | None]:
    """Row -> how often an epoch shows it, without rows that it does not show; and the size above
    which a class is a majority, None where there is no threshold.

    rows: those that are left. classes: (n,), of the balanced column. sizes: class -> rows left.
    Raises DataError where undersampling would leave no image.
    """
    if settings.threshold is None:
        return dict.fromkeys(rows, 1), None
    limit = _exact(settings.threshold * float(np.median(list(sizes.values()))))
    majority = any(size > limit for size in sizes.values())
    most = _most(settings, limit) if majority else math.inf
    copies = settings.minority_copies
    minority = math.ceil(settings.threshold) if isinstance(copies, str) else copies
    times: dict[int, int] = {}
    taken: Counter[str] = Counter()
    for row in rows:
        class_ = classes[row]
        if class_ is None:
            times[row] = 1
        elif sizes[class_] <= limit:
            times[row] = 1 + minority
        elif taken[class_] < most:
            taken[class_] += 1
            times[row] = 1 + settings.majority_copies
    return times, limit


def _most(settings: Rebalance, limit: float) -> float:
    """How many images of a majority class are shown."""
    if settings.undersample is None:
        return math.inf
    most = math.floor(_exact(settings.undersample * limit))
    if most < 1:
        raise DataError(
            f"finetune.rebalance.undersample={settings.undersample:g} is too little: of a class "
            f"with more than {limit:g} training images ({settings.threshold:g} times the median) "
            "not one would be shown. Set it higher."
        )
    return most


def _exact(product: float) -> float:
    """Without the rounding error that would put 2.3 * 100 below 230."""
    return round(product, 9)
