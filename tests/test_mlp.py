"""The supervised reducer: what it learns, and that it learns from training images alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import decomposition
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from clusterlab.components import Component
from clusterlab.errors import ComponentError, ConfigError, DataError
from clusterlab.reducers.mlp import MLP
from clusterlab.reducers.pca import PCA
from clusterlab.reducers.remembered import Reduction, project, reduce_features
from clusterlab.store import Store
from clusterlab.types import Collection, Features, MemoryImage


def component(reducer: Any, **config: Any) -> Component:
    target = f"{type(reducer).__module__}.{type(reducer).__name__}"
    return Component(name="mlp", config={"_target_": target, **config}, instance=reducer)


def quick(**arguments: Any) -> Component:
    given = {"hidden": 16, "epochs": 5, **arguments}
    return component(MLP(**given), **given)


def hidden_signal(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three classes along two faint directions, under 18 loud ones that say nothing."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, n)
    loud = rng.normal(0, 3, (n, 18))
    faint = np.array([[0, 2], [2, -1], [-2, -1]])[classes] + rng.normal(0, 0.3, (n, 2))
    return np.hstack([loud, faint]).astype(np.float32), classes


def world(
    values: np.ndarray,
    labels: dict[str, list[Any]],
    split: list[str],
    multi_valued: tuple[str, ...] = (),
) -> tuple[Features, Collection]:
    ids = tuple(f"{row:04}" for row in range(len(values)))
    collection = Collection(
        name="world",
        ids=ids,
        images=tuple(MemoryImage(b"") for _ in ids),
        digests=ids,
        labels=pd.DataFrame(labels, index=range(len(ids)), dtype=object),
        multi_valued=frozenset(multi_valued),
        split=np.array(split, dtype=str),
        numeric=pd.DataFrame(index=range(len(ids))),
    )
    return Features(ids=ids, values=values, space="features"), collection


@pytest.fixture(scope="module")
def known() -> tuple[Features, Collection]:
    """60 images, the last two fifths of them in val and test; every tenth has no label."""
    values, classes = hidden_signal(60)
    labels: list[Any] = [f"class {c}" for c in classes]
    labels[::10] = [None] * 6
    split = ["train"] * 36 + ["val"] * 12 + ["test"] * 12
    return world(values, {"kind": labels, "other": ["x", "y"] * 30}, split)


def learned(reduction: Reduction) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in reduction.fitted.items()}


def ari(values: np.ndarray, classes: np.ndarray) -> float:
    found = KMeans(3, n_init=10, random_state=0).fit_predict(values)
    return float(adjusted_rand_score(classes, found))


def test_unseen_images_come_apart_where_pca_finds_nothing() -> None:
    values, classes = hidden_signal(600)
    split = ["train"] * 400 + ["test"] * 200
    features, collection = world(values, {"kind": [f"class {c}" for c in classes]}, split)
    reduced = reduce_features(features, component(MLP(epochs=200)), collection=collection).features
    unseen = np.array(split) == "test"
    pca = decomposition.PCA(10, random_state=0).fit_transform(values)
    assert ari(pca[unseen], classes[unseen]) < 0.1
    assert ari(reduced.values[unseen], classes[unseen]) > 0.9


def test_what_is_kept_is_the_hidden_layer(known: tuple[Features, Collection]) -> None:
    """And the head on it names the classes as well as it says."""
    features, collection = known
    reduction = reduce_features(features, quick(epochs=200), collection=collection)
    arrays = reduction.fitted
    hidden = features.values @ arrays["hidden.weight"] + arrays["hidden.bias"]
    np.testing.assert_allclose(reduction.features.values, np.maximum(hidden, 0), atol=1e-4)
    assert reduction.features.values.shape == (60, 16)
    scores = reduction.features.values @ arrays["head.weight"] + arrays["head.bias"]
    classes = json.loads(arrays["head.classes"].tobytes())
    assert classes == ["class 0", "class 1", "class 2"]
    said = np.array(classes)[scores.argmax(axis=1)]
    labels = collection.labels["kind"].to_numpy()
    shown = (collection.split == "train") & collection.labels["kind"].notna().to_numpy()
    assert shown.sum() == 32
    share = float((said == labels)[shown].mean())
    assert share > 0.9
    assert reduction.notes == (
        "The MLP learned 3 classes from 32 training images in 200 epochs; the scores on test "
        "images say how well.",
    )


def test_no_image_outside_train_reaches_what_is_learned(
    known: tuple[Features, Collection],
) -> None:
    features, collection = known
    before = reduce_features(features, quick(), collection=collection)
    rng = np.random.default_rng(5)
    outside = collection.split != "train"
    values, labels = features.values.copy(), collection.labels.copy()
    values[outside] = rng.normal(size=values[outside].shape)
    labels.loc[outside, "kind"] = [f"class {c}" for c in rng.integers(0, 9, outside.sum())]
    # An image in train without a label teaches nothing either.
    unlabelled = int(np.flatnonzero(labels["kind"].isna())[0])
    assert not outside[unlabelled]
    values[unlabelled] = 1000
    after = reduce_features(
        replace(features, values=values), quick(), collection=replace(collection, labels=labels)
    )
    assert learned(after) == learned(before)
    same = ~outside & (np.arange(60) != unlabelled)
    assert np.array_equal(after.features.values[same], before.features.values[same])
    assert not np.array_equal(after.features.values[outside], before.features.values[outside])


def test_what_train_images_say_does_reach_it(known: tuple[Features, Collection]) -> None:
    features, collection = known
    before = learned(reduce_features(features, quick(), collection=collection))
    labels = collection.labels.copy()
    labels.loc[1, "kind"] = "class 0" if labels.loc[1, "kind"] != "class 0" else "class 1"
    values = features.values.copy()
    values[1] += 1
    for other, told in (
        (features, replace(collection, labels=labels)),
        (replace(features, values=values), collection),
    ):
        assert learned(reduce_features(other, quick(), collection=told)) != before


def test_the_order_of_the_images_does_not_matter() -> None:
    values, classes = hidden_signal(101)
    labels = [f"class {c}" for c in classes]
    order = np.random.default_rng(1).permutation(101)
    first, other = MLP(hidden=16, epochs=5), MLP(hidden=16, epochs=5)
    first.learn(values, labels)
    other.learn(values[order], [labels[row] for row in order])
    assert {n: a.tobytes() for n, a in first.fitted.items()} == {
        n: a.tobytes() for n, a in other.fitted.items()
    }
    assert np.array_equal(first.transform(values)[order], other.transform(values[order]))
    assert np.array_equal(first.transform(values)[:7], first.transform(values[:7]))


def test_it_is_seeded(known: tuple[Features, Collection]) -> None:
    features, collection = known
    made = [
        learned(reduce_features(features, quick(random_state=seed), collection=collection))
        for seed in (0, 0, 1)
    ]
    assert made[0] == made[1]
    assert made[0]["hidden.weight"] != made[2]["hidden.weight"]


def test_as_many_epochs_are_run_as_are_asked_for(known: tuple[Features, Collection]) -> None:
    """With a step too small to change the loss, where scikit-learn would stop early."""
    features, collection = known
    made = [
        learned(
            reduce_features(
                features, quick(learning_rate=1e-9, epochs=epochs), collection=collection
            )
        )
        for epochs in (40, 41)
    ]
    assert made[0] != made[1]


def test_the_reduced_features_say_what_they_know(known: tuple[Features, Collection]) -> None:
    features, collection = known
    tuned = replace(
        features, seen_labels=("other",), seen_splits=("train", "val"), marks=("random weights",)
    )
    reduced = reduce_features(features, quick(), collection=collection).features
    assert (reduced.space, reduced.ids) == ("reduced", features.ids)
    assert (reduced.seen_labels, reduced.seen_splits) == (("kind",), ("train",))
    both = reduce_features(tuned, quick(), collection=collection).features
    assert (both.seen_labels, both.seen_splits) == (("other", "kind"), ("train", "val"))
    assert both.marks == ("random weights",)
    again = reduce_features(tuned, quick(column="other"), collection=collection).features
    assert again.seen_labels == ("other",)
    plain = reduce_features(tuned, component(PCA(n_components=2)), collection=collection)
    assert plain.features.seen_labels == ("other",)
    assert plain.features.seen_splits == ("train", "val")


def test_kept_images_alone_are_reduced(known: tuple[Features, Collection]) -> None:
    features, collection = known
    keep = tuple(id_ for id_, s in zip(collection.ids, collection.split, strict=True) if s != "val")
    whole = reduce_features(features, quick(), collection=collection)
    part = reduce_features(features, quick(), collection=collection, keep=keep)
    assert part.features.ids == keep
    assert learned(part) == learned(whole)
    rows = [features.ids.index(id_) for id_ in keep]
    assert np.array_equal(part.features.values, whole.features.values[rows])
    test = keep[-12:]
    unseen = reduce_features(features, quick(), collection=collection, keep=test)
    assert np.array_equal(unseen.features.values, whole.features.values[-12:])
    assert unseen.features.seen_splits == ("train",)


def test_another_reducer_is_fitted_on_kept_images_alone(
    known: tuple[Features, Collection],
) -> None:
    features, _ = known
    keep = features.ids[:30]
    reduction = reduce_features(features, component(PCA(n_components=3)), keep=keep)
    expected = decomposition.PCA(3, random_state=0).fit_transform(features.values[:30])
    assert reduction.features.ids == keep
    np.testing.assert_allclose(np.abs(reduction.features.values), np.abs(expected), atol=1e-3)
    views = project(
        features.take(keep), reduction.features, {"pca": component(PCA(n_components=2))}
    )
    assert views.projections["pca"].shape == (30, 2)


def test_the_store_holds_what_was_learned(
    known: tuple[Features, Collection], tmp_path: Path
) -> None:
    features, collection = known
    store = Store(tmp_path)

    def made(told: Collection = collection, **arguments: Any) -> Reduction:
        return reduce_features(features, quick(**arguments), store=store, collection=told)

    first, again = made(), made()
    assert first.store == "computed: not in the store yet"
    assert again.store == "from the store"
    assert learned(again) == learned(first) != {}
    assert np.array_equal(again.features.values, first.features.values)
    assert again.notes == first.notes
    assert again.features.seen_splits == ("train",)

    labels = collection.labels.copy()
    labels.loc[~labels["kind"].isna() & (collection.split == "test"), "kind"] = "class 7"
    assert made(replace(collection, labels=labels)).store == "from the store", "not learned from"
    labels.loc[1, "kind"] = "class 9"
    assert made(replace(collection, labels=labels)).store == "computed: other training.labels"
    split = collection.split.copy()
    split[1], split[-1] = "test", "train"
    assert made(replace(collection, split=split)).store.startswith("computed: other training.")
    assert made(epochs=6).store == "computed: epochs 5 -> 6"
    store.close()


@pytest.mark.parametrize(
    ("arguments", "labels", "split", "says"),
    [
        (
            {"column": "kin"},
            {"kind": ["a", "b"] * 5},
            ["train"] * 10,
            r"'kin': it is no label column of 'world'. Did you mean 'kind'\? .*: kind\.",
        ),
        (
            {"column": "tags"},
            {"tags": [("a",), ("b",)] * 5, "tag": ["a", "b"] * 5},
            ["train"] * 10,
            r"'tags': it has several values an image of 'world'. Did you mean 'tag'\?",
        ),
        ({}, {}, ["train"] * 10, "one value an image, and 'world' has none"),
        (
            {},
            {"kind": ["a", "b"] * 5},
            ["all"] * 10,
            r"none of the 10 images .* dataset.split='\{train: .8, test: .2\}'",
        ),
        (
            {},
            {"kind": [None] * 6 + ["a", "b"] * 2},
            ["train"] * 6 + ["test"] * 4,
            "None of the 6 images in train has a label in 'kind'",
        ),
        (
            {},
            {"kind": ["a"] * 6 + ["b"] * 4},
            ["train"] * 6 + ["test"] * 4,
            r"its 6 training images are all 'a'\. Choose another column",
        ),
    ],
)
def test_labels_that_teach_nothing_are_refused(
    arguments: dict[str, Any], labels: dict[str, list[Any]], split: list[str], says: str
) -> None:
    values, _ = hidden_signal(10)
    several = tuple(name for name in labels if name == "tags")
    features, collection = world(values, labels, split, several)
    with pytest.raises(DataError, match=says):
        reduce_features(features, quick(**arguments), collection=collection)


def test_bad_values_are_all_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        MLP(hidden=0, epochs=-1, learning_rate=0.0, batch_size=0, alpha=-0.1)
    assert caught.value.problems == [
        "reducer.hidden=0 must be 1 or more.",
        "reducer.epochs=-1 must be 1 or more.",
        "reducer.batch_size=0 must be 1 or more.",
        "reducer.learning_rate=0.0 must be above 0.",
        "reducer.alpha=-0.1 must be 0 or more.",
    ]


def test_a_training_that_diverges_is_an_error(known: tuple[Features, Collection]) -> None:
    features, collection = known
    with pytest.raises(ComponentError, match=r"diverged with reducer.learning_rate=1e\+200"):
        reduce_features(features, quick(learning_rate=1e200), collection=collection)


def test_two_classes_and_fewer_images_than_a_batch_are_enough() -> None:
    values, _ = hidden_signal(5)
    features, collection = world(values, {"kind": ["a", "b", "a", "b", None]}, ["train"] * 5)
    reduction = reduce_features(features, quick(), collection=collection)
    assert reduction.features.values.shape == (5, 16)
    assert json.loads(reduction.fitted["head.classes"].tobytes()) == ["a", "b"]
