"""Scores a clustering against every label column and within every space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from clusterlab.errors import ConfigError, DataError
from clusterlab.metrics import _notes
from clusterlab.metrics._clusters import cluster_table
from clusterlab.metrics._columns import Reference, references
from clusterlab.metrics._external import external_rows
from clusterlab.metrics._internal import Internal, internal
from clusterlab.metrics._rows import ALL, Row, headline_rows, marked, score_table, splits_of
from clusterlab.types import NOISE, Clustering, Collection, Evaluation, Features


class Evaluator:
    """Every metric for every label column, space, split and noise policy.

    Where the clustering has noise, each external score is there three times (noise as one cluster,
    dropped, as singletons) and each internal one twice (as one cluster, dropped); without noise all
    of these are equal and only the first is written. Images without a label are left out of that
    column's scores; n counts the images behind a value.

    n_permutations: of the labels, for the chance levels, at least 2. max_silhouette_images: above
    it a silhouette is a mean over about that many images, drawn by cluster. entropy_base: the unit
    of `entropy`; 2 = bits.
    """

    def __init__(
        self,
        *,
        n_permutations: int = 100,
        max_silhouette_images: int = 30_000,
        entropy_base: float = 2,
        random_state: int = 0,
    ) -> None:
        least: dict[str, tuple[float, float]] = {
            "n_permutations": (n_permutations, 2),
            "max_silhouette_images": (max_silhouette_images, 1),
        }
        problems = [
            f"evaluator.{key} is {value}; it must be at least {bound}."
            for key, (value, bound) in least.items()
            if value < bound
        ]
        if entropy_base <= 1:
            problems.append(f"evaluator.entropy_base is {entropy_base}; it must be above 1.")
        if problems:
            raise ConfigError(problems)
        self.n_permutations = n_permutations
        self.max_silhouette_images = max_silhouette_images
        self.entropy_base = entropy_base
        self.random_state = random_state

    def evaluate(
        self,
        collection: Collection,
        spaces: Mapping[str, Features],
        clustering: Clustering,
        *,
        scored_split: str = ALL,
        recluster: Callable[[np.ndarray, int | None], np.ndarray] | None = None,  # noqa: ARG002
    ) -> Evaluation:
        """spaces: name -> values with the collection's ids. Medoids are sought in "reduced", or in
        the last space where there is none. scored_split: which rows are the headline.

        Raises DataError where the images of the parts differ, or no image is in scored_split.
        """
        _check(collection, spaces, clustering)
        splits = splits_of(collection.split)
        if scored_split not in splits:
            raise DataError(f"No image is in split '{scored_split}'. Splits: {', '.join(splits)}.")
        columns = [references(collection, column) for column in collection.labels.columns]
        names = [column[0].name for column in columns]
        rows: list[Row] = []
        inside: dict[tuple[str, str], Internal] = {}
        for split, within in splits.items():
            rows += self._external(split, columns, clustering, within)
            for space, found in self._internal(spaces, clustering, within).items():
                inside[split, space] = found
                rows += [
                    {"space": space, "split": split, "column": "", **row} for row in found.rows
                ]
        rows = marked(rows, spaces, collection.split)
        headline = list(headline_rows(rows, names, scored_split))
        home = "reduced" if "reduced" in spaces else list(spaces)[-1]
        about_spaces = [note for space in spaces for note in inside[scored_split, space].notes]
        return Evaluation(
            scores=score_table(rows),
            headline={
                f"{row['metric']}/{row['label'] or row['space']}": row["value"] for row in headline
            },
            clusters=cluster_table(
                clustering.labels, spaces[home], columns, inside[ALL, home].silhouettes
            ),
            scored_split=scored_split,
            notes=(
                *_notes.about_clusters(clustering),
                *_notes.about_labels(columns, splits[scored_split]),
                *_notes.about_supervision(spaces, names),
                *_notes.about_unseen(spaces, collection.split, scored_split),
                *dict.fromkeys(about_spaces),
                *_notes.about_chance(headline),
            ),
        )

    def _external(
        self,
        split: str,
        columns: Sequence[Sequence[Reference]],
        clustering: Clustering,
        within: np.ndarray,
    ) -> list[Row]:
        return [
            {"split": split, "column": column[0].name, **row}
            for column in columns
            for reference in column
            for row in external_rows(
                clustering.labels,
                reference,
                within,
                has_noise=_has_noise(clustering),
                n_permutations=self.n_permutations,
                entropy_base=self.entropy_base,
                random_state=self.random_state,
            )
        ]

    def _internal(
        self, spaces: Mapping[str, Features], clustering: Clustering, within: np.ndarray
    ) -> dict[str, Internal]:
        found: dict[str, Internal] = {}
        for name, space in spaces.items():
            same = [other for other in found if np.array_equal(spaces[other].values, space.values)]
            found[name] = (
                found[same[0]]
                if same
                else internal(
                    space.values if within.all() else space.values[within],
                    clustering.labels[within],
                    has_noise=_has_noise(clustering),
                    max_images=self.max_silhouette_images,
                    random_state=self.random_state,
                )
            )
        return found


def _has_noise(clustering: Clustering) -> bool:
    return bool((clustering.labels == NOISE).any())


def _check(collection: Collection, spaces: Mapping[str, Features], clustering: Clustering) -> None:
    if len(clustering.labels) != len(collection):
        raise DataError(
            f"{len(clustering.labels)} cluster labels cannot be scored on {len(collection)} images."
        )
    for name, space in spaces.items():
        if space.ids != collection.ids:
            raise DataError(f"The {name} values are not of the images of '{collection.name}'.")
