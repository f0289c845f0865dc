"""Names from the labels of a cluster's images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from clusterlab.components import Component
from clusterlab.errors import DataError, closest
from clusterlab.labelling import models_of
from clusterlab.meaning import Naming
from clusterlab.namers._names import clean, distinct
from clusterlab.namers._same import Maker
from clusterlab.namers._terms import Evidence, propose
from clusterlab.namers._verdict import Bar, Verifier, check_verifier, verified
from clusterlab.namers.name import Clusters
from clusterlab.namers.verifiers.held_out import HeldOut
from clusterlab.reading.settings import Settings
from clusterlab.types import Collection


class Labels:
    """Calls a cluster after the labels that set it apart, by class-based TF-IDF over the labels.

    column: of the labels; None is the first one that a model made, or else the first.
    n_terms: a further label is only added where less than half of the images have one of those
        before it, or where another cluster has the same name.
    verifier: whoever checks the names; threshold, n_asked: as in _verdict.Bar.

    Raises ConfigError for values that do not fit, DataError where there is no such column.
    """

    def __init__(
        self,
        *,
        column: str | None = None,
        n_terms: int = 2,
        verifier: Verifier | None = None,
        threshold: float = 0.5,
        n_asked: int = 20,
    ) -> None:
        self.column = column
        self.n_terms = n_terms
        self.verifier: Verifier = verifier or HeldOut()
        self.nested = {"verifier": self.verifier}
        self.bar = Bar(threshold=threshold, n_asked=n_asked, n_terms=n_terms)

    def check(self, collection: Collection, extractor: Component) -> None:
        """Raises DataError where there are no such labels, ComponentError where the verifier is
        known not to answer."""
        del extractor
        self._column(collection)
        check_verifier(self.verifier)

    def name(self, clusters: Clusters, settings: Settings) -> Naming:
        collection = clusters.collection
        column = self._column(collection)
        evidence = _evidence(collection, column)
        usable = self.verifier.usable(clusters)
        labels = clusters.clustering.labels
        proposals = propose(evidence, labels, usable, most_terms=self.n_terms, with_majority=True)
        synthetic = column in collection.synthetic
        return verified(
            distinct(proposals, most_terms=self.n_terms + 1),
            self.verifier,
            clusters,
            settings,
            bar=self.bar,
            made_of=f"the labels of “{column}”" + (", which a model made" if synthetic else ""),
            maker=Maker(models=models_of(clusters.labelers.get(column, {})), did="made the labels"),
            evidence=evidence,
            notes=_notes(column, clusters) if synthetic else (),
        )

    def _column(self, collection: Collection) -> str:
        known = [str(name) for name in collection.labels.columns]
        if not known:
            raise DataError(
                f"'{collection.name}' has no label column for namer=labels to take names from. Let "
                "a model label the images (labeler=clip), or use namer=captions or "
                "namer=contact_sheet."
            )
        if self.column is None:
            return next((name for name in known if name in collection.synthetic), known[0])
        if self.column not in known:
            raise DataError(
                f"namer.column '{self.column}' is no label column of '{collection.name}'."
                f"{closest(self.column, known)} Label columns: {', '.join(known)}."
            )
        return self.column


def _evidence(collection: Collection, column: str) -> Evidence:
    cells: Sequence[Any] = collection.labels[column].tolist()
    if column not in collection.multi_valued:
        cells = [() if cell is None else (cell,) for cell in cells]
    sets = [{clean(str(value)) for value in cell} - {""} for cell in cells]
    terms = tuple(sorted(set().union(*sets)))
    index = {term: at for at, term in enumerate(terms)}
    pairs = [(row, index[term]) for row, values in enumerate(sets) for term in sorted(values)]
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    counts = sparse.csr_matrix((np.ones(len(pairs)), (rows, columns)), (len(sets), len(terms)))
    return Evidence(counts=counts, terms=terms, known=np.array([bool(v) for v in sets]))


def _notes(column: str, clusters: Clusters) -> list[str]:
    notes = [
        f"The names of the clusters come from the labels of “{column}”, which a model made: they "
        "inherit its mistakes."
    ]
    if "random weights" in clusters.marks.get(column, ()):
        notes.append(
            "The names of the clusters come from labels by random weights: they mean nothing."
        )
    return notes
