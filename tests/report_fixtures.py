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
from safetensors.numpy import save_file
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from clusterlab.datasets.summary import summarize
from clusterlab.images import decode
from clusterlab.metrics.classification import classification
from clusterlab.metrics.evaluator import Evaluator
from clusterlab.outcome import Outcome
from clusterlab.training import Predictions, Training
from clusterlab.types import (
    NOISE,
    Clustering,
    Collection,
    Evaluation,
    Failure,
    Features,
    FileImage,
    ImageSource,
    MemoryImage,
    Text,
)

INTERNAL = {
    "silhouette": metrics.silhouette_score,
    "davies_bouldin": metrics.davies_bouldin_score,
    "calinski_harabasz": metrics.calinski_harabasz_score,
}
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
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


def scans(
    *, n: int = 300, names: Sequence[str] = DIGITS, wrong: Sequence[int] = (), seed: int = 0
) -> Collection:
    """Scanned digits, fewer of each next one, split 60/20/20: the digit's name, odd or even, and
    the strokes it has. wrong: rows whose label says another digit.

    A digit goes by one of its names where there are more than ten.
    """
    rng = np.random.default_rng(seed)
    data = load_digits()
    share = 1 / (1 + np.arange(10) / 3)
    rows = rng.choice(len(data.target), n, replace=False, p=_of_each(data.target, share))
    digit = data.target[rows]
    cells = [names[one + 10 * int(rng.integers(len(names) // 10))] for one in digit]
    for row in wrong:
        cells[row] = names[(int(digit[row]) + 1) % 10]
    images = {
        f"scan_{row:04}.png": MemoryImage(_png(data.images[at])) for row, at in enumerate(rows)
    }
    strokes = [("loop",) * (d in (0, 6, 8, 9)) + ("bar",) * (d in (1, 4, 7, 9)) for d in digit]
    collection = collection_of(
        images,
        {
            "digit": cells,
            "parity": [("even", "odd")[d % 2] for d in digit],
            "strokes": strokes,
        },
        multi_valued=frozenset({"strokes"}),
        name="digits",
    )
    split = rng.choice(["train", "train", "train", "val", "test"], n)
    return dataclasses.replace(collection, split=split)


def fine_tuned(
    collection: Collection,
    folder: Path,
    *,
    dropped: Sequence[str] = ("eight", "nine"),
    clustered: str = "all",
    confident: bool = True,
    columns: Sequence[str] = ("digit", "strokes"),
    scored: str = "test",
) -> Outcome:
    """The outcome as if logistic regressions on the pixels, one a column, had been the model:
    their probabilities are the features. folder: where its weights are put.

    dropped: classes of the first column without the training images. clustered: the split that is.
    """
    said = tuple(_predict(collection, column, dropped, confident) for column in columns)
    features = Features(
        ids=collection.ids,
        values=np.concatenate([one.scores for one in said], axis=1).astype(np.float32),
        space="features",
        seen_labels=tuple(columns),
        seen_splits=("train", "val"),
    )
    images = collection if clustered == "all" else collection.take(_ids(collection, clustered))
    features = features.take(images.ids)
    points = PCA(2, random_state=0).fit_transform(features.values.astype(float))
    clustering = Clustering(KMeans(6, n_init=2, random_state=0).fit_predict(points).astype(int))
    reduced = dataclasses.replace(features, values=points.astype(np.float32), space="reduced")
    evaluation = Evaluator(n_permutations=5).evaluate(
        images, {"features": features, "reduced": reduced}, clustering, scored_split=scored
    )
    found = classification(collection, said, scored_split=scored)
    plain = outcome_of(collection, n_noise=0)
    return dataclasses.replace(
        plain,
        choices={**plain.choices, "extractor": "pixels", "finetune": "classifier"},
        collection=images,
        features=features,
        reduced=reduced,
        clustering=clustering,
        views={"reduced": points},
        evaluation=evaluation,
        explained_variance=None,
        training=_training(collection, said, folder, dropped=dropped),
        predictions=said,
        classification=found,
        labelled=collection,
        notes=(*evaluation.notes, *found.notes),
    )


def _predict(
    collection: Collection, column: str, dropped: Sequence[str], confident: bool
) -> Predictions:
    X = np.stack([decode(image.read())[..., 0].ravel() / 255 for image in collection.images])
    cells = collection.labels[column].tolist()
    taught = collection.split == "train"
    if column in collection.multi_valued:
        classes = tuple(sorted({value for cell in cells for value in cell}))
        scores = np.stack(
            [
                LogisticRegression()
                .fit(X[taught], np.array([value in cell for cell in cells])[taught])
                .predict_proba(X)[:, 1]
                for value in classes
            ],
            axis=1,
        )
    else:
        taught &= np.array([cell is not None and cell not in dropped for cell in cells])
        names = np.array([str(cell) for cell in cells])
        model = LogisticRegression(C=0.2).fit(X[taught], names[taught])
        classes, scores = tuple(model.classes_.tolist()), model.predict_proba(X)
        if not confident:
            scores = (scores == scores.max(axis=1, keepdims=True)).astype(float)
            scores[::7] = 0
    return Predictions(
        column=column,
        ids=collection.ids,
        classes=classes,
        scores=scores.astype(np.float32),
        kept=classes,
        multi_valued=column in collection.multi_valued,
        confident=confident,
    )


def _training(
    collection: Collection, said: Sequence[Predictions], folder: Path, *, dropped: Sequence[str]
) -> Training:
    weights = folder / "weights.safetensors"
    save_file({"layer": np.arange(12, dtype=np.float32)}, weights)
    epochs = np.arange(1, 9)
    return Training(
        columns=tuple(one.column for one in said),
        splits=("train", "val"),
        epochs=pd.DataFrame(
            {
                "epoch": epochs,
                "loss": 2.2 * 0.7**epochs,
                "learning_rate": 3e-4,
                "seconds": 1.5,
                "val_loss": 2.3 * 0.8**epochs + 0.2 * np.maximum(epochs - 5, 0),
                "val_accuracy": 0.9 - 0.6 * 0.6**epochs - 0.04 * np.maximum(epochs - 5, 0),
                "val_macro_f1": 0.85 - 0.6 * 0.6**epochs - 0.04 * np.maximum(epochs - 5, 0),
            }
        ),
        selected_by="val_accuracy",
        best_epoch=5,
        stopped="stopped after epoch 8 of 20, when 3 in a row brought no better val_accuracy",
        distribution=pd.concat([_distribution(collection, one, dropped) for one in said]),
        rebalanced=bool(dropped),
        trainable=("9 of 12 blocks are frozen: 50 of 200 weights are trained.",),
        facts={"device": "cpu", "precision": "fp32", "started_from": {"model": "tiny"}},
        weights=weights,
        heads={"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)},
        notes=("A note of the training.",),
    )


def _distribution(
    collection: Collection, said: Predictions, dropped: Sequence[str]
) -> pd.DataFrame:
    cells = collection.labels[said.column]
    split = pd.Series(collection.split)
    counts = {
        name: cells[split == name].explode().value_counts() for name in ("train", "val", "test")
    }
    table = pd.DataFrame(counts).fillna(0).astype(int).rename_axis("class").reset_index()
    table = table.sort_values(["train", "class"], ascending=[False, True])
    out = table["class"].isin(dropped)
    status = np.where(out, "dropped: fewer than 20 images", "kept")
    return table.assign(
        column=said.column,
        items=np.where(out, 0, np.minimum(2 * table["train"], 40)),
        status=np.where(table["train"] > 0, status, "not in the training part"),
    )[["column", "class", "train", "items", "val", "test", "status"]]


def _ids(collection: Collection, split: str) -> list[str]:
    return [id_ for id_, own in zip(collection.ids, collection.split, strict=True) if own == split]


def _of_each(target: np.ndarray, share: np.ndarray) -> np.ndarray:
    weight = (share / np.bincount(target))[target]
    return np.asarray(weight / weight.sum())


def _png(scan: np.ndarray) -> bytes:
    return cv2.imencode(".png", (scan * 255 / 16).astype(np.uint8))[1].tobytes()
