"""The tables of a run folder: assignments, clusters, scores and failures, and model/."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from clusterlab.files import replacing, write_file, write_json
from clusterlab.types import Collection, Failure, Outcome


def write_tables(outcome: Outcome, folder: Path) -> None:
    """Write the CSV files and model/. Raises OutputError where the folder cannot take them."""
    _write_csv(assignments(outcome), folder / "assignments.csv")
    _write_csv(outcome.evaluation.clusters, folder / "clusters.csv")
    _write_csv(outcome.evaluation.scores, folder / "scores.csv")
    _write_csv(failures(outcome), folder / "failures.csv")
    _write_model(outcome, folder / "model")


def assignments(outcome: Outcome) -> pd.DataFrame:
    """id, path, cluster, strength, split, x, y, then the label columns (sets joined by `|`).

    x and y are those of the first view.
    """
    collection, clustering = outcome.collection, outcome.clustering
    positions = next(iter(outcome.views.values()))
    table = pd.DataFrame(
        {
            "id": collection.ids,
            "path": [image.path for image in collection.images],
            "cluster": clustering.labels,
            "strength": np.nan if clustering.strength is None else clustering.strength,
            "split": collection.split,
            "x": positions[:, 0],
            "y": positions[:, 1],
        }
    )
    labels = flat_labels(collection)
    # A label column may bear the name of one of ours; a table has each name once.
    names: list[str] = []
    for name in map(str, labels.columns):
        while name in table or name in names:
            name = f"label_{name}"
        names.append(name)
    return pd.concat([table, labels.set_axis(names, axis=1)], axis=1)


def flat_labels(collection: Collection) -> pd.DataFrame:
    """The label columns as text: sets joined by `|`, missing as None."""
    flat = collection.labels.copy()
    for column in collection.multi_valued:
        flat[column] = pd.Series(
            ["|".join(values) or None for values in flat[column]], dtype=object
        )
    return flat


def failures(outcome: Outcome) -> pd.DataFrame:
    """id, path, stage, error, message: one row an image that was left out."""
    columns = [field.name for field in dataclasses.fields(Failure)]
    return pd.DataFrame([dataclasses.astuple(f) for f in outcome.failures], columns=columns)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_file(path, lambda temporary: table.to_csv(temporary, index=False))


def _write_model(outcome: Outcome, folder: Path) -> None:
    """What assigns a new image: how features are made and reduced, with all that was learned for
    that, and each cluster's centroid. A reducer that is no linear map has nothing to be kept: then
    the centroids of the features are what to go by.

    Arrays and JSON only, so that opening a model runs no code.
    """
    clusters = outcome.clustering.clusters
    arrays: dict[str, np.ndarray] = {"clusters": clusters.astype(np.int64)}
    for space in (outcome.features, outcome.reduced):
        rows = [space.values[outcome.clustering.labels == c].mean(axis=0) for c in clusters]
        width = space.values.shape[1]
        arrays[f"centroids_{space.space}"] = np.array(rows, np.float32).reshape(-1, width)
    for stage, learned in outcome.fitted.items():
        arrays |= {f"{stage}.{name}": np.ascontiguousarray(a) for name, a in learned.items()}
    with replacing(folder) as temporary:
        temporary.mkdir()
        save_file(arrays, temporary / "model.safetensors")
        write_json(
            temporary / "model.json",
            {
                "extractor": dict(outcome.features.provenance),
                "reducer": outcome.components["reducer"],
                "clusterer": outcome.components["clusterer"],
                "arrays": {name: list(array.shape) for name, array in arrays.items()},
            },
        )
