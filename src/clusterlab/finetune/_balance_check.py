"""What can be wrong with a rebalancing: by itself, with these columns, with these classes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from clusterlab.errors import ConfigError, DataError, closest

if TYPE_CHECKING:
    from clusterlab.finetune.rebalance import Rebalance

_WHERE = "finetune.rebalance"
# Names that a message lists before it stops.
_SHOWN = 10


def check_settings(settings: Rebalance) -> None:
    """Raises ConfigError with everything that is wrong with them, whatever the data."""
    _raise([*_setting_problems(settings), *_list_problems(settings.drop_classes)])


def check_columns(
    settings: Rebalance,
    columns: Sequence[str],
    single: Sequence[str],
    sizes: Mapping[str, Mapping[str, int]],
) -> None:
    """Raises ConfigError with everything in the settings that does not fit the columns that a model
    is trained on, or their classes.

    single: the single-valued ones of `columns`. sizes: column -> class -> training images.
    """
    _raise([*_column_problems(settings, columns, single, sizes)])


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise ConfigError([f"{_WHERE}.{problem}" for problem in problems])


def _setting_problems(settings: Rebalance) -> Iterator[str]:
    below, quantile = settings.drop_below, settings.drop_quantile
    if below is not None and below < 1:
        yield f"drop_below is {below}; it must be at least 1, or null to drop no class by its size."
    if quantile is not None and not 0 <= quantile < 1:
        yield f"drop_quantile is {quantile}; it must be in [0, 1): .75 keeps the largest quarter."
    for name in ("threshold", "undersample"):
        value = getattr(settings, name)
        if value is not None and not 0 < value < math.inf:
            yield f"{name} is {value}; it must be a number above 0, or null."
    if settings.majority_copies < 0:
        yield f"majority_copies is {settings.majority_copies}; it must be 0 or more."
    copies = settings.minority_copies
    if (copies != "auto") if isinstance(copies, str) else (copies < 0):
        yield f"minority_copies is {copies!r}; it must be 0 or more, or auto (the threshold)."
    if settings.threshold is None:
        for name in ("undersample", "majority_copies", "minority_copies"):
            value = getattr(settings, name)
            if value not in (None, 0):
                yield (
                    f"{name} is {value}, but {_WHERE}.threshold is not set: it says how many times "
                    "the median class size makes a class a majority. For example: "
                    f"{_WHERE}.threshold=2."
                )


def balanced_column(settings: Rebalance, columns: Sequence[str]) -> str:
    return columns[0] if settings.column is None else settings.column


def named_classes(settings: Rebalance, columns: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Column -> its classes that are dropped by name."""
    named = settings.drop_classes
    if isinstance(named, Mapping):
        return named
    return {balanced_column(settings, columns): named} if named else {}


def _column_problems(
    settings: Rebalance,
    columns: Sequence[str],
    single: Sequence[str],
    sizes: Mapping[str, Mapping[str, int]],
) -> Iterator[str]:
    column, named = balanced_column(settings, columns), named_classes(settings, columns)
    # Where no rule is about the column, it need not be one that can be balanced.
    by_size = (settings.drop_below, settings.drop_quantile, settings.threshold)
    refused = ""
    if column in named or column not in columns or any(rule is not None for rule in by_size):
        refused = _refusal(column, columns, single)
    if refused:
        how = "" if settings.column else " (the first that is trained, as none is set)"
        yield f"column '{column}'{how} {refused}"
    for other, classes in named.items():
        problem = _refusal(other, columns, single)
        if problem and not (refused and other == column):
            yield f"drop_classes has a column '{other}', which {problem}"
        for class_ in classes:
            if not problem and class_ not in sizes[other]:
                yield (
                    f"drop_classes names '{class_}', which no training image has in '{other}'."
                    f"{closest(class_, sizes[other])} Its classes: {_some(list(sizes[other]))}."
                )


def check_classes(
    settings: Rebalance, column: str, sizes: Mapping[str, int], dropped: Mapping[str, str]
) -> None:
    """Raises DataError where fewer than two classes of a single-valued column are left.

    sizes: class -> training images, largest first, dropped ones included. dropped: class -> why.
    """
    left = [class_ for class_ in sizes if class_ not in dropped]
    if len(left) > 1:
        return
    if not sizes:
        raise DataError(
            f"No training image has a label in '{column}', so a model cannot learn it. Train on "
            "another column, or split the images differently."
        )
    largest = next(iter(sizes))
    if not dropped:
        raise DataError(
            f"The training images have only one class in '{column}', '{largest}' with "
            f"{sizes[largest]} images: a classifier needs two. Train on another column."
        )
    what = (
        f"leaves only one of the {len(sizes)} classes of '{column}', '{left[0]}': a classifier "
        "needs two."
        if left
        else f"drops all {len(sizes)} classes of '{column}'; the largest, '{largest}' with "
        f"{sizes[largest]} training images, because: {dropped[largest]}."
    )
    listed = _some([f"'{class_}' {size}" for class_, size in sizes.items()])
    raise DataError(
        f"finetune.rebalance {what} Training images a class: {listed}. Ease {_rules(settings)}, or "
        "use finetune/rebalance=none."
    )


def _list_problems(drop_classes: object) -> Iterator[str]:
    """A lone text is a sequence too, of its letters."""
    of = drop_classes.items() if isinstance(drop_classes, Mapping) else [(None, drop_classes)]
    for column, classes in of:
        if isinstance(classes, str):
            right = json.dumps([classes], ensure_ascii=False)
            right = right if column is None else f"{{{column}: {right}}}"
            yield f"drop_classes is no list: {classes!r}. Write '{_WHERE}.drop_classes={right}'."


def _refusal(column: str, columns: Sequence[str], single: Sequence[str]) -> str:
    """Why nothing can be dropped or balanced in a column, and where it can; "" where it can."""
    if column in single:
        return ""
    if column not in columns:
        return (
            f"is not among the columns that the model is trained on.{closest(column, columns)} "
            f"It is trained on {', '.join(columns)}."
        )
    others = f" Of those trained these are: {', '.join(single)}." if single else ""
    return (
        "holds several values an image, and only single-valued columns can be rebalanced."
        f"{others or ' No trained one is: use finetune/rebalance=none.'}"
    )


def _rules(settings: Rebalance) -> str:
    """The settings that make classes go."""
    rules = {
        "drop_below": settings.drop_below,
        "drop_quantile": settings.drop_quantile,
        "drop_classes": json.dumps(settings.drop_classes, ensure_ascii=False, default=str),
    }
    found = [f"{_WHERE}.{name}={rules[name]}" for name in rules if getattr(settings, name)]
    return " or ".join(found) or f"{_WHERE}.undersample={settings.undersample}"


def _some(words: Sequence[str]) -> str:
    more = f", ... ({len(words)} in all)" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
