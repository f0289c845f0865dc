"""How the model of a row was trained, in the columns of the studies' tables."""

from __future__ import annotations

from typing import Any

from clusterlab.reports.compare.configs import class_of
from clusterlab.reports.compare.rows import Row

HEADS = ("model", "columns", "lr", "weight.decay", "frozen.%", "weighted", "rebalanced")
_REBALANCE = "finetune.rebalance"
_CHANGES = ("drop_below", "drop_quantile", "drop_classes", "undersample")
_COPIES = ("majority_copies", "minority_copies")


def recipe(row: Row) -> dict[str, str]:
    """A text for each of HEADS, "" for what a row does not have: one that was not fine-tuned has a
    model alone. A dot in a head parts its lines."""
    if not row.learned:
        return dict.fromkeys(HEADS, "") | {"model": _model(row)}
    config = row.config
    frozen = config.get("finetune.frozen")
    weights = config.get("finetune.class_weights", ...)
    texts = (
        _model(row),
        ", ".join(row.learned),
        number(config.get("finetune.learning_rate")),
        number(config.get("finetune.weight_decay")),
        "" if frozen is None else f"{100 * frozen:g}",
        "" if weights is ... else "yes" if weights else "no",
        _rebalanced(row),
    )
    return dict(zip(HEADS, texts, strict=True))


def number(value: Any) -> str:
    """A number as a study writes it; "" for None, and a text as it is.

    >>> number(2e-05), number(0.0001), number(0.05), number(0.0)
    ('2e-5', '1e-4', '0.05', '0')
    """
    if value is None or isinstance(value, str):
        return value or ""
    if not 0 < abs(value) < 0.01:
        return f"{value:g}"
    mantissa, exponent = f"{value:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _model(row: Row) -> str:
    """The extractor's option, or the model's name where the option stands for any model."""
    own = class_of(row.config, "extractor")
    option = row.runs[0].choices.get("extractor", "custom")
    if option not in ("custom", own):
        return option
    return str(row.config.get("extractor.model") or own).rpartition("/")[2]


def _rebalanced(row: Row) -> str:
    """The option, "yes" where its settings were typed one by one, "no" where all images are shown
    as they are."""
    config = row.config
    own = {key: value for key, value in config.items() if key.startswith(f"{_REBALANCE}.")}
    if not own:
        return "no" if _REBALANCE in config else ""
    # A mapping or list of classes is flat: it has keys below its own.
    changes = [
        key
        for name in _CHANGES
        for key, value in own.items()
        if f"{key}.".startswith(f"{_REBALANCE}.{name}.") and value is not None
    ]
    copies = [name for name in _COPIES if own.get(f"{_REBALANCE}.{name}") not in (0, None)]
    if own.get(f"{_REBALANCE}.apply") is False or not (changes or copies):
        return "no"
    option = row.runs[0].choices.get("finetune/rebalance", "none")
    return "yes" if option in ("none", "custom") else option
