"""Reductions that are computed once: by what was reduced, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clusterlab.components import Component
from clusterlab.errors import ComponentError
from clusterlab.origin import origin
from clusterlab.reducers._lesson import Lesson, Pupil, lesson_of
from clusterlab.reducers.explained_variance import explained_variance
from clusterlab.reducers.fitted import fitted_arrays
from clusterlab.reducers.reduce import reduce
from clusterlab.store import Store, digest_of
from clusterlab.types import Collection, Features

# Raised where a change of this folder changes what a reducer returns.
REDUCER_VERSION = 1
_FITTED = "fitted."


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """features: the reduced space. fitted: what maps new images into it, where that is linear or
    was learned from labels. explained_variance: (r,) shares where a PCA made it.
    notes: what the reducer decided by itself. store: whether it was kept, and why not."""

    features: Features
    fitted: Mapping[str, np.ndarray]
    explained_variance: np.ndarray | None
    notes: tuple[str, ...]
    store: str


@dataclass(frozen=True, kw_only=True)
class Views:
    """projections: name -> (n, 2) float32. notes: of the projections that adapted or failed."""

    projections: Mapping[str, np.ndarray]
    notes: tuple[str, ...]
    store: str


def reduce_features(
    features: Features,
    component: Component,
    *,
    store: Store | None = None,
    collection: Collection | None = None,
    keep: Sequence[str] | None = None,
) -> Reduction:
    """The reduced space of these features, from the store where it holds it.

    collection: the labels and the split of the images, for a supervised reducer: it learns from
    those in train that have a label, and sees nothing of the others but what is to be reduced.
    keep: ids of the images that are reduced, None for all. Any other reducer is fitted on them.

    Raises ComponentError where the reducer fails, DataError where a supervised one has no such
    column or no image to learn from.
    """
    kept = features if keep is None else features.take(keep)
    lesson = None
    if hasattr(component.instance, "learn"):
        lesson = lesson_of(features, component, collection)
    arrays, said = _arrays("reducer", kept, component, store, lesson)
    reduced = replace(
        kept,
        values=arrays["values"],
        space="reduced",
        provenance={"reducer": dict(component.config), "of": dict(features.provenance)},
    )
    return Reduction(
        features=lesson.marked(reduced) if lesson else reduced,
        fitted={
            name.removeprefix(_FITTED): array
            for name, array in arrays.items()
            if name.startswith(_FITTED)
        },
        explained_variance=arrays.get("explained_variance"),
        notes=tuple(json.loads(arrays["notes"].tobytes())),
        store=said,
    )


def project(
    features: Features,
    reduced: Features,
    views: Mapping[str, Component],
    *,
    store: Store | None = None,
) -> Views:
    """2-D pictures of the features. A view that fails costs its picture, never the run.

    With no view at all, or none that worked, the first two reduced dimensions are drawn.
    """
    projections: dict[str, np.ndarray] = {}
    notes: list[str] = []
    said: list[str] = []
    for name, component in views.items():
        try:
            arrays, from_store = _arrays("view", features, component, store)
        except ComponentError as error:
            notes.append(f"There is no {name} view: {error}")
            continue
        projections[name] = _two_columns(arrays["values"])
        notes += [f"View {name}: {note}" for note in json.loads(arrays["notes"].tobytes())]
        said.append(f"{name} {from_store}")
    if not projections:
        projections["reduced"] = _two_columns(reduced.values)
    return Views(projections=projections, notes=tuple(notes), store="; ".join(said))


def _two_columns(values: np.ndarray) -> np.ndarray:
    columns = values[:, :2]
    return np.pad(columns, ((0, 0), (0, 2 - columns.shape[1])))


def _arrays(
    kind: str,
    features: Features,
    component: Component,
    store: Store | None,
    lesson: Lesson | None = None,
) -> tuple[Mapping[str, np.ndarray], str]:
    def compute() -> dict[str, np.ndarray]:
        reducer: Any = component.instance
        values, notes = reduce(Pupil(reducer, lesson) if lesson else reducer, features.values)
        arrays = {
            "values": values,
            "notes": np.frombuffer(json.dumps(notes).encode(), dtype=np.uint8),
        }
        variance = explained_variance(reducer)
        if variance is not None:
            arrays["explained_variance"] = variance
        fitted = fitted_arrays(reducer) if kind == "reducer" else {}
        if lesson:
            fitted = dict(getattr(reducer, "fitted", {}))
        return arrays | {f"{_FITTED}{name}": array for name, array in fitted.items()}

    if store is None:
        return compute(), "computed; the store is off"
    found = store.remember(
        kind,
        {
            "config": dict(component.config),
            "version": REDUCER_VERSION,
            "code": origin(component.config),
            "features": digest_of(features.values),
            **({"training": lesson.describe()} if lesson else {}),
        },
        compute,
    )
    return found.arrays, "from the store" if found.from_store else f"computed: {found.reason}"
