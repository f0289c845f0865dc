"""How well labels can be learned from the features, against scikit-learn called directly."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clusterlab.ceiling import Ceiling
from clusterlab.errors import ConfigError, DataError
from clusterlab.metrics.ceiling import LogisticRegressionCeiling
from clusterlab.reports.ceiling_figures import draw_ceiling
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.html import write_html
from clusterlab.reports.marks import explain
from clusterlab.reports.metrics_file import metrics as metrics_of
from clusterlab.reports.page.headline import headline
from clusterlab.splits import stratified
from clusterlab.types import Collection, Features, MemoryImage
from tests.report_fixtures import DIGITS as DIGIT_NAMES
from tests.report_fixtures import outcome_of, scans
from tests.runs import SMOKE, here, run_folder
from tests.test_report_texts import Page

N = 400
PIXELS = load_digits().data[:N]
DIGITS = load_digits().target[:N]
WORDS = [str(digit) for digit in DIGITS]
HALF = np.where(np.arange(N) % 4 == 0, "test", "train")


def images(
    labels: dict[str, list[Any]] | None = None,
    *,
    split: np.ndarray | None = None,
    digests: list[str] | None = None,
    **extra: Any,
) -> Collection:
    labels = {"label": WORDS} if labels is None else labels
    return Collection(
        name="digits",
        ids=tuple(f"{row:05}" for row in range(N)),
        images=(MemoryImage(b""),) * N,
        digests=tuple(digests or map(str, range(N))),
        labels=pd.DataFrame(
            {name: pd.Series(cells, dtype=object) for name, cells in labels.items()}
        ),
        split=np.array(["all"] * N) if split is None else split,
        numeric=pd.DataFrame(index=range(N)),
        **extra,
    )


def features(values: np.ndarray = PIXELS, **extra: Any) -> Features:
    ids = tuple(f"{row:05}" for row in range(N))
    return Features(ids=ids, values=values.astype(np.float32), space="features", **extra)


def measured(collection: Collection, values: Features | None = None, **options: Any) -> Ceiling:
    found = LogisticRegressionCeiling(**options).measure(collection, values or features())
    assert found is not None
    return found


def value(found: Ceiling, metric: str, split: str = "test", label: str = "label") -> float:
    table = found.table
    own = table[(table.label == label) & (table.split == split) & (table.metric == metric)]
    assert len(own) == 1
    return float(own["value"].iloc[0])


@pytest.mark.parametrize(
    ("options", "n_components"),
    [({"C": 0.1}, None), ({"C": 0.01, "class_weight": "balanced", "n_components": 10}, 10)],
)
def test_numbers_are_those_of_a_plain_script(
    options: dict[str, Any], n_components: int | None
) -> None:
    found = measured(images(split=HALF), **options)
    train, test = HALF == "train", HALF == "test"
    steps = [PCA(n_components, random_state=0)] if n_components else []
    regression = LogisticRegression(
        C=options["C"], class_weight=options.get("class_weight"), max_iter=1000
    )
    script = make_pipeline(StandardScaler(), *steps, regression).fit(PIXELS[train], DIGITS[train])
    for split, rows in (("train", train), ("test", test)):
        truth, said = DIGITS[rows], script.predict(PIXELS[rows])
        recalls = recall_score(truth, said, average=None)
        expected = {
            "accuracy": accuracy_score(truth, said),
            "macro_f1": f1_score(truth, said, average="macro"),
            "weighted_f1": f1_score(truth, said, average="weighted"),
            "mean_class_accuracy": recalls.mean(),
            "median_class_accuracy": np.median(recalls),
            "std_class_accuracy": pd.Series(recalls).std(),
        }
        for metric, number in expected.items():
            assert value(found, metric, split) == pytest.approx(number, abs=1e-9), metric
    assert 0 < found.headline["ceiling_accuracy/label"] < 1
    assert found.classes["accuracy"].tolist() == pytest.approx(recalls.tolist())
    assert found.classes["n_test"].tolist() == np.bincount(DIGITS[test]).tolist()
    assert found.classes["n_train"].tolist() == np.bincount(DIGITS[train]).tolist()


def test_the_baseline_is_the_commonest_class_and_not_one_in_n() -> None:
    seven = ["seven" if digit == 7 else "other" for digit in DIGITS]
    found = measured(images({"label": seven}, split=HALF))
    share = np.mean(DIGITS[HALF == "test"] != 7)
    assert value(found, "majority") == found.headline["ceiling_majority/label"] == share
    assert share > 0.85
    assert value(found, "uniform") == 0.5


def test_scaler_and_pca_see_no_test_image_unless_they_are_told_to() -> None:
    # The test images are far away: a scaler that saw them would squeeze the training images.
    far = PIXELS.copy()
    far[HALF == "test"] *= 50
    near, away = (
        measured(images(split=HALF), features(values), C=0.01, n_components=8)
        for values in (PIXELS, far)
    )
    assert value(near, "accuracy", "train") == value(away, "accuracy", "train")
    assert not near.notes
    literal = measured(images(split=HALF), features(far), C=0.01, n_components=8, fitted_on="all")
    assert value(literal, "accuracy", "train") < value(near, "accuracy", "train")
    assert any("The scaler and the PCA were fitted on all images" in n for n in literal.notes)
    assert {*near.table["marks"]} == {""}
    assert literal.table.groupby("split")["marks"].unique().map(list).to_dict() == {
        "test": ["scaler fitted on test images"],
        "train": [""],
    }


def test_without_a_split_it_makes_one_that_no_duplicate_straddles() -> None:
    # Every image is there twice; a copy among the training images would give the class away.
    twice = [str(row // 2) for row in range(N)]
    labels = [str(row // 2 % 5) for row in range(N)]
    noise = np.repeat(np.random.default_rng(0).normal(size=(N // 2, 300)), 2, axis=0)
    found = measured(images({"label": labels}, digests=twice), features(noise), split_seed=3)
    assert value(found, "accuracy", "train") == 1
    assert value(found, "accuracy") < 0.45
    assert found.classes[["n_train", "n_test"]].sum().tolist() == [0.8 * N, 0.2 * N]
    assert "The collection has no split" in found.told
    assert "80%" in found.told
    leaking = measured(images({"label": labels}), features(noise), split_seed=3)
    assert value(leaking, "accuracy") > 0.7
    again = measured(images({"label": labels}, digests=twice), features(noise), random_state=3)
    pd.testing.assert_frame_equal(found.table, again.table)


def test_a_column_made_of_another_has_the_same_test_images() -> None:
    odd = ["odd" if digit % 2 else "even" for digit in DIGITS]
    found = measured(images({"label": WORDS, "odd": odd}, derived={"odd": "label"}))
    split = stratified(WORDS, [str(row) for row in range(N)], shares={"train": 0.8, "test": 0.2})
    own = found.classes[found.classes.label == "odd"].set_index("class")["n_test"]
    assert own["odd"] == np.sum((split == "test") & (DIGITS % 2 == 1))


def test_a_split_of_its_own_leaks_what_the_features_were_trained_on() -> None:
    """Features of a model that learned its training images by heart, as after fine-tuning."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, N)
    values = rng.normal(size=(N, 20))
    values[HALF == "train", :5] += 6 * np.eye(5)[labels[HALF == "train"]]
    words = [str(label) for label in labels]
    learned = features(values, seen_labels=("label",), seen_splits=("train",))
    honest = measured(images({"label": words}, split=HALF), learned)
    leaking = measured(
        images({"label": words}, split=HALF), learned, split={"train": 0.8, "test": 0.2}
    )
    assert value(honest, "accuracy") < 0.4
    assert value(leaking, "accuracy") > 0.65
    marks = {
        (name, row.split): row.marks
        for name, found in (("honest", honest), ("leaking", leaking))
        for row in found.table.itertuples()
    }
    assert marks["honest", "test"] == "supervised"
    assert marks["leaking", "test"] == marks["honest", "train"] == "supervised; seen in training"
    assert set(leaking.classes["marks"]) == {"supervised; seen in training"}
    told = " ".join(leaking.notes)
    assert "of the 80 test images are among those that the features were trained on" in told
    assert "evaluator.ceiling.split=null" in told
    assert "seen in training" not in " ".join(honest.notes)


def test_validation_images_where_there_is_no_test_image() -> None:
    split = np.where(HALF == "test", "val", "train")
    learned = features(seen_labels=("other",), seen_splits=("train", "val"))
    found = measured(images(split=split), learned)
    tested = found.table[found.table.split == "test"]
    assert set(tested["marks"]) == {"chose the epoch"}
    assert set(tested["n"]) == {int((HALF == "test").sum())}
    assert "validation" in found.told
    assert "chose the epoch" in " ".join(found.notes)


def test_what_cannot_be_learned_is_told_and_left_out() -> None:
    new = ["new" if split == "test" and row % 40 == 0 else word
           for row, (word, split) in enumerate(zip(WORDS, HALF, strict=True))]  # fmt: skip
    new[1] = "lonely"
    columns: dict[str, list[Any]] = {
        "label": new,
        "id": [f"image {row}" for row in range(N)],
        "one": ["the same"] * N,
        "late": ["a" if split == "train" else "b" for split in HALF],
        "untested": ["a" if row % 4 == 1 else None for row in range(N)],
        "nothing": [None] * N,
        "half": [word if row % 8 else None for row, word in enumerate(WORDS)],
    }
    found = measured(images(columns, split=HALF), max_iter=2, n_components=5000)
    assert list(dict.fromkeys(found.table["label"])) == ["label", "half"]
    notes = "\n".join(found.notes)
    for expected in (
        "1 class is in no training image ('new'), so the classifier cannot know it: 10 test "
        "images count as errors",
        "1 class has one training image only ('lonely')",
        "label, half: the classifier had not converged after 2 iterations",
        "label, half: the PCA kept 64 components, not 5,000",
        "id: no two images have the same label",
        "one: 'the same' is the only class",
        "late: all training images have the same label",
        "untested: 'a' is the only class",
        "nothing: no image has a label",
    ):
        assert expected in notes
    strange = found.classes[found.classes["class"] == "new"].iloc[0]
    assert (strange.n_train, strange.n_test, strange.accuracy) == (0, 10, 0)
    lonely = found.classes[found.classes["class"] == "lonely"].iloc[0]
    assert (lonely.n_test, math.isnan(lonely.accuracy)) == (0, True)
    tested = found.table[(found.table.label == "half") & (found.table.split == "test")]
    assert set(tested["n"]) == {50}


def test_several_values_are_learned_one_by_one() -> None:
    def tags(digit: int) -> tuple[str, ...]:
        return tuple(
            name
            for name, there in (("big", digit > 5), ("loop", digit in (0, 6, 8, 9)))
            if there or (name == "loop" and digit == 3)
        )

    cells = [tags(digit) for digit in DIGITS]
    found = measured(images({"tags": cells}, split=HALF, multi_valued=frozenset({"tags"})), C=0.01)
    held = np.array([bool(cell) for cell in cells])
    train, test = held & (HALF == "train"), held & (HALF == "test")
    truth = np.array([[name in cell for name in ("big", "loop")] for cell in cells])
    scaled = StandardScaler().fit(PIXELS[train]).transform(PIXELS)
    said = np.stack(
        [
            LogisticRegression(C=0.01).fit(scaled[train], truth[train, at]).predict(scaled[test])
            for at in range(2)
        ],
        axis=1,
    )
    expected = {
        "accuracy": (truth[test] == said).mean(),
        "exact_match": accuracy_score(truth[test], said),
        "macro_f1": f1_score(truth[test], said, average="macro"),
        "micro_f1": f1_score(truth[test], said, average="micro"),
        "mean_class_accuracy": recall_score(truth[test], said, average="macro"),
        "majority": (truth[test] == (truth[train].mean(axis=0) > 0.5)).mean(),
    }
    for metric, number in expected.items():
        assert value(found, metric, label="tags") == pytest.approx(number), metric
    assert "several values" in found.notes[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"C": 0}, "evaluator.ceiling.C is 0"),
        ({"class_weight": "even"}, "balanced or null"),
        ({"n_components": 0.5}, "whole number"),
        ({"fitted_on": "test"}, "train or all"),
        ({"columns": "label"}, "[label]"),
        ({"columns": []}, "empty list"),
        ({"split": {"train": 0.8, "val": 0.2}}, "train and test"),
        ({"split": {"train": 0.8, "test": 0.8}}, "sum to 1.6"),
        ({"max_iter": 0}, "at least 1"),
    ],
)
def test_bad_settings_say_what_would_do(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as error:
        LogisticRegressionCeiling(**options)
    assert words in str(error.value)


def test_a_column_that_is_not_there_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(DataError, match="Did you mean 'label'"):
        measured(images(), columns=["lable"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("ceiling")
    done = here(
        "run", *SMOKE, "evaluator/ceiling=logistic_regression", "evaluator.ceiling.C=1e-4",
        "view=none", folder=folder,
    )  # fmt: skip
    return run_folder(done, folder), done.stdout


def test_a_run_writes_the_tables_and_the_headline(run: tuple[Path, str]) -> None:
    folder, printed = run
    metrics = json.loads((folder / "metrics.json").read_text())
    table = pd.read_csv(folder / "ceiling.csv", dtype={"label": str})
    assert list(table) == ["label", "split", "metric", "value", "n"]
    named = {(row.split, row.metric): row.value for row in table.itertuples()}
    keys = [f"ceiling_{name}/label" for name in
            ("accuracy", "train_accuracy", "macro_f1", "weighted_f1", "mean_class_accuracy",
             "majority")]  # fmt: skip
    assert [key for key in metrics if key.startswith("ceiling_")] == keys
    assert metrics["ceiling_accuracy/label"] == named["test", "accuracy"]
    assert metrics["ceiling_train_accuracy/label"] == named["train", "accuracy"]
    classes = pd.read_csv(folder / "ceiling_classes.csv")
    assert classes["n_test"].tolist() == [2] * 10
    assert (folder / "figures" / "ceiling_label.png").is_file()
    (line,) = [one for one in printed.splitlines() if one.startswith("label  ")]
    numbers = [named["test", "accuracy"], named["train", "accuracy"], 0.1]
    assert [float(word) for word in line.split()[1:]] == pytest.approx(numbers, abs=5e-4)


def test_the_page_tells_the_ceiling_in_plain_words(run: tuple[Path, str]) -> None:
    folder, _ = run
    metrics = json.loads((folder / "metrics.json").read_text())
    page = Page(folder / "report.html")
    section = page.within("#ceiling")
    accuracy, train = (metrics[f"ceiling_{name}accuracy/label"] for name in ("", "train_"))
    assert f"names {accuracy:.1%} of 20 test images rightly" in section
    assert "the commonest class would reach 10.0%" in section
    assert f"it reaches {train:.1%}" in section
    assert "By class, the worst first" in section
    assert "ceiling" not in page.within("#scores"), "those are of the clusters alone"


def test_the_page_lists_the_ten_best_and_worst_classes_and_their_marks(tmp_path: Path) -> None:
    names = [f"{word} {n}, <b>&" for n in (1, 2, 3) for word in DIGIT_NAMES]
    scanned = scans(n=240, names=names)
    plain = outcome_of(scanned)
    known = dataclasses.replace(plain.features, seen_labels=("digit",), seen_splits=("train",))
    found = LogisticRegressionCeiling(C=1e-3).measure(scanned, known)
    assert found is not None
    outcome = dataclasses.replace(
        plain, evaluation=dataclasses.replace(plain.evaluation, ceiling=found)
    )
    drawn = dict(draw_ceiling(outcome))
    assert list(drawn) == ["ceiling_digit.png", "ceiling_parity.png", "ceiling_strokes.png"]
    own = found.classes[(found.classes["label"] == "digit") & (found.classes["n_test"] > 0)]
    bars = [bar.get_height() for bar in drawn["ceiling_digit.png"].axes[0].patches]
    expected, _ = np.histogram(own["accuracy"], bins=np.linspace(0, 1, 21))
    assert bars == expected.tolist()
    write_html(outcome, tmp_path / "report.html", figures=tmp_path, max_thumbnails=0)
    section = Page(tmp_path / "report.html").within("#ceiling")
    worst = own.sort_values(["accuracy", "n_test", "class"], ascending=[True, False, True]).iloc[0]
    n_best = min(10, int((own["accuracy"] > 0).sum()))
    assert f"The {n_best} best of {len(own)} classes" in section
    listed = section[section.index("The 10 worst") :]
    assert listed.index(f"{worst['class']} {worst.n_test} {worst.n_train} 0%") < 100
    assert "training images seen in training" in section
    assert "digit supervised" in section


@pytest.mark.parametrize(
    ("options", "mark"),
    [
        ({}, None),
        ({"fitted_on": "all"}, "scaler fitted on test images"),
        ({"split": {"train": 0.5, "test": 0.5}}, "seen in training"),
    ],
)
def test_a_leaking_ceiling_marks_the_run(options: dict[str, Any], mark: str | None) -> None:
    scanned = scans(n=80)
    scanned = dataclasses.replace(scanned, split=np.where(np.arange(80) % 4 == 0, "test", "train"))
    plain = outcome_of(scanned)
    known = dataclasses.replace(plain.features, seen_labels=("digit",), seen_splits=("train",))
    found = LogisticRegressionCeiling(columns=["digit"], C=1e-3, **options).measure(scanned, known)
    outcome = dataclasses.replace(
        plain, evaluation=dataclasses.replace(plain.evaluation, ceiling=found)
    )
    marks = [f"ceiling of digit: {mark}"] if mark else None
    assert metrics_of(outcome, seconds=1).get("marks") == marks
    assert {*map(explain, marks or ())} <= {*headline(outcome)["warnings"]}
    assert "marks" not in outcome.evaluation.scores


def test_compare_shows_the_ceiling_beside_the_scores(run: tuple[Path, str]) -> None:
    folder, _ = run
    found = compare([folder])
    assert found.metric == "ari/label"
    assert found.metrics[-1] == "ceiling_accuracy/label"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert found.table["ceiling_accuracy/label"][0] == metrics["ceiling_accuracy/label"]
