"""A small Outcome made by hand from real images, with scikit-learn called directly."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from clusterlab.datasets.summary import summarize
from clusterlab.images import decode
from clusterlab.types import (
    NOISE,
    Clustering,
    Collection,
    Evaluation,
    Failure,
    Features,
    FileImage,
    ImageSource,
    Outcome,
    Text,
)

INTERNAL = {
    "silhouette": metrics.silhouette_score,
    "davies_bouldin": metrics.davies_bouldin_score,
    "calinski_harabasz": metrics.calinski_harabasz_score,
}
AGREEMENT = {
    "ari": metrics.adjusted_rand_score,
    "ami": metrics.adjusted_mutual_info_score,
    "nmi": metrics.normalized_mutual_info_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
    "v_measure": metrics.v_measure_score,
}


def clothing(shared_data: Path, *, per_class: int = 6) -> Collection:
    """The first photos of each of the ten classes, labelled by folder."""
    folder = shared_data / "clothing" / "test"
    files = sorted(
        path for kind in sorted(folder.iterdir()) for path in sorted(kind.iterdir())[:per_class]
    )
    return collection_of(
        {str(path.relative_to(folder)): FileImage(str(path)) for path in files},
        {"label": [path.parent.name for path in files]},
    )


def collection_of(
    images: Mapping[str, ImageSource],
    labels: Mapping[str, Sequence[Any]],
    *,
    multi_valued: frozenset[str] = frozenset(),
    name: str = "clothing",
) -> Collection:
    """Images by id, sorted already, with label columns."""
    return Collection(
        name=name,
        ids=tuple(images),
        images=tuple(images.values()),
        digests=tuple(hashlib.sha256(image.read()).hexdigest() for image in images.values()),
        labels=pd.DataFrame(
            {column: pd.Series(list(values), dtype=object) for column, values in labels.items()},
            index=range(len(images)),
        ),
        multi_valued=multi_valued,
        split=np.array(["all"] * len(images)),
        numeric=pd.DataFrame(index=range(len(images))),
    )


def outcome_of(
    collection: Collection,
    *,
    n_clusters: int = 6,
    n_noise: int = 5,
    failures: Sequence[Failure] = (),
    notes: tuple[str, ...] = (),
    seen_labels: tuple[str, ...] = (),
) -> Outcome:
    """k-means on 4 by 4 pixel colours; the images farthest from their centre are called noise."""
    values = np.stack([_colours(image) for image in collection.images])
    pca = PCA(min(20, len(values)), random_state=0).fit(values)
    reduced = pca.transform(values).astype(np.float32)
    model = KMeans(n_clusters, n_init=3, random_state=0).fit(reduced)
    labels = model.labels_.astype(int)
    if n_noise:
        labels[np.argsort(model.transform(reduced).min(axis=1))[-n_noise:]] = NOISE
    return Outcome(
        name="by_hand",
        choices={
            "dataset": "folder",
            "extractor": "color_hist",
            "reducer": "pca",
            "clusterer": "kmeans",
        },
        components={
            "seed": 0,
            "dataset": {"_target_": "clusterlab.datasets.folder.Folder", "path": "photos"},
            "extractor": {"_target_": "clusterlab.extractors.color_hist.ColorHist", "bins": 32},
            "reducer": {"_target_": "sklearn.decomposition.PCA", "n_components": 20},
            "clusterer": {"_target_": "sklearn.cluster.KMeans", "n_clusters": n_clusters},
        },
        collection=collection,
        features=Features(
            ids=collection.ids,
            values=values,
            space="features",
            provenance={"extractor": "color_hist"},
            seen_labels=seen_labels,
        ),
        reduced=Features(ids=collection.ids, values=reduced, space="reduced"),
        clustering=Clustering(labels),
        views={"pca": reduced[:, :2].astype(float), "pca_2_3": reduced[:, 1:3].astype(float)},
        evaluation=evaluate(collection, values, reduced, labels),
        failures=failures,
        summary=summarize(collection),
        explained_variance=pca.explained_variance_ratio_,
        timings={
            "load": {"seconds": 0.1, "peak_memory_mb": 120.0, "store": "60 images"},
            "extract": {"seconds": 1.2, "peak_memory_mb": 180.5, "store": "60 computed"},
        },
        environment={"started": "2025-03-04T10:11:12+00:00", "clusterlab": "0.1.0", "seed": 0},
        notes=notes,
    )


def evaluate(
    collection: Collection, values: np.ndarray, reduced: np.ndarray, labels: np.ndarray
) -> Evaluation:
    """Scores as scikit-learn gives them; purity with its chance level by 20 permutations."""
    rows = []
    for space, points in (("features", values), ("reduced", reduced)):
        rows += [_row(name, value(points, labels), space=space) for name, value in INTERNAL.items()]
    for column in collection.labels.columns:
        truth = np.array([str(value) for value in collection.labels[column]])
        rows += [
            _row(name, value(truth, labels), label=column) for name, value in AGREEMENT.items()
        ]
        rng = np.random.default_rng(0)
        chance = [_purity(rng.permutation(truth), labels) for _ in range(20)]
        purity = _purity(truth, labels)
        rows.append(
            _row("purity", purity, label=column)
            | {"chance": np.mean(chance), "chance_std": np.std(chance)}
        )
    scores = pd.DataFrame(rows).assign(n=len(labels))
    target = scores["label"].where(scores["label"] != "", scores["space"])
    keys = scores["metric"] + "/" + target.astype(str)
    return Evaluation(
        scores=scores,
        headline=dict(zip(keys, scores["value"], strict=True)),
        clusters=_cluster_rows(collection, reduced, labels),
    )


def _row(metric: str, value: float, *, label: str = "", space: str = "") -> dict[str, Any]:
    return {
        "metric": metric,
        "label": label,
        "space": space,
        "split": "all",
        "noise": "cluster",
        "value": float(value),
        "chance": np.nan,
        "chance_std": np.nan,
    }


def _purity(truth: np.ndarray, labels: np.ndarray) -> float:
    table = metrics.cluster.contingency_matrix(truth, labels)
    return float(table.max(axis=0).sum() / table.sum())


def _cluster_rows(collection: Collection, reduced: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    rows = []
    for cluster in np.unique(labels).tolist():
        members = np.flatnonzero(labels == cluster)
        distance = np.linalg.norm(reduced[members] - reduced[members].mean(axis=0), axis=1)
        medoid = "" if cluster == NOISE else collection.ids[members[distance.argmin()]]
        rows.append(
            {"cluster": cluster, "size": len(members), "medoid": medoid, "name": _name(cluster)}
        )
    return pd.DataFrame(rows)


def _colours(image: ImageSource) -> np.ndarray:
    small = cv2.resize(decode(image.read()), (4, 4), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32).ravel() / 255


def _name(cluster: int) -> str:
    return "noise" if cluster == NOISE else f"cluster {cluster}"


def deep(outcome: Outcome, *, texts: tuple[Text, ...] = (), marks: tuple[str, ...] = ()) -> Outcome:
    """The same outcome as if a model had made its features and written these texts."""
    source = {
        "model": "facebook/dinov2-base",
        "revision": "f9e44c814b77203eaa57a6bdbbd535f21ede1415",
        "weights": "hub",
        "sha256": hashlib.sha256(b"weights").hexdigest(),
    }
    transform = {
        "resize": 256,
        "crop": [224, 224],
        "interpolation": "bicubic",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    config = {"source": source, "transform": transform, "output": "cls", "normalize": None}
    return dataclasses.replace(
        outcome,
        features=dataclasses.replace(
            outcome.features, provenance={"config": config, "version": [1, 1]}, marks=marks
        ),
        texts=texts,
        compute={"device": "cpu", "precision": "bf16", "cosine_to_fp32": 0.99993},
    )


def written_about(collection: Collection) -> tuple[Text, ...]:
    """What a model says about each image: its label; nothing about the second; too much about the
    third, and therefore shortened."""
    said = [(f"a photo of {label}", "") for label in collection.labels.iloc[:, 0]]
    said[1] = ("", "empty")
    said[2] = ("a hat", "repeats itself, shortened from 'a hat hat hat hat'")
    return tuple(
        Text(id_, text, "Salesforce/blip", seconds=0.5, note=note)
        for id_, (text, note) in zip(collection.ids, said, strict=True)
    )
