"""The studies' mistakes of arithmetic, each beside what is right."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np


def mean_counting_absent(recalls: Sequence[float]) -> float:
    """The literal mean over classes: one without a test image (NaN) counts as 0.

    >>> mean_counting_absent([1.0, 0.5, float("nan"), float("nan")])
    0.375
    """
    return float(np.nan_to_num(np.asarray(recalls, dtype=float)).mean())


def mean_of_present(recalls: Sequence[float]) -> float:
    """The mean over the classes that have a test image.

    >>> mean_of_present([1.0, 0.5, float("nan"), float("nan")])
    0.75
    """
    return float(np.nanmean(np.asarray(recalls, dtype=float)))


def selected_by_position(recalls: Sequence[float], selected: Sequence[int]) -> float:
    """The literal mean over selected classes: their numbers are taken as places in a list that
    holds only classes with a test image (not NaN); places beyond its end are passed over.

    >>> selected_by_position([0.9, float("nan"), 0.1, 0.7], [2])
    0.7
    """
    present = [value for value in recalls if not np.isnan(value)]
    found = [present[place] for place in selected if place < len(present)]
    return float(np.mean(found)) if found else float("nan")


def selected_by_class(recalls: Sequence[float], selected: Sequence[int]) -> float:
    """The mean over those of the selected classes that have a test image.

    >>> selected_by_class([0.9, float("nan"), 0.1, 0.7], [1, 2])
    0.1
    """
    found = [recalls[number] for number in selected if not np.isnan(recalls[number])]
    return float(np.mean(found)) if found else float("nan")


def one_over_n(labels: Sequence[Hashable]) -> float:
    """The literal baseline: 1 by the number of classes, as if they were of one size.

    >>> one_over_n(["a", "a", "a", "b"])
    0.5
    """
    return 1 / len(set(labels))


def lost_in_a_cut(words: Sequence[str], lengths: Sequence[int], limit: int) -> int:
    """How many words a text loses that is cut after `limit` tokens. lengths: tokens of each word.

    >>> lost_in_a_cut(["a", "b", "c"], [1, 2, 2], 3)
    1
    """
    return sum(end > limit for end in np.cumsum(lengths)[: len(words)].tolist())
