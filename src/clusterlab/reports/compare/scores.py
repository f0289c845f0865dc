"""The words of metrics.json: which key means what, which way is better, how a value is shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from clusterlab.errors import UsageError, closest

INTERNAL = ("silhouette", "davies_bouldin", "calinski_harabasz")
LABEL_HEADLINE = ("ari", "ami", "purity")
BASICS = ("n_images", "n_scored", "n_failed", "n_features", "n_clusters", "noise_share")
_LOWER_IS_BETTER = frozenset(
    {"davies_bouldin", "n_clusters", "n_failed", "noise_share", "largest_share"} | {"seconds"}
)
ABSENT = "-"


def split_key(key: str) -> tuple[str, str]:
    """The metric and what it is measured on: a label column, a space, or '' for plain numbers.

    >>> split_key("ari/country/region")
    ('ari', 'country/region')
    """
    metric, _, target = key.partition("/")
    return metric, target


def is_internal(key: str) -> bool:
    """True for a score that is measured in a space and needs no labels."""
    return split_key(key)[0] in INTERNAL


def label_of(key: str) -> str | None:
    """The label column that the score is measured on, or None."""
    target = split_key(key)[1]
    return target if target and not is_internal(key) else None


def lower_is_better(key: str) -> bool:
    """Entropy (plain or normalised), Davies-Bouldin, noise, failures and time rank upwards."""
    metric = split_key(key)[0]
    return metric in _LOWER_IS_BETTER or metric.endswith("entropy")


def label_columns(keys: Iterable[str]) -> list[str]:
    """The label columns in the order in which their scores appear."""
    return list(dict.fromkeys(label for key in keys if (label := label_of(key)) is not None))


def find_key(word: str, keys: Sequence[str]) -> str:
    """The key that a user means by `word`: the key itself, or a metric without its target, which
    then is the first label column, or for internal metrics the reduced space if there is one.

    Raises UsageError that names the keys there are.

    >>> find_key("ari", ["ari/kind", "ari/word"])
    'ari/kind'
    """
    if word in keys:
        return word
    same = [key for key in keys if split_key(key)[0] == word]
    if same:
        return next((key for key in same if split_key(key)[1] == "reduced"), same[0])
    raise UsageError(
        f"Unknown metric '{word}' in these runs.{closest(word, keys)} Metrics: {', '.join(keys)}."
    )


def show(key: str, value: float) -> str:
    """A value as a person reads it: shares in percent, counts whole, scores with 3 decimals.

    >>> show("noise_share", 0.125), show("n_clusters", 10.0), show("ari/word", 0.43219)
    ('12.5%', '10', '0.432')
    """
    metric = split_key(key)[0]
    if math.isnan(value):
        return ABSENT
    if metric.endswith("_share"):
        return f"{value:.1%}"
    if metric.startswith("n_"):
        return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    if metric in ("seconds", "calinski_harabasz"):
        return f"{value:,.1f}"
    return f"{value:.3f}"
