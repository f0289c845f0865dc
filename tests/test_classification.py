"""Classification metrics, and what marks the scores of features that were learned from labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from clusterlab.errors import DataError
from clusterlab.metrics.classification import classification
from clusterlab.metrics.evaluator import Evaluator
from clusterlab.training import Classification, Predictions
from clusterlab.types import Clustering, Collection, Evaluation, Features, MemoryImage

AVERAGED = [f"{a}_{m}" for a in ("macro", "weighted") for m in ("precision", "recall", "f1")]


def collection(
    labels: dict[str, list[Any]], split: list[str] | np.ndarray, *, multi: tuple[str, ...] = ()
) -> Collection:
    n = len(split)
    return Collection(
        name="made",
        ids=tuple(f"{row:05}" for row in range(n)),
        images=(MemoryImage(b""),) * n,
        digests=("",) * n,
        labels=pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in labels.items()}),
        multi_valued=frozenset(multi),
        split=np.array(split),
        numeric=pd.DataFrame(index=range(n)),
    )


def said(images: Collection, column: str, predicted: list[str | None], **other: Any) -> Predictions:
    """Each image is put in this class, with certainty; None is no class."""
    classes = other.pop("classes", tuple(sorted({name for name in predicted if name})))
    scores = np.zeros((len(images), len(classes)), np.float32)
    for row, name in enumerate(predicted):
        if name is not None:
            scores[row, classes.index(name)] = 1
    return Predictions(
        column=column,
        ids=images.ids,
        classes=classes,
        scores=scores,
        kept=other.pop("kept", classes),
        **other,
    )


def value(found: Classification, metric: str, **where: str) -> float:
    return float(row(found, metric, **where)["value"])


def row(found: Classification, metric: str, **where: str) -> pd.Series:
    where = {"split": "test", "scope": "all", "class": "", **where, "metric": metric}
    table = found.table
    rows = table[np.logical_and.reduce([table[key] == cell for key, cell in where.items()])]
    assert len(rows) == 1, f"{len(rows)} rows for {where}"
    return rows.iloc[0]


@pytest.fixture(scope="module")
def random() -> tuple[Collection, Predictions]:
    """300 images of 8 classes, right in about six of ten cases, some without a label."""
    rng = np.random.default_rng(0)
    classes = tuple(f"c{k}" for k in range(8))
    truth = rng.integers(0, 8, 300)
    scores = rng.random((300, 8)) + 0.9 * np.eye(8)[truth] * (rng.random((300, 1)) < 0.6)
    cells = [None if k % 25 == 0 else classes[code] for k, code in enumerate(truth)]
    images = collection({"kind": cells}, ["train"] * 180 + ["val"] * 20 + ["test"] * 100)
    scores = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    return images, Predictions(
        column="kind", ids=images.ids, classes=classes, scores=scores, kept=classes
    )


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_single_valued_scores_are_those_of_scikit_learn(
    random: tuple[Collection, Predictions], split: str
) -> None:
    images, predictions = random
    found = classification(images, [predictions], scored_split=split)
    labelled = images.labels["kind"].notna().to_numpy() & (images.split == split)
    truth = images.labels["kind"].to_numpy(dtype=object)[labelled].astype(str)
    predicted = np.array(predictions.classes)[predictions.scores.argmax(axis=1)][labelled]
    assert value(found, "accuracy", split=split) == sk.accuracy_score(truth, predicted)
    assert value(found, "argmax_ari", split=split) == pytest.approx(
        sk.adjusted_rand_score(truth, predicted)
    )
    present = np.unique(truth)
    for average in ("macro", "weighted"):
        expected = sk.precision_recall_fscore_support(
            truth, predicted, labels=present, average=average, zero_division=0
        )
        for name, number in zip(("precision", "recall", "f1"), expected[:3], strict=True):
            assert value(found, f"{average}_{name}", split=split) == pytest.approx(number)
    by_class = sk.classification_report(truth, predicted, output_dict=True, zero_division=0)
    for name in present:
        for metric, key in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            one = row(found, metric, split=split, scope="class", **{"class": name})
            assert one["value"] == pytest.approx(by_class[name][key])
            assert one["n"] == by_class[name]["support"]
    assert row(found, "accuracy", split=split)["n"] == labelled.sum()
    for metric in ("accuracy", "argmax_ari", "macro_f1", "weighted_f1", "macro_recall"):
        assert found.headline[f"{metric}/kind"] == value(found, metric, split=split)


def test_the_table_has_the_splits_that_there_are(random: tuple[Collection, Predictions]) -> None:
    images, predictions = random
    found = classification(images, [predictions], scored_split="test")
    assert list(found.table.columns) == [
        *("label", "split", "scope", "class", "metric", "value", "n")
    ]
    assert list(dict.fromkeys(found.table["split"])) == ["train", "val", "test"]
    whole = collection({"kind": images.labels["kind"].tolist()}, ["all"] * 300)
    alone = classification(whole, [predictions], scored_split="all")
    assert set(alone.table["split"]) == {"all"}
    both = classification(images, [predictions], scored_split="all")
    assert both.headline["accuracy/kind"] == alone.headline["accuracy/kind"]
    assert set(both.table["split"]) == {"all", "train", "val", "test"}


@pytest.fixture(scope="module")
def by_hand() -> Classification:
    """Trained on a, b and r, of which rebalancing would keep a and b; u is only in the test part,
    and z, which the model knows, is not in it.

    The test images are a a a b b r u and one without a label; a b z b b r a are predicted.
    """
    split = ["train"] * 5 + ["test"] * 8
    train = ["a", "b", "r", "z", "z"]
    images = collection({"kind": [*train, *"aaabbru", None]}, split)
    predictions = said(
        images, "kind", [*train, *"abzbbra", "a"], classes=tuple("abrz"), kept=("a", "b", "z")
    )
    return classification(images, [predictions], scored_split="test")


def test_an_image_of_a_class_that_the_model_does_not_know_is_an_error(
    by_hand: Classification,
) -> None:
    # Right: the first a, both b and r, of seven with a label.
    assert row(by_hand, "accuracy")["n"] == 7
    assert value(by_hand, "accuracy") == pytest.approx(4 / 7)
    # Over a, b, r and u, which have a test image; not over z, which has none.
    precisions, recalls = [1 / 2, 2 / 3, 1, 0], [1 / 3, 1, 1, 0]
    assert value(by_hand, "macro_precision") == pytest.approx(np.mean(precisions))
    assert value(by_hand, "macro_recall") == pytest.approx(np.mean(recalls))
    assert value(by_hand, "weighted_precision") == pytest.approx(
        np.average(precisions, weights=[3, 2, 1, 1])
    )
    f1 = [2 * p * r / (p + r) if p else 0 for p, r in zip(precisions, recalls, strict=True)]
    assert value(by_hand, "macro_f1") == pytest.approx(np.mean(f1))


def test_the_kept_scope_is_over_images_of_kept_classes(by_hand: Classification) -> None:
    # a a a b b, predicted a b z b b: kept by name, so r between them changes nothing.
    assert row(by_hand, "accuracy", scope="kept")["n"] == 5
    headline = by_hand.headline
    assert headline["kept_accuracy/kind"] == pytest.approx(3 / 5)
    assert headline["kept_precision/kind"] == pytest.approx((1 + 2 / 3) / 2)
    assert headline["kept_recall/kind"] == pytest.approx((1 / 3 + 1) / 2)
    assert headline["kept_f1/kind"] == pytest.approx((1 / 2 + 4 / 5) / 2)


def test_a_class_without_an_image_is_undefined_not_zero(by_hand: Classification) -> None:
    for metric in ("precision", "recall", "f1"):
        of_z = row(by_hand, metric, scope="class", **{"class": "z"})
        assert math.isnan(of_z["value"])
        assert of_z["n"] == 0
        assert value(by_hand, metric, scope="class", **{"class": "u"}) == 0
    text = "\n".join(by_hand.notes)
    assert "1 of 5 classes have no scored image; macro averages are over the other 4" in text
    assert "1 class was in no training image ('u'), so the model cannot know it" in text
    assert "1 test image counts as errors" in text


def test_classes_left_out_of_training_make_kept_scores_of_the_balanced_model() -> None:
    images = collection({"kind": list("aabbrr") + list("abrr")}, ["train"] * 6 + ["test"] * 4)
    predictions = said(images, "kind", list("aabbab") + list("abab"))
    found = classification(images, [predictions], scored_split="test")
    assert found.headline["accuracy/kind"] == 0.5
    assert found.headline["kept_accuracy/kind"] == 1
    assert any(
        "1 class was left out of the training: 2 test images of it" in n for n in found.notes
    )


def test_where_every_class_is_kept_the_headline_has_no_kept_scores(
    random: tuple[Collection, Predictions],
) -> None:
    images, predictions = random
    found = classification(images, [predictions], scored_split="test")
    assert not [key for key in found.headline if key.startswith("kept")]
    assert not found.notes
    assert value(found, "accuracy", scope="kept") == value(found, "accuracy")


def test_an_image_put_in_no_class_is_an_error() -> None:
    images = collection({"kind": list("aabb")}, ["test"] * 4)
    found = classification(
        images, [said(images, "kind", ["a", None, "b", None])], scored_split="test"
    )
    assert found.headline["accuracy/kind"] == 0.5
    assert found.headline["macro_precision/kind"] == 1
    assert found.headline["macro_recall/kind"] == 0.5
    assert found.headline["argmax_ari/kind"] == pytest.approx(
        sk.adjusted_rand_score([0, 0, 1, 1], [0, 2, 1, 2])
    )
    assert any("2 test images put in no class count as errors" in note for note in found.notes)


def test_a_split_without_a_label_is_undefined_and_leaves_the_headline() -> None:
    images = collection({"kind": ["a", "b", None, None]}, ["train"] * 2 + ["test"] * 2)
    found = classification(images, [said(images, "kind", list("abab"))], scored_split="test")
    rows = found.table[found.table["split"] == "test"]
    assert rows["value"].isna().all()
    assert (rows["n"] == 0).all()
    assert found.headline == {}
    assert any("none of the test images has a label" in note for note in found.notes)


@pytest.fixture(scope="module")
def tags() -> tuple[Collection, Predictions, np.ndarray, np.ndarray]:
    """200 images with some of six values; the labels and the scores as matrices too."""
    rng = np.random.default_rng(1)
    names = ("blue", "cute", "dark", "flat", "glow", "warm")
    has = rng.random((200, 6)) < [0.5, 0.4, 0.3, 0.2, 0.2, 0.3]
    has[140:, 5] = False
    has[np.flatnonzero(~has.any(axis=1))[3:], 0] = True
    scores = np.clip(has * 0.3 + rng.random((200, 6)) * 0.7, 0, 1).astype(np.float32)
    cells = [tuple(np.array(names)[one]) for one in has]
    images = collection({"tags": cells}, ["train"] * 140 + ["test"] * 60, multi=("tags",))
    predictions = Predictions(
        column="tags",
        ids=images.ids,
        classes=names,
        scores=scores,
        kept=names[:3],
        multi_valued=True,
    )
    return images, predictions, has, scores


def test_multi_valued_scores_are_those_of_scikit_learn(
    tags: tuple[Collection, Predictions, np.ndarray, np.ndarray],
) -> None:
    images, predictions, has, scores = tags
    found = classification(images, [predictions], scored_split="test")
    rows = (images.split == "test") & has.any(axis=1)
    truth, predicted = has[rows], scores[rows] >= 0.5
    assert value(found, "exact_match") == pytest.approx(sk.accuracy_score(truth, predicted))
    assert value(found, "accuracy") == pytest.approx(1 - sk.hamming_loss(truth, predicted))
    present = np.flatnonzero(truth.any(axis=0)).tolist()
    assert present == [0, 1, 2, 3, 4]
    for average, labels in (("micro", list(range(6))), ("macro", present), ("weighted", present)):
        expected = sk.precision_recall_fscore_support(
            truth, predicted, labels=labels, average=average, zero_division=0
        )
        for name, number in zip(("precision", "recall", "f1"), expected[:3], strict=True):
            assert value(found, f"{average}_{name}") == pytest.approx(number)
    assert value(found, "mean_average_precision") == pytest.approx(
        sk.average_precision_score(truth[:, present], scores[rows][:, present], average="macro")
    )
    for at in present:
        where = {"scope": "class", "class": predictions.classes[at]}
        assert value(found, "recall", **where) == pytest.approx(
            sk.recall_score(truth[:, at], predicted[:, at])
        )
        assert value(found, "average_precision", **where) == pytest.approx(
            sk.average_precision_score(truth[:, at], scores[rows][:, at])
        )
        assert row(found, "f1", **where)["n"] == truth[:, at].sum()
    assert math.isnan(value(found, "f1", scope="class", **{"class": "warm"}))
    kept = (truth[:, :3] == predicted[:, :3]).all(axis=1).mean()
    assert value(found, "exact_match", scope="kept") == pytest.approx(kept)
    assert found.headline["mean_average_precision/tags"] == value(found, "mean_average_precision")
    assert "argmax_ari/tags" not in found.headline


def test_a_value_that_the_model_does_not_know_is_missed() -> None:
    images = collection({"tags": [("a",), ("a", "new")]}, ["test"] * 2, multi=("tags",))
    predictions = said(images, "tags", ["a", "a"], multi_valued=True)
    found = classification(images, [predictions], scored_split="test")
    assert value(found, "exact_match") == 0.5
    assert value(found, "accuracy") == 0.75
    assert value(found, "recall", scope="class", **{"class": "new"}) == 0


def test_predictions_of_some_images_in_several_columns() -> None:
    images = collection(
        {"kind": list("aabb"), "size": list("xyxy")}, ["train", "test", "test", "test"]
    )
    part = images.take(images.ids[1:])
    found = classification(
        images,
        [said(part, "kind", list("abb")), said(part, "size", list("yyy"))],
        scored_split="test",
    )
    assert found.headline["accuracy/kind"] == 1
    assert found.headline["accuracy/size"] == pytest.approx(2 / 3)
    assert list(dict.fromkeys(found.table["label"])) == ["kind", "size"]


def test_images_that_cannot_be_scored_are_an_error() -> None:
    images = collection({"kind": list("ab")}, ["train", "train"])
    predictions = said(images, "kind", list("ab"))
    with pytest.raises(DataError, match=r"split 'test'. Splits: train"):
        classification(images, [predictions], scored_split="test")
    with pytest.raises(DataError, match=r"1 are not in collection 'made'.*'00001'"):
        classification(images.take(["00000"]), [predictions], scored_split="train")


def evaluate(
    split: list[str], *, scored: str, seen: tuple[str, ...], reduced_only: bool = False
) -> Evaluation:
    """Half a and half b, once as `kind` and once as `tags`; `kind` and its images were learned."""
    n = len(split)
    kinds = ["a", "b"] * (n // 2)
    images = collection(
        {"kind": kinds, "tags": [(k, "x") if at % 3 else (k,) for at, k in enumerate(kinds)]},
        split,
        multi=("tags",),
    )
    X = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    learned = {"seen_labels": ("kind",), "seen_splits": seen} if seen else {}
    spaces = {
        "features": Features(
            ids=images.ids, values=X, space="features", **({} if reduced_only else learned)
        ),
        "reduced": Features(ids=images.ids, values=X + 1, space="reduced", **learned),
    }
    clusters = Clustering(np.arange(n) % 3)
    return Evaluator(n_permutations=2).evaluate(images, spaces, clusters, scored_split=scored)


def marks(found: Evaluation, **where: str) -> set[str]:
    scores = found.scores
    rows = scores[np.logical_and.reduce([scores[key] == cell for key, cell in where.items()])]
    assert len(rows)
    return set(rows["marks"])


def test_scores_on_seen_images_and_against_seen_labels_are_marked() -> None:
    split = ["train"] * 20 + ["val"] * 8 + ["test"] * 12
    found = evaluate(split, scored="test", seen=("train", "val"))
    assert found.scores.columns[-1] == "marks"
    assert marks(found, split="test", label="kind") == {"supervised"}
    assert marks(found, split="test", label="tags") == {""}
    assert marks(found, split="test", label="tags=a") == {""}
    assert marks(found, split="test", space="features") == {""}
    seen = {"all": "seen in training", "train": "seen in training", "val": "chose the epoch"}
    for name, mark in seen.items():
        assert marks(found, split=name, label="kind") == {f"supervised; {mark}"}
        assert marks(found, split=name, label="tags=x") == {mark}
        assert marks(found, split=name, space="reduced") == {mark}
    text = "\n".join(found.notes)
    assert "on 12 test images, which the model has not seen" in text
    assert "formed on training images too" in text
    assert "clustered_split=test" in text
    assert "Features were made from column kind" in text


def test_unseen_images_that_were_clustered_alone_carry_no_such_mark() -> None:
    found = evaluate(["test"] * 12, scored="test", seen=("train", "val"))
    assert marks(found, label="kind") == {"supervised"}
    assert marks(found, space="features") == {""}
    assert not any("formed on training images" in note for note in found.notes)


def test_only_the_space_that_was_learned_is_marked() -> None:
    split = ["train"] * 20 + ["test"] * 10
    found = evaluate(split, scored="test", seen=("train",), reduced_only=True)
    assert marks(found, split="train", space="features") == {""}
    assert marks(found, split="train", space="reduced") == {"seen in training"}
    assert marks(found, split="train", label="tags") == {"seen in training"}


def test_validation_images_that_chose_the_epoch_are_called_optimistic() -> None:
    found = evaluate(["train"] * 20 + ["val"] * 10, scored="val", seen=("train", "val"))
    (note,) = [note for note in found.notes if "chose the epoch" in note]
    assert "there is no test image" in note
    assert "10 validation images" in note
    assert "optimistic" in note
    assert not any("has not seen" in note for note in found.notes)


def test_scores_on_everything_say_that_the_model_has_seen_some() -> None:
    found = evaluate(["train"] * 20 + ["test"] * 10, scored="all", seen=("train",))
    assert any("30 images of which the model has seen some" in note for note in found.notes)
    assert marks(found, split="all", label="kind") == {"supervised; seen in training"}


def test_features_that_no_label_went_into_have_no_marks() -> None:
    found = evaluate(["train"] * 20 + ["test"] * 10, scored="test", seen=())
    assert "marks" not in found.scores
    assert not any("learned" in note for note in found.notes)
