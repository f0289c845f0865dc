"""Writes run folders as clusterlab writes them, with real numbers from scikit-learn alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    davies_bouldin_score,
    silhouette_score,
)

from clusterlab.config.compose import compose
from clusterlab.config.resolved import dump, resolve

PIXELS, DIGITS = (part[:240] for part in load_digits(return_X_y=True))


@cache
def cluster(k: int, seed: int, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """The reduced space and the cluster of each digit."""
    reduced = PCA(n_components, random_state=seed).fit_transform(PIXELS)
    # One k-means++ start, so that seeds differ.
    return reduced, KMeans(k, n_init=1, random_state=seed).fit_predict(reduced)


def purity(clusters: np.ndarray, labels: np.ndarray) -> float:
    tops = [np.bincount(labels[clusters == one]).max() for one in np.unique(clusters)]
    return float(np.sum(tops) / len(labels))


@cache
def measure(
    k: int, seed: int, n_components: int, start: int | None, stop: int | None
) -> dict[str, Any]:
    """Key of metrics.json -> score on these images; "chance": key -> chance level."""
    reduced, clusters = (part[start:stop] for part in cluster(k, seed, n_components))
    digits = DIGITS[start:stop]
    shuffled = np.random.default_rng(seed).permutation(digits)
    found: dict[str, Any] = {"chance": {}}
    for label, truth, permuted in (
        ("label", digits, shuffled),
        ("parity", digits % 2, shuffled % 2),
    ):
        found[f"ari/{label}"] = float(adjusted_rand_score(truth, clusters))
        found[f"ami/{label}"] = float(adjusted_mutual_info_score(truth, clusters))
        found[f"purity/{label}"] = purity(clusters, truth)
        found["chance"][f"purity/{label}"] = purity(clusters, permuted)
    found["silhouette/reduced"] = float(silhouette_score(reduced, clusters))
    found["davies_bouldin/reduced"] = float(davies_bouldin_score(reduced, clusters))
    return found


def write_run(
    folder: Path,
    *,
    seed: int = 0,
    k: int = 10,
    n_components: int = 8,
    name: str = "digits",
    extractor: str = "pixels",
    images: slice = slice(None),
    labels: tuple[str, ...] = ("label",),
    seen_labels: tuple[str, ...] = (),
    marks: tuple[str, ...] = (),
    finished: str = "2025-01-01T10:00:00+00:00",
    spaces: dict[str, str] | None = None,
    ids: list[str] | None = None,
    **settings: Any,
) -> dict[str, float]:
    """One finished run on the digits; returns what its metrics.json holds."""
    folder.mkdir(parents=True)
    reduced, clusters = cluster(k, seed, n_components)
    reduced, clusters, digits = reduced[images], clusters[images], DIGITS[images]
    known = {"label": digits, "parity": digits % 2}
    names = ids or [f"{number:04d}" for number in range(len(DIGITS))][images]
    metrics: dict[str, Any] = {
        "n_images": len(digits),
        "n_scored": len(digits),
        "n_failed": 0,
        "n_clusters": len(np.unique(clusters)),
        "noise_share": 0.0,
        "scored_split": "all",
    }
    rows = []
    measured = measure(k, seed, n_components, images.start, images.stop)
    chance = measured["chance"]
    for key, value in measured.items():
        metric, _, target = key.partition("/")
        if target in (*labels, "reduced"):
            metrics[key] = value
        if target in labels:
            rows.append((metric, target, "", "all", "cluster", value, chance.get(key), None, 240))
    metrics["seconds"] = 1.5
    columns = ["metric", "label", "space", "split", "noise", "value", "chance", "chance_std", "n"]
    marked = {"marks": "; ".join(marks)} if marks else {}
    metrics |= {"marks": list(marks)} if marks else {}
    scores = pd.DataFrame(rows, columns=columns).assign(**marked)
    scores.to_csv(folder / "scores.csv", index=False)
    frame = {"id": names, "path": "", "cluster": clusters, "strength": "", "split": "all"}
    frame |= {"x": reduced[:, 0], "y": reduced[:, 1]} | {label: known[label] for label in labels}
    pd.DataFrame(frame | marked).to_csv(folder / "assignments.csv", index=False)
    config = {
        "name": name,
        "seed": seed,
        "dataset": {"_target_": "clusterlab.datasets.digits.Digits"},
        "extractor": {"_target_": f"clusterlab.extractors.{extractor}"},
        "reducer": {
            "_target_": "sklearn.decomposition.PCA",
            "n_components": n_components,
            "random_state": seed,
        },
        "clusterer": {
            "_target_": "sklearn.cluster.KMeans",
            "n_clusters": k,
            "random_state": seed,
            **settings,
        },
    }
    chosen = {"experiment": name, "clusterer": "kmeans", "reducer": "pca", "extractor": extractor}
    environment = {"choices": chosen, "seen_labels": list(seen_labels), "finished": finished}
    environment |= {"spaces": spaces} if spaces else {}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    (folder / "status.json").write_text(json.dumps({"state": "finished", "stage": "report"}))
    (folder / "report.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return metrics


@cache
def finetuning(rebalance: str) -> str:
    """The YAML of finetune=classifier as it is shipped."""
    config = compose(["finetune=classifier", f"finetune/rebalance={rebalance}"])
    return dump(dict(resolve(config)["finetune"]))


def fine_tune(
    folder: Path,
    scores: Mapping[str, Mapping[str, float]],
    *,
    rebalance: str = "none",
    test: slice = slice(0, 60),
    seen_splits: tuple[str, ...] = ("train", "val"),
    model: str = "vit",
    **settings: Any,
) -> None:
    """Makes a written run that of a model which was fine-tuned, and scored on its test images.

    scores: label column -> what is known of it, as in metrics.json without the column.
    """
    environment = json.loads((folder / "environment.json").read_text())
    choices = {"extractor": model, "finetune": "classifier", "finetune/rebalance": rebalance}
    seen = {"seen_labels": list(scores), "seen_splits": list(seen_splits)}
    (folder / "environment.json").write_text(
        json.dumps(environment | seen | {"choices": environment["choices"] | choices})
    )
    metrics = json.loads((folder / "metrics.json").read_text())
    flat = {f"{key}/{label}": one for label, own in scores.items() for key, one in own.items()}
    flat |= {"scored_split": "test", "n_scored": len(range(*test.indices(len(DIGITS))))}
    (folder / "metrics.json").write_text(json.dumps(metrics | flat))
    table = pd.read_csv(folder / "assignments.csv", dtype=str, keep_default_na=False)
    table["split"] = "train"
    table.loc[table.index[test], "split"] = "test"
    table.to_csv(folder / "assignments.csv", index=False)
    config = {"finetune": yaml.safe_load(finetuning(rebalance)) | {"columns": list(scores)}}
    change_config(folder, **config)
    change_config(folder, **{f"finetune__{key}": value for key, value in settings.items()})


def write_unfinished(
    folder: Path,
    *,
    state: str = "failed",
    stage: str = "reduce",
    message: str = "",
    config: dict[str, Any] | None = None,
) -> None:
    """A run that stopped on its way."""
    folder.mkdir(parents=True)
    status = {"state": state, "stage": stage, "message": message}
    (folder / "status.json").write_text(json.dumps(status))
    if config is not None:
        (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def change_config(folder: Path, **settings: Any) -> None:
    """Other values in a run's config.yaml; `__` in a name is a dot in the key."""
    path = folder / "config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, value in settings.items():
        *nodes, last = key.split("__")
        node = config
        for name in nodes:
            node = node.setdefault(name, {})
        node[last] = value
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
