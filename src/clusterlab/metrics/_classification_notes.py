"""What a reader must know before trusting the scores of a fine-tuned model, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clusterlab.metrics._rows import ALL
from clusterlab.training import Predictions

MOST_NAMED = 5


def about(
    said: Predictions,
    scored: Mapping[str, int],
    taught: Mapping[str, int],
    *,
    n_classes: int,
    n_unnamed: int,
    split: str,
) -> Iterator[str]:
    """scored, taught: class -> its images in the scored split and among the training images.
    n_classes: those that the model knows or an image has. n_unnamed: scored images that the model
    puts in no class."""
    column = said.column
    if not scored:
        every = _images(2, split).removeprefix("2 ")
        yield f"{column}: none of the {every} has a label, so nothing says how well it is named."
        return
    yield from _about_unknown(said, scored, taught, split)
    if n_classes > len(scored):
        yield (
            f"{column}: {n_classes - len(scored):,} of {n_classes:,} classes have no scored image; "
            f"macro averages are over the other {len(scored):,}."
        )
    if n_unnamed:
        yield (
            f"{column}: {_images(n_unnamed, split)} put in no class {_count(n_unnamed)} as errors."
        )


def _about_unknown(
    said: Predictions, scored: Mapping[str, int], taught: Mapping[str, int], split: str
) -> Iterator[str]:
    """Classes that scored images have and the model cannot name."""
    column, known = said.column, {*said.classes}
    left_out = [name for name in taught if name not in known]
    if left_out:
        n_errors = sum(scored.get(name, 0) for name in left_out)
        yield (
            f"{column}: {_classes(left_out)} left out of the training: {_images(n_errors, split)} "
            f"of {_them(left_out)} {_count(n_errors)} as errors. The kept scores (kept_accuracy, "
            f"...) are over the {len(said.kept):,} classes that were kept."
        )
    strange = [name for name in scored if name not in known and name not in taught]
    if strange:
        n_errors = sum(scored[name] for name in strange)
        names = ", ".join(f"'{name}'" for name in strange[:MOST_NAMED])
        more = ", ..." if len(strange) > MOST_NAMED else ""
        yield (
            f"{column}: {_classes(strange)} in no training image ({names}{more}), so the model "
            f"cannot know {_them(strange)}: {_images(n_errors, split)} {_count(n_errors)} as "
            "errors."
        )


def _classes(names: Sequence[str]) -> str:
    return "1 class was" if len(names) == 1 else f"{len(names):,} classes were"


def _them(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _count(n: int) -> str:
    return "counts" if n == 1 else "count"


def _images(n: int, split: str) -> str:
    return f"{n:,} {'' if split == ALL else f'{split} '}image{'' if n == 1 else 's'}"
