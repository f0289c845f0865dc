"""The words of metrics.json: which key means what, which way is better, how a value is shown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from clusterlab.errors import UsageError, closest

INTERNAL = (
    *("silhouette", "davies_bouldin", "calinski_harabasz", "dbcv"),
    *("stability_bootstrap", "stability_seeds", "stability_orders"),
)
LABEL_HEADLINE = ("ari", "ami", "purity")
# Of a fine-tuned model, for each label column that it names; ARI is that of the clusters.
LEARNED_HEADLINE = (
    *("accuracy", "exact_match", "mean_average_precision"),
    *("macro_precision", "macro_recall"),
    *("kept_accuracy", "kept_precision", "kept_recall", "ari", "argmax_ari"),
)
# Of a classifier that sees labels: what no clustering of these features can be expected to exceed.
CEILING = "ceiling_accuracy"
BASICS = ("n_images", "n_scored", "n_failed", "n_features", "n_clusters", "noise_share")
_LOWER_IS_BETTER = frozenset(
    {"davies_bouldin", "n_clusters", "n_failed", "n_invalid", "noise_share", "largest_share"}
    | {"cost", "seconds"}
)
ABSENT = "-"
# It has no bound where the entropy comes to 0.
_MOST_Q = 1000


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


def learned_in(keys: Iterable[str]) -> list[str]:
    """The label columns that a model was fine-tuned to name: those with an accuracy.

    >>> learned_in(["ari/kind", "ari/word", "accuracy/word"])
    ['word']
    """
    return [target for metric, target in map(split_key, keys) if metric == "accuracy"]


def synthetic_in(keys: Iterable[str]) -> list[str]:
    """The label columns that a model made: those whose invalid answers are counted.

    >>> synthetic_in(["ari/kind", "n_invalid/clip", "ari/clip"])
    ['clip']
    """
    return [target for metric, target in map(split_key, keys) if metric == "n_invalid"]


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


def is_percent(key: str) -> bool:
    """True for what the studies give in per cent."""
    return split_key(key)[0] in (
        *("accuracy", "kept_accuracy", "exact_match"),
        *(CEILING, "ceiling_train_accuracy", "ceiling_mean_class_accuracy", "ceiling_majority"),
    )


def show_as_study(key: str, value: float, spread: float = math.nan) -> str:
    """A value as the studies' tables have it: accuracies in per cent, no zero before the point.

    spread: the standard deviation, NaN for none.

    >>> show_as_study("accuracy/word", 0.70994, 0.00731)
    '70.99 ± .73'
    >>> show_as_study("macro_recall/word", 0.687, 0.0213), show_as_study("ari/word", -0.0123)
    ('.69 ± .02', '-.012')
    """
    if math.isnan(value):
        return ""
    values = [value] if math.isnan(spread) else [value, spread]
    if is_percent(key):
        texts = [f"{100 * one:.2f}" for one in values]
    elif split_key(key)[0].endswith(("_precision", "_recall", "_f1")):
        texts = [f"{one:.2f}" for one in values]
    else:
        texts = [show(key, one) for one in values]
    return " ± ".join(re.sub(r"^(-?)0\.(?=\d+$)", r"\1.", text) for text in texts)


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
    if metric == "semantic_q" and value > _MOST_Q:
        return f">{_MOST_Q:,}"
    if metric in ("seconds", "calinski_harabasz"):
        return f"{value:,.1f}"
    return f"{value:.3f}"
