"""The options that every dataset takes, checked in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from clusterlab.errors import ConfigError, closest
from clusterlab.splits import SPLITS


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to keep of a collection, and how to split it.

    sample_share: keep this share of each class, in (0, 1], at least one image a class.
    sample_per_class: keep this many images of each class, or all where there are fewer.
    min_class_size: drop classes with fewer images, before sampling.
    class_column: the label column that means "class" for sampling, dropping and splitting; by
        default the first. Images without a value there form a group of their own, which is sampled
        like a class and never dropped as too small.
    split: shares of "train", "val" and "test" that sum to 1, or None for no split.
    random_state: which images a sample or a split picks.
    max_failed_share: a run fails when more than this share of the images cannot be used.

    Raises ConfigError, with every problem found.
    """

    sample_share: float | None = None
    sample_per_class: int | None = None
    min_class_size: int | None = None
    class_column: str | None = None
    split: Mapping[str, float] | None = None
    random_state: int = 0
    max_failed_share: float = 0.5

    def __post_init__(self) -> None:
        problems = [*_sampling_problems(self), *_split_problems(self.split)]
        if not 0 <= self.max_failed_share <= 1:
            problems.append(f"max_failed_share must be in [0, 1], not {self.max_failed_share}.")
        if problems:
            raise ConfigError([f"dataset.{problem}" for problem in problems])

    @classmethod
    def of(cls, dataset: object) -> Options:
        """The options among a dataset's own arguments."""
        return cls(**{field.name: getattr(dataset, field.name) for field in fields(cls)})


def _sampling_problems(options: Options) -> list[str]:
    problems = []
    share = options.sample_share
    if share is not None and not 0 < share <= 1:
        problems.append(f"sample_share must be in (0, 1], not {share}.")
    if share is not None and options.sample_per_class is not None:
        problems.append("sample_share and sample_per_class exclude each other: give one of them.")
    for name in ("sample_per_class", "min_class_size"):
        number = getattr(options, name)
        if number is not None and number < 1:
            problems.append(f"{name} must be at least 1, not {number}.")
    return problems


def _split_problems(split: Mapping[str, float] | None) -> list[str]:
    if split is None:
        return []
    problems = [
        f"split names '{name}', which is none of train, val, test.{closest(name, SPLITS)}"
        for name in split
        if name not in SPLITS
    ]
    if any(share < 0 for share in split.values()):
        problems.append(f"split holds a negative share: {dict(split)}.")
    total = sum(split.values())
    if abs(total - 1) > 1e-6:
        problems.append(
            f"split has shares that sum to {total:g}, not 1: {dict(split)}. "
            "For example: dataset.split='{train: .8, test: .2}'."
        )
    return problems
