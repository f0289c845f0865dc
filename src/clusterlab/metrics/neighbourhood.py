"""Which images lie beside which, and what that says about their labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clusterlab.metrics._columns import references
from clusterlab.metrics._neighbour_labels import COLUMNS, ISSUES, PAIRS, Around, among_labels
from clusterlab.metrics._neighbour_notes import why_not
from clusterlab.metrics._neighbour_search import nearest
from clusterlab.neighbourhood import Neighbourhood
from clusterlab.types import Collection, Features

# In few dimensions a place says more than a direction; a network's vectors are the other way round.
_DIRECTIONS = 16


def neighbourhood(
    collection: Collection,
    features: Features,
    *,
    n_neighbors: int,
) -> Neighbourhood | None:
    """The nearest neighbours of every image. None for n_neighbors=0.

    Wrong labels are sought by the votes of 2 * n_neighbors neighbours, pairs of classes among the
    nearest n_neighbors. Exact copies of an image are listed, but neither vote about it nor join
    classes, and the copies of another count once. Of a column that the features were learned from,
    only images count whose labels were not, also as voters.

    >>> from clusterlab.types import MemoryImage
    >>> images = Collection(
    ...     name="hats", ids=("a", "b", "c"), images=(MemoryImage(b""),) * 3,
    ...     digests=("1", "2", "3"), labels=pd.DataFrame(index=range(3)),
    ...     split=np.array(["all"] * 3), numeric=pd.DataFrame(index=range(3)),
    ... )
    >>> places = Features(ids=images.ids, values=np.float32([[0], [3], [5]]), space="features")
    >>> neighbourhood(images, places, n_neighbors=1).indices.ravel()
    array([1, 2, 1])
    """
    if n_neighbors == 0:
        return None
    points, space = _points(features)
    near, distances = nearest(points, n_neighbors=2 * n_neighbors)
    copies = pd.factorize(np.array(collection.digests, dtype=object))[0]
    around = Around(points, near, distances, copies, n_neighbors)
    found, notes = [], []
    for column in map(str, collection.labels.columns):
        if reason := why_not(collection, features, column):
            notes.append(reason)
            continue
        whole = references(collection, column)[0]
        judged = among_labels(collection, whole, around, learned=_learned(features, column))
        notes += judged.notes
        found.append(judged)
    return Neighbourhood(
        space=space,
        indices=near[:, :n_neighbors],
        distances=distances[:, :n_neighbors],
        issues=_table([row for one in found for row in one.issues], ISSUES),
        pairs=_table([row for one in found for row in one.pairs], PAIRS),
        columns=_table([row for one in found for row in one.columns], COLUMNS),
        notes=tuple(notes),
    )


def _points(features: Features) -> tuple[np.ndarray, str]:
    """What distances are measured between, and what that space is called."""
    values = features.values
    if values.shape[1] < _DIRECTIONS:
        return values, "features"
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit = np.divide(values, length, out=np.zeros_like(values), where=length > 0)
    return unit, "features at unit length"


def _learned(features: Features, column: str) -> tuple[str, ...]:
    """The splits whose labels in this column the features know."""
    return features.seen_splits if column in features.seen_labels else ()


def _table(rows: list[tuple[object, ...]], columns: Mapping[str, type]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)
