"""New images, each put to the nearest cluster of a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clusterlab.components import Component
from clusterlab.errors import ComponentError
from clusterlab.extractors.engine import extract
from clusterlab.reading.settings import Settings
from clusterlab.reducers.mapped import mapped
from clusterlab.store import digest_of
from clusterlab.types import Collection, Failure


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a run left for new images.

    extractor: with the run's fine-tuned weights. arrays: model.safetensors. facts: model.json.
    names: cluster -> what it is called, where it is called anything.
    """

    extractor: Component
    reducer: Component
    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]
    names: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """table: one row an image: id, path, cluster, name (where clusters have any), distance (to the
    cluster's centroid),
    margin (how much farther the next centroid is, as a share of the distance to it, in [0, 1]; 0 is
    a tie), far (whether it lies farther out than 95% of the cluster's own images) and, where the
    run's features are marked, marks.
    failures: images that could not be used. space: whose distances these are.
    notes: what a reader must know first."""

    table: pd.DataFrame
    failures: tuple[Failure, ...]
    space: str
    notes: tuple[str, ...]


def predict(kept: Kept, collection: Collection, settings: Settings) -> Predicted:
    """The nearest centroid for each image of a collection.

    In the reduced space where the reducer is a linear map or an MLP, else among the features.
    Raises ComponentError where the extractor needs a table, or learned from the run's own images in
    a way that was not kept.
    """
    if not len(kept.arrays["clusters"]):
        raise ComponentError(
            "The run found no cluster, only noise, so there is nothing to put an image to."
        )
    extraction = extract(
        collection,
        _restored(kept),
        store=settings.store,
        decoding=settings.decoding,
        compute=settings.compute,
        workers=settings.workers,
        batch_size=settings.batch_size,
    )
    features = extraction.features
    reduced = mapped(kept.reducer.instance, _own(kept.arrays, "reducer"), features.values)
    space = "features" if reduced is None else "reduced"
    values = features.values if reduced is None else reduced
    images = collection.take(features.ids)
    return Predicted(
        table=_table(kept, images, values, space),
        failures=(*collection.failures, *extraction.failures),
        space=space,
        notes=(*_notes(kept, space), *extraction.notes),
    )


class _Restored:
    """An extractor with what it learned from the run's images; it learns nothing of new ones."""

    def __init__(self, extractor: Any, arrays: Mapping[str, np.ndarray]) -> None:
        extractor.restore(arrays)
        self.version = extractor.version
        self.prepare = extractor.prepare
        self.embed = extractor.embed


def _restored(kept: Kept) -> Component:
    extractor = kept.extractor
    for stops, why in (
        (hasattr(extractor.instance, "join"), "joins several extractors"),
        (hasattr(extractor.instance, "texts"), "reads the texts of a table"),
        (not hasattr(extractor.instance, "prepare"), "reads the labels of a table"),
    ):
        if stops:
            raise ComponentError(
                f"The run's extractor '{extractor.name}' {why}, which new images by themselves do "
                "not have. Cluster them with the others: clusterlab run --again RUN."
            )
    if not hasattr(extractor.instance, "fit"):
        return extractor
    learned = _own(kept.arrays, "extractor")
    known = {name: digest_of(array) for name, array in learned.items()}
    return replace(
        extractor,
        config={**extractor.config, "restored": known},
        instance=_Restored(extractor.instance, learned),
    )


def _own(arrays: Mapping[str, np.ndarray], stage: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(f"{stage}."): array
        for name, array in arrays.items()
        if name.startswith(f"{stage}.")
    }


def _table(kept: Kept, images: Collection, values: np.ndarray, space: str) -> pd.DataFrame:
    clusters, centroids = kept.arrays["clusters"], kept.arrays[f"centroids_{space}"]
    distances = _distances(values, centroids)
    nearest = distances.argmin(axis=1)
    own = distances[np.arange(len(values)), nearest]
    found = clusters[nearest]
    radius = kept.arrays.get(f"radius_{space}")
    table = pd.DataFrame(
        {
            "id": images.ids,
            "path": [image.path for image in images.images],
            "cluster": found,
            **({"name": [kept.names.get(int(c), "") for c in found]} if kept.names else {}),
            "distance": own,
            "margin": _margin(distances, own),
            "far": own > radius[nearest] if radius is not None else False,
        }
    )
    marks = kept.facts.get("marks") or ()
    return table.assign(marks="; ".join(marks)) if marks else table


def _distances(values: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """(n, c), one centroid after the other: a new image's distance must not depend on the others
    that it comes with."""
    rows = values.astype(np.float64)
    return np.stack([np.linalg.norm(rows - one, axis=1) for one in centroids], axis=1)


def _margin(distances: np.ndarray, own: np.ndarray) -> np.ndarray:
    if distances.shape[1] < 2:
        return np.ones(len(distances))
    second = np.partition(distances, 1, axis=1)[:, 1]
    return np.asarray(np.divide(second - own, second, out=np.zeros_like(own), where=second > 0))


def _notes(kept: Kept, space: str) -> Sequence[str]:
    share = (kept.facts.get("nearest_centroid") or {}).get(space)
    notes = [f"The run's features are marked: {mark}." for mark in kept.facts.get("marks") or ()]
    if space == "features":
        notes.append(
            "The run's reducer cannot take new images, so distances are those of the features, not "
            "of the space that was clustered."
        )
    if share is not None:
        notes.append(
            f"Of the run's own images in clusters, {share:.1%} are nearest to the centroid of "
            "their own cluster: expect no more of new ones."
        )
    if kept.facts.get("noise"):
        notes.append(
            "The run left some images in no cluster (noise); here every image gets one. Look at "
            "'far'."
        )
    return notes
