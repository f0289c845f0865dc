"""Scores a clustering against every label column and within every space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from clusterlab.components import CeilingMeter, MacroBuilder
from clusterlab.errors import ConfigError, DataError
from clusterlab.meaning import Homogeneity
from clusterlab.metrics import _notes
from clusterlab.metrics._again import Reclusterer
from clusterlab.metrics._clusters import cluster_table
from clusterlab.metrics._columns import Reference, references
from clusterlab.metrics._external import Tabulated
from clusterlab.metrics._measure import measure
from clusterlab.metrics._rows import ALL, headline_rows, marked, score_table, splits_of
from clusterlab.metrics._steady import Steadiness, steadiness
from clusterlab.metrics.agreement import Categories, about_agreements, agreements
from clusterlab.metrics.annotators import annotators, annotators_headline
from clusterlab.metrics.ceiling import NoCeiling
from clusterlab.metrics.macro_categories import NoMacroCategories
from clusterlab.metrics.neighbourhood import neighbourhood
from clusterlab.metrics.semantic_homogeneity import semantic_homogeneity
from clusterlab.neighbourhood import Neighbourhood
from clusterlab.types import Clustering, Collection, Evaluation, Features


class Evaluator:
    """Every metric for every label column, space, split and noise policy.

    Where the clustering has noise, each external score is there three times (noise as one cluster,
    dropped, as singletons) and each internal one twice (as one cluster, dropped); without noise all
    of these are equal and only the first is written. Images without a label are left out of that
    column's scores; n counts the images behind a value. DBCV and stability, where they are asked
    for, have one row a space, filed under noise as one cluster.

    n_permutations: of the labels, for the chance levels, at least 2. max_silhouette_images: above
    it a silhouette is a mean over about that many images, drawn by cluster. entropy_base: the unit
    of `entropy`; 2 = bits. stability: re-clusterings a kind (metrics/stability.py), 0 for none.
    dbcv: whether to measure it; it is quadratic in the largest cluster. good_homogeneity: the share
    of its most frequent label above which a cluster is good. n_neighbors: of each image, 0 for
    none. ceiling: measures how well the labels can be learned. macro: joins classes to larger ones.
    """

    def __init__(
        self,
        *,
        n_permutations: int = 100,
        max_silhouette_images: int = 30_000,
        entropy_base: float = 2,
        stability: int = 0,
        dbcv: bool = False,
        good_homogeneity: float = 0.75,
        n_neighbors: int = 10,
        ceiling: CeilingMeter | None = None,
        macro: MacroBuilder | None = None,
        random_state: int = 0,
    ) -> None:
        least: dict[str, tuple[float, float]] = {
            "n_permutations": (n_permutations, 2),
            "max_silhouette_images": (max_silhouette_images, 1),
            "n_neighbors": (n_neighbors, 0),
        }
        problems = [
            f"evaluator.{key} is {value}; it must be at least {bound}."
            for key, (value, bound) in least.items()
            if value < bound
        ]
        if entropy_base <= 1:
            problems.append(f"evaluator.entropy_base is {entropy_base}; it must be above 1.")
        if stability < 0 or stability == 1:
            problems.append(
                f"evaluator.stability is {stability}; it must be 0 (off), or the number of "
                "re-clusterings of each kind, at least 2."
            )
        if not 0 <= good_homogeneity < 1:
            problems.append(
                f"evaluator.good_homogeneity is {good_homogeneity}; it must be a share, at least 0 "
                "and below 1."
            )
        if problems:
            raise ConfigError(problems)
        self.n_permutations = n_permutations
        self.max_silhouette_images = max_silhouette_images
        self.entropy_base = entropy_base
        self.stability = stability
        self.dbcv = dbcv
        self.good_homogeneity = good_homogeneity
        self.n_neighbors = n_neighbors
        self.ceiling = ceiling or NoCeiling()
        self.macro = macro or NoMacroCategories()
        self.random_state = random_state

    def evaluate(
        self,
        collection: Collection,
        spaces: Mapping[str, Features],
        clustering: Clustering,
        *,
        scored_split: str = ALL,
        recluster: Reclusterer | None = None,
        categories: Categories | None = None,
        everything: tuple[Collection, Features] | None = None,
    ) -> Evaluation:
        """spaces: name -> values with the collection's ids. Medoids are sought in "reduced", or in
        the last space where there is none; what is clustered again is that space. scored_split:
        which rows are the headline, and which images the homogeneity is of. recluster: clusters as
        this clustering was made, for its stability. categories: as in agreement.py. everything: all
        images with features, also those that were not clustered, for the ceiling.

        Raises DataError where the images of the parts differ, no image is in scored_split, or
        stability is asked for and there is no `recluster`.
        """
        _check(collection, spaces, clustering)
        splits = splits_of(collection.split)
        if scored_split not in splits:
            raise DataError(f"No image is in split '{scored_split}'. Splits: {', '.join(splits)}.")
        scored = splits[scored_split]
        columns = [references(collection, column) for column in collection.labels.columns]
        names = [column[0].name for column in columns]
        home = "reduced" if "reduced" in spaces else list(spaces)[-1]
        measured = measure(
            columns,
            spaces,
            clustering.labels,
            splits,
            n_permutations=self.n_permutations,
            max_silhouette_images=self.max_silhouette_images,
            entropy_base=self.entropy_base,
            dbcv=self.dbcv,
            random_state=self.random_state,
        )
        steady = self._steadiness(spaces, home, clustering, recluster, scored)
        of_home = {"space": home, "split": scored_split, "column": ""}
        rows = [*measured.rows, *({**of_home, **row} for row in steady.rows)]
        rows = marked(rows, spaces, collection.split, collection.synthetic, collection.circular)
        headline = list(headline_rows(rows, names, scored_split))
        homogeneity = [
            self._homogeneity(collection, column, clustering, scored, made)
            for column in columns
            if (made := measured.tables[scored_split, column[0].name]) is not None
        ]
        about_spaces = [
            note for space in spaces for note in measured.inside[scored_split, space].notes
        ]
        silhouettes = measured.inside[ALL, home].silhouettes
        agreed = agreements(collection, categories)
        ceiling = self.ceiling.measure(*everything) if everything else None
        near = self._neighbourhood(collection, spaces)
        people = annotators(collection, within=scored)
        scored_as = {
            f"{row['metric']}/{row['label'] or row['space']}": row["value"] for row in headline
        }
        return Evaluation(
            scores=score_table(rows),
            headline=scored_as
            | dict(ceiling.headline if ceiling else {})
            | annotators_headline(people, scored_as),
            clusters=cluster_table(
                clustering.labels, spaces[home], columns, silhouettes, steady.found
            ),
            scored_split=scored_split,
            stability=steady.found,
            homogeneity=tuple(homogeneity),
            agreements=agreed,
            ceiling=ceiling,
            neighbourhood=near,
            annotators=people,
            notes=(
                *_notes.about_clusters(clustering),
                *_notes.about_labels(columns, scored),
                *_notes.about_supervision(spaces, names),
                *_notes.about_unseen(spaces, collection.split, scored_split),
                *dict.fromkeys(about_spaces),
                *steady.notes,
                *_notes.about_chance(headline, homogeneity),
                *about_agreements(collection, agreed),
                *(people.notes if people else ()),
            ),
        )

    def _neighbourhood(
        self, collection: Collection, spaces: Mapping[str, Features]
    ) -> Neighbourhood | None:
        space = spaces["features"] if "features" in spaces else next(iter(spaces.values()))
        return neighbourhood(collection, space, n_neighbors=self.n_neighbors)

    def _steadiness(
        self,
        spaces: Mapping[str, Features],
        home: str,
        clustering: Clustering,
        recluster: Reclusterer | None,
        within: np.ndarray,
    ) -> Steadiness:
        if not self.stability:
            return Steadiness()
        if recluster is None:
            raise DataError(
                f"evaluator.stability is {self.stability}, but nothing says how to cluster again: "
                "evaluate(..., recluster=Recluster(clusterer))."
            )
        return steadiness(
            spaces[home],
            clustering.labels,
            recluster,
            n_repeats=self.stability,
            random_state=self.random_state,
            within=within,
        )

    def _homogeneity(
        self,
        collection: Collection,
        column: Sequence[Reference],
        clustering: Clustering,
        within: np.ndarray,
        tables: Sequence[Tabulated],
    ) -> Homogeneity:
        return semantic_homogeneity(
            clustering.labels,
            column,
            tables,
            within=within,
            synthetic=column[0].name in collection.synthetic,
            threshold=self.good_homogeneity,
            n_permutations=self.n_permutations,
            random_state=self.random_state,
        )


def _check(collection: Collection, spaces: Mapping[str, Features], clustering: Clustering) -> None:
    if len(clustering.labels) != len(collection):
        raise DataError(
            f"{len(clustering.labels)} cluster labels cannot be scored on {len(collection)} images."
        )
    for name, space in spaces.items():
        if space.ids != collection.ids:
            raise DataError(f"The {name} values are not of the images of '{collection.name}'.")
