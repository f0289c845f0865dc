"""What a training has seen: the leak, frozen augmentation, scores on training images."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score

from clusterlab.reducers.mlp import MLP
from flaws.arithmetic import (
    mean_counting_absent,
    mean_of_present,
    selected_by_class,
    selected_by_position,
)
from flaws.shared import SEEDS, Made, Pair, Table, made, number, over_seeds, run, spread

# The patternmind study on photos of clothes: its network at 32 pixels and with half the filters.
CNN = (
    "clusterlab run +experiment=pm_cnn_leakfree dataset=clothing"
    " dataset.split='{train: .8, val: 0, test: .2}' extractor.size=32 extractor.momentum=.9"
    " 'extractor.filters=[16,32,64]' clusterer.n_clusters=10 clustered_split=all"
    " finetune.patience=null finetune.schedule=cosine finetune.epochs=30"
    " finetune/augmentation=none evaluator/ceiling=logistic_regression"
)
OTHER_SPLIT = "evaluator.ceiling.split='{train: .8, test: .2}' evaluator.ceiling.split_seed=42"
# The same network, smaller still, on few digits.
DIGITS = (
    "clusterlab run +experiment=digits_cnn dataset.split='{train: .1, val: 0, test: .9}'"
    " 'extractor.filters=[16,32,64]' finetune.select_by=loss finetune.patience=null"
    " finetune.schedule=cosine finetune.epochs=60 finetune.learning_rate=1e-3"
)
MOVE = "finetune/augmentation=move"
FROZEN = "finetune.frozen_augmentation=true"
PLAIN = "clusterlab run +experiment=clothing_mobilenetv2 clustered_split=test"
RARE = (
    "clusterlab run dataset=illustrations dataset.split='{train: .95, test: .05}'"
    " evaluator/ceiling=logistic_regression evaluator.ceiling.columns=[word]"
)
CEILING = "ceiling_accuracy/label"


def leak() -> Table:
    """The network learns 80%; a logistic regression on its features is tested on 20%."""
    own = over_seeds(CNN, "accuracy/label")
    rows = [["the network itself, on the 20% kept apart", spread(own)]]
    for told, extra in (
        ("logistic regression, tested on the 20% kept apart", ""),
        ("logistic regression, another split (literal)", f" {OTHER_SPLIT}"),
    ):
        rows.append([told, spread(over_seeds(f"{CNN}{extra}", CEILING))])
    return Table(head=["713 photos of clothes, 10 classes", "test accuracy"], rows=rows)


def augmentation() -> Table:
    """Fresh, frozen and none: the loss of the last epoch, and what unseen digits say."""
    rows = []
    for told, extra in (
        ("none", ""),
        ("drawn once (literal)", f" {MOVE} {FROZEN}"),
        ("drawn anew each epoch", f" {MOVE}"),
    ):
        runs = [run(f"{DIGITS}{extra}", f"seed={seed}") for seed in SEEDS]
        losses = [one.training["loss"].iloc[-1] for one in runs if one.training is not None]
        accuracy = [one.metrics["accuracy/label"] for one in runs]
        clusters = [one.metrics["ari/label"] for one in runs]
        rows.append([told, spread(losses), spread(accuracy), spread(clusters)])
    return Table(head=["augmentation", "training loss", "test accuracy", "test ARI"], rows=rows)


def seen() -> Pair:
    """ARI of one clustering on the images that were trained on, and on the others."""
    return Pair(
        literal=f"ARI {spread(_of_split('ari', 'train'))} on training images",
        repaired=f"{spread(_of_split('ari', 'test'))} on unseen ones",
    )


def cloud() -> Pair:
    """The silhouette of the same clusters among training images and among others."""
    literal, repaired = (spread(_of_split("silhouette", split)) for split in ("train", "test"))
    return Pair(
        literal=f"silhouette {literal} among training images",
        repaired=f"{repaired} among unseen ones, each marked",
    )


def _of_split(metric: str, split: str) -> list[float]:
    found = []
    for seed in SEEDS:
        scores = run(CNN, f"seed={seed}").scores
        rows = scores[(scores["metric"] == metric) & (scores["split"] == split)]
        rows = rows[(rows["label"] == "label") | (rows["space"] == "features")]
        found.append(float(rows["value"].iloc[0]))
    return found


def answers() -> Pair:
    """Clusters of a classifier's features beside the classes that it names."""
    ours, named = (over_seeds(CNN, key) for key in ("ari/label", "argmax_ari/label"))
    return Pair(
        literal=f"ARI {spread(ours)} of clusters of supervised features, unmarked",
        repaired=f"tagged, and beside it {spread(named)} of the classes that the classifier names",
    )


def compress() -> Pair:
    """k-means on the hidden layer of a network that learned test images, or training images.

    Test images twice: those that the network learned, and, as in the study, a fifth of them that it
    did not, after it had learned the others.
    """
    of = made("clusterlab run +experiment=clothing_mobilenetv2")
    test = of.split == "test"
    found: dict[str, list[float]] = {"all": [], "fifth": [], "ours": [], "ours on it": []}
    for seed in SEEDS:
        places = np.random.default_rng(seed).permutation(np.flatnonzero(test))
        fifth = np.isin(np.arange(len(test)), places[: len(places) // 5])
        found["all"].append(_hidden(of, shown=test, scored=test, seed=seed))
        found["fifth"].append(_hidden(of, shown=test & ~fifth, scored=fifth, seed=seed))
        found["ours"].append(_hidden(of, shown=~test, scored=test, seed=seed))
        found["ours on it"].append(_hidden(of, shown=~test, scored=fifth, seed=seed))
    said = {key: spread(values) for key, values in found.items()}
    return Pair(
        literal=(
            f"ARI {said['all']} on test images that it learned, {said['fifth']} on a fifth of them "
            "after learning the others"
        ),
        repaired=f"{said['ours']} and {said['ours on it']} after learning training images",
    )


def _hidden(of: Made, *, shown: np.ndarray, scored: np.ndarray, seed: int) -> float:
    mlp = MLP(random_state=seed)
    mlp.learn(of.values[shown], of.labels[shown].tolist())
    clusters = KMeans(n_clusters=10, n_init=10, random_state=seed)
    labels = clusters.fit_predict(mlp.transform(of.values[scored]))
    return float(adjusted_rand_score(of.labels[scored], labels))


def populations() -> Pair:
    """One classifier, tested on the test images as they are, and on a balanced part of them."""
    of = made("clusterlab run +experiment=clothing_mobilenetv2")
    test = of.split == "test"
    model = LogisticRegression(max_iter=1000).fit(of.values[~test], of.labels[~test])
    right = model.predict(of.values[test]) == of.labels[test]
    labels = of.labels[test]
    least = min((labels == name).sum() for name in set(labels))
    rows = [row for name in sorted(set(labels)) for row in (labels == name).nonzero()[0][:least]]
    return Pair(
        literal=f"accuracy {number(right[rows].mean())} on {len(rows)} balanced test images",
        repaired=f"{number(right.mean())} of the same classifier on all {len(right)}",
    )


def absent() -> Pair:
    """Recall over all classes where most have no test image."""
    recalls = [float(value) for value in _classes()["accuracy"]]
    n = sum(value == value for value in recalls)
    return Pair(
        literal=f"macro recall {number(mean_counting_absent(recalls))} over {len(recalls)} classes",
        repaired=f"{number(mean_of_present(recalls))} over the {n} that have a test image",
    )


def position() -> Pair:
    """Recall over the classes with more than the median of the training images."""
    classes = _classes()
    recalls = [float(value) for value in classes["accuracy"]]
    most = classes["n_train"].median()
    selected = [place for place, n in enumerate(classes["n_train"]) if n > most]
    return Pair(
        literal=f"recall {number(selected_by_position(recalls, selected))} of other classes",
        repaired=f"{number(selected_by_class(recalls, selected))} of the {len(selected)} selected",
    )


def _classes():  # type: ignore[no-untyped-def]
    table = run(f"{RARE} extractor=hog").ceiling_classes
    assert table is not None
    return table.sort_values("class")
