"""Which images a run may be judged by."""

from __future__ import annotations

from collections.abc import Container

from clusterlab.components import Component
from clusterlab.errors import ConfigError, DataError
from clusterlab.types import Collection, Features

_TRAINED = "train"


def learned_column(finetune: Component, reducer: Component) -> str | None:
    """The label column that a stage learns; "" for the collection's first, None where nothing is
    learned from labels."""
    if hasattr(reducer.instance, "learn") or getattr(finetune.instance, "columns", ()) != ():
        named = getattr(finetune.instance, "columns", None) or ()
        return next(iter(named), getattr(reducer.instance, "column", None) or "")
    return None


def check_scored_split(
    collection: Collection, learned: str | None, asked: str = "auto", clustered: str = "all"
) -> None:
    """Raises, before hours of training, what `scored_split` would raise after them.

    collection: the images that will be clustered. learned: as `learned_column` says it.
    """
    if learned is not None:
        _chosen({*collection.split.tolist()}, (_TRAINED,), asked, clustered)


def scored_split(
    collection: Collection, features: Features, asked: str = "auto", clustered: str = "all"
) -> str:
    """The split that the headline scores are about.

    collection: the images that were clustered. features: those that were, with the splits that they
    were learned from. asked: by the user. clustered: the split that was clustered.

    "auto" is that split, and after learning from labels the test images, or, where there are none,
    the validation images. Raises ConfigError where the user asks for images that the model was
    trained on, DataError where there are no others.
    """
    return _chosen({*collection.split.tolist()}, features.seen_splits, asked, clustered)


def _chosen(there: set[str], seen: Container[str], asked: str, clustered: str) -> str:
    """there: the splits of the clustered images."""
    if asked == "auto" and _TRAINED not in seen:
        return clustered
    if asked == "auto":
        found = next((split for split in ("test", "val") if split in there), None)
        if found is None:
            raise DataError(
                "The model was trained on labels of the images that were clustered, and no others "
                "are left to score it by. Give some to the test: dataset.split='{train: .8, val: "
                ".1, test: .1}', or cluster them: clustered_split=test."
            )
        return found
    held = there if asked == "all" else {asked}
    if _TRAINED in seen and _TRAINED in held:
        raise ConfigError(
            f"scored_split={asked} holds images that the model was trained on, so its scores would "
            "say nothing about others. Use scored_split=test; scores.csv has all splits, marked."
        )
    if not held <= there:
        raise ConfigError(
            f"scored_split={asked}, but no clustered image is in that split (splits: "
            f"{', '.join(sorted({'all', *there}))})."
        )
    return asked
