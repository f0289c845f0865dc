"""What a reader must know before trusting a ceiling, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from clusterlab.metrics._ceiling_halves import n_built_on, n_seen
from clusterlab.metrics._ceiling_task import Task
from clusterlab.splits import VAL
from clusterlab.types import Collection, Features

MOST_NAMED = 5


class Notes:
    """Sentences by what they say, so that what holds for several columns is said once."""

    def __init__(self) -> None:
        self._columns: dict[str, list[str]] = {}

    def sentences(self) -> tuple[str, ...]:
        return tuple(
            f"{', '.join(columns)}: {text}" if columns != [""] else text
            for text, columns in self._columns.items()
        )

    def add(self, column: str, text: str) -> None:
        columns = self._columns.setdefault(text, [])
        if column not in columns:
            columns.append(column)

    def can_be_learned(self, task: Task, *, most: int | None) -> bool:
        """False, with a note, where it makes no sense. most: images times classes, None = any."""
        why = _why_not(task, most)
        if why:
            self.add(task.column, why)
        return not why

    def about_fit(
        self,
        task: Task,
        *,
        n_stopped: int,
        max_iter: int,
        kept: int | None,
        n_components: int | None,
        fitted_on: str,
    ) -> None:
        column = task.column
        if n_stopped:
            what = f"{n_stopped:,} of its classifiers" if task.is_multi else "the classifier"
            self.add(
                column,
                f"{what} had not converged after {max_iter:,} iterations, so a better one may "
                "exist. Raise evaluator.ceiling.max_iter, or lower evaluator.ceiling.C.",
            )
        if kept is not None:
            self.add(
                column,
                f"the PCA kept {kept:,} components, not {n_components:,}: the images and features "
                "that it was fitted on allow no more.",
            )
        if fitted_on == "all":
            what = "The scaler was" if n_components is None else "The scaler and the PCA were"
            self.add(
                "",
                f"{what} fitted on all images, the test images too (evaluator.ceiling.fitted_on="
                "all): the test images are not quite unseen.",
            )

    def about_classes(self, task: Task) -> None:
        column, names = task.column, task.names
        if task.is_multi:
            self.add(
                column,
                "an image has several values, so each value is learned by itself, and accuracy is "
                "the share of right yes/no decisions. To say no is mostly right where a value is "
                "rare: compare it with the baseline, and look at F1.",
            )
        strange = np.flatnonzero((task.n_train == 0) & (task.n_test > 0))
        if len(strange):
            n = int(task.n_test[strange].sum())
            self.add(
                column,
                f"{_classes(strange)} in no training image ({_named(names, strange)}), so the "
                f"classifier cannot know {'it' if len(strange) == 1 else 'them'}: {n:,} test "
                f"image{' counts' if n == 1 else 's count'} as errors.",
            )
        single = np.flatnonzero(task.n_train == 1)
        if len(single):
            who = "1 class has" if len(single) == 1 else f"{len(single):,} classes have"
            self.add(
                column,
                f"{who} one training image only ({_named(names, single)}), from which "
                "hardly anything can be learned.",
            )
        n_untested = int((task.n_test == 0).sum())
        if n_untested:
            self.add(
                column,
                f"{n_untested:,} of {len(names):,} classes "
                f"{'has' if n_untested == 1 else 'have'} no test image; means over classes are "
                f"over the other {len(names) - n_untested:,}.",
            )

    def about_supervision(
        self, task: Task, collection: Collection, features: Features, *, own: bool
    ) -> None:
        """own: whether a split was asked for that is not the collection's."""
        column = task.column
        n, n_test = n_seen(collection, features, task.test), int(task.test.sum())
        if column in features.seen_labels and features.seen_splits:
            self.add(
                column,
                "the features were themselves trained on these labels, so this is what that "
                "training reached (supervised), not what features that know no labels hold.",
            )
        elif column in features.seen_labels:
            self.add(
                column,
                "the features were made from this column, so that it can be learned from them says "
                "nothing (supervised).",
            )
        if not n:
            return
        if {*collection.split[task.test].tolist()} == {VAL}:
            self.add(
                column,
                f"the {n_test:,} test images are the validation images, which chose the epoch that "
                "the features are of: the ceiling is optimistic.",
            )
        else:
            self.add(
                column,
                f"{n:,} of the {n_test:,} test images are among those that the features were "
                "trained on (seen in training), so the ceiling also measures what that training "
                "learned by heart, and is too high."
                f"{' evaluator.ceiling.split=null tests with images kept apart.' if own else ''}",
            )

    def about_macro(self, task: Task, collection: Collection, *, own: bool) -> None:
        """own: whether a split was asked for that is not the collection's."""
        n, n_test = n_built_on(collection, task.column, task.test), int(task.test.sum())
        if n:
            way = " evaluator.ceiling.split=null tests with others, where there are any."
            self.add(
                task.column,
                f"{n:,} of the {n_test:,} test images are among those that the macro-categories "
                "were built on, by these very features (circular), so the ceiling is too high."
                f"{way if own else ''}",
            )


def joined(told: Mapping[str, str]) -> str:
    """column -> how it was split, in words; with the columns' names where that is not the same.

    >>> joined({"a": "Halves.", "b": "Halves."}), joined({"a": "Halves.", "b": "Fifths."})
    ('Halves.', 'a: Halves. b: Fifths.')
    """
    if len({*told.values()}) < 2:
        return next(iter(told.values()), "")
    book = Notes()
    for column, text in told.items():
        book.add(column, text)
    return " ".join(book.sentences())


def _why_not(task: Task, most: int | None) -> str:
    n_train, n_test = int(task.train.sum()), int(task.test.sum())
    if not len(task.names):
        return "no image has a label, so there is no ceiling."
    if len(task.names) == 1 and not task.is_multi:
        return f"'{task.names[0]}' is the only class, so there is nothing to learn."
    if int((task.n_train + task.n_test).max()) < 2:
        return "no two images have the same label, so there is nothing to learn."
    if not n_train or not n_test:
        half = "test" if n_train else "training"
        return f"no {half} image has a label, so there is no ceiling."
    if ((task.n_train == 0) | (task.n_train == n_train)).all():
        return "all training images have the same label, so there is nothing to learn."
    if most is not None and not task.is_multi and n_train * len(task.names) > most:
        return (
            f"{len(task.names):,} classes of {n_train:,} training images would take long and much "
            f"memory, so there is no ceiling unless it is asked for: "
            f"evaluator.ceiling.columns=['{task.column}']."
        )
    return ""


def _classes(found: Sequence[int] | np.ndarray) -> str:
    return "1 class is" if len(found) == 1 else f"{len(found):,} classes are"


def _named(names: Sequence[str], found: np.ndarray) -> str:
    shown = ", ".join(f"'{names[at]}'" for at in found[:MOST_NAMED])
    return shown + (", ..." if len(found) > MOST_NAMED else "")
