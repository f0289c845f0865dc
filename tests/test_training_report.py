"""What a fine-tuned run leaves: its tables, its figures, its page and what the terminal says."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import load_file

from clusterlab.outcome import Outcome
from clusterlab.reports.console import summary
from clusterlab.reports.decided import decided
from clusterlab.reports.html import write_html
from clusterlab.reports.metrics_file import metrics
from clusterlab.reports.plots.canvas import render
from clusterlab.reports.plots.confusion import draw_confusion, tabulate
from clusterlab.reports.plots.curves import draw_curves
from clusterlab.reports.plots.distribution import draw_distribution
from clusterlab.reports.tables import write_tables
from clusterlab.reports.write import write_report
from tests.report_fixtures import DIGITS, fine_tuned, outcome_of, scans
from tests.test_figures import assert_apart
from tests.test_report_html import Page as Source
from tests.test_report_texts import Page

HOSTILE = "<script>document.title='taken'</script>"
WRONG = (3, 40, 77)


def write(outcome: Outcome, folder: Path) -> Path:
    write_tables(outcome, folder)
    write_report(outcome, folder, max_thumbnails=2000)
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return fine_tuned(scans(wrong=WRONG), tmp_path_factory.mktemp("own_store"))


@pytest.fixture(scope="module")
def run(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(outcome, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def page(run: Path) -> Page:
    return Page(run / "report.html")


@pytest.fixture(scope="module")
def apart(weights: Path) -> Outcome:
    """Only the unseen images are clustered, and the scores are no measure of confidence."""
    return fine_tuned(
        scans(), weights, clustered="test", confident=False, columns=("digit", "parity")
    )


@pytest.fixture(scope="module")
def apart_run(apart: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(apart, tmp_path_factory.mktemp("apart"))


def test_every_table_is_there_and_says_what_it_holds(outcome: Outcome, run: Path) -> None:
    assert outcome.training is not None
    assert outcome.classification is not None
    found = {name: pd.read_csv(run / f"{name}.csv") for name in ("classification", "training")}
    assert list(found["classification"].columns) == [
        *("label", "split", "scope", "class", "metric", "value", "n", "marks")
    ]
    pd.testing.assert_frame_equal(found["training"], outcome.training.epochs)
    distribution = pd.read_csv(run / "distribution.csv")
    assert len(distribution) == 12
    assert set(distribution.loc[distribution["class"] == "nine", "status"]) == {
        "dropped: fewer than 20 images"
    }


def test_predictions_have_one_row_an_image_and_column(outcome: Outcome, run: Path) -> None:
    table = pd.read_csv(run / "predictions.csv", keep_default_na=False, dtype=str)
    assert list(table.columns) == [
        *("id", "split", "label", "true", "predicted", "confidence", "correct")
    ]
    collection = outcome.collection
    of_digit = table[table["label"] == "digit"]
    said = outcome.predictions[0]
    best = said.scores.argmax(axis=1)
    assert of_digit["id"].tolist() == list(collection.ids)
    assert of_digit["split"].tolist() == collection.split.tolist()
    assert of_digit["true"].tolist() == collection.labels["digit"].tolist()
    assert of_digit["predicted"].tolist() == [said.classes[k] for k in best]
    np.testing.assert_allclose(of_digit["confidence"].astype(float), said.scores.max(1), atol=1e-6)
    right = of_digit["true"] == of_digit["predicted"]
    assert (of_digit["correct"] == np.where(right, "True", "False")).all()
    scored = of_digit["split"] == "test"
    assert outcome.classification is not None
    assert right[scored].mean() == pytest.approx(outcome.classification.headline["accuracy/digit"])


def test_several_values_are_joined_and_as_sure_as_the_least(outcome: Outcome) -> None:
    said = outcome.predictions[1]
    table = decided(outcome.collection, said)
    for at, row in enumerate(table.to_dict("records")):
        scores = said.scores[at]
        own = sorted(outcome.collection.labels["strokes"][at])
        assert row["true"] == ("|".join(own) or None)
        named = [name for name, p in zip(said.classes, scores, strict=True) if p >= 0.5]
        assert row["predicted"] == ("|".join(named) or None)
        assert row["confidence"] == pytest.approx(min(max(p, 1 - p) for p in scores), abs=1e-6)
        assert row["correct"] is (None if not own else own == named)


def test_no_class_and_no_confidence_are_empty(apart: Outcome, apart_run: Path) -> None:
    table = pd.read_csv(apart_run / "predictions.csv", keep_default_na=False, dtype=str)
    assert set(table["confidence"]) == {""}
    # Also of the images that were not clustered.
    assert len(table) == 2 * 300 > 2 * len(apart.collection)
    nameless = table[table["predicted"] == ""]
    assert len(nameless) == 2 * -(-300 // 7)
    assert set(nameless["correct"]) == {"False"}


def test_the_model_folder_has_the_weights_once_on_the_disk(outcome: Outcome, run: Path) -> None:
    assert outcome.training is not None
    kept = run / "model" / "finetuned.safetensors"
    np.testing.assert_array_equal(load_file(kept)["layer"], np.arange(12, dtype=np.float32))
    assert kept.samefile(outcome.training.weights)
    arrays = load_file(run / "model" / "model.safetensors")
    np.testing.assert_array_equal(arrays["finetune.weight"], np.ones((2, 3), np.float32))
    told = json.loads((run / "model" / "model.json").read_text())
    assert told["finetune"]["precision"] == "fp32"
    assert told["finetune"]["columns"] == ["digit", "strokes"]
    assert told["finetune"]["file"] == kept.name
    assert told["arrays"]["finetune.bias"] == [2]


def test_weights_on_another_disk_are_copied(
    outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    write_tables(outcome, tmp_path)
    assert outcome.training is not None
    kept = tmp_path / "model" / "finetuned.safetensors"
    assert kept.read_bytes() == outcome.training.weights.read_bytes()


def test_a_run_without_training_leaves_and_keeps_none_of_it(run: Path, tmp_path: Path) -> None:
    names = ("classification", "predictions", "training", "distribution")
    for name in names:
        (tmp_path / f"{name}.csv").write_text("of a run that failed here before")
    write(outcome_of(scans(n=60), n_noise=0), tmp_path)
    assert not [name for name in names if (tmp_path / f"{name}.csv").exists()]
    assert not (tmp_path / "model" / "finetuned.safetensors").exists()
    assert "finetune" not in json.loads((tmp_path / "model" / "model.json").read_text())
    assert "What the model learned" not in (tmp_path / "report.html").read_text("utf-8")
    assert (run / "training.csv").exists()


def test_metrics_have_the_headline_of_both(outcome: Outcome) -> None:
    flat = metrics(outcome, seconds=1.0)
    assert outcome.classification is not None
    for key, value in outcome.classification.headline.items():
        assert flat[key] == value
    assert {"accuracy/digit", "kept_accuracy/digit", "argmax_ari/digit", "ari/digit"} <= {*flat}
    assert flat["scored_split"] == "test"
    bare = dataclasses.replace(outcome.classification, headline={"accuracy/digit": math.nan})
    undefined = metrics(dataclasses.replace(outcome, classification=bare), seconds=1.0)
    assert "accuracy/digit" not in undefined


def test_the_run_s_marks_join_those_of_a_row(outcome: Outcome, tmp_path: Path) -> None:
    features = dataclasses.replace(outcome.features, marks=("random weights",))
    marked = dataclasses.replace(outcome, features=features)
    write_tables(marked, tmp_path)
    scores = pd.read_csv(tmp_path / "scores.csv")
    of_test = scores[scores["split"] == "test"].set_index("label")["marks"]
    assert set(of_test["digit"]) == {"random weights; supervised"}
    assert set(of_test["parity"]) == {"random weights"}
    assert set(scores.loc[scores["split"] == "train", "marks"]) == {
        "random weights; supervised; seen in training",
        "random weights; seen in training",
    }
    assert set(pd.read_csv(tmp_path / "predictions.csv")["marks"]) == {"random weights"}


def test_every_figure_is_drawn(run: Path, apart_run: Path) -> None:
    names = {path.name for path in (run / "figures").iterdir()}
    assert {
        "training.png",
        "confusion_digit.png",
        "distribution_digit.png",
        "distribution_strokes.png",
        "projection_reduced_split.png",
    } <= names
    assert "confusion_strokes.png" not in names
    for name in names:
        with Image.open(run / "figures" / name) as image:
            assert image.width == 1200
            assert 200 < image.height < 2500, name
            dark = np.asarray(image.convert("L")) < 110
        assert dark[:60].mean() > 0.005, f"{name} has no title"
    alone = {path.name for path in (apart_run / "figures").iterdir()}
    assert {"confusion_digit.png", "confusion_parity.png"} <= alone
    assert "projection_reduced_split.png" not in alone


def test_maps_of_seen_and_unseen_images_say_so_below(run: Path, apart_run: Path) -> None:
    def ground(path: Path) -> tuple[int, ...]:
        with Image.open(path) as image:
            return tuple(image.convert("RGB").getpixel((1195, image.height - 3)))  # type: ignore[arg-type]

    for name in ("cluster", "label_digit", "split"):
        assert ground(run / "figures" / f"projection_reduced_{name}.png") != (255, 255, 255)
    assert ground(run / "figures" / "cluster_sizes.png") == (255, 255, 255)
    assert ground(apart_run / "figures" / "projection_reduced_cluster.png") == (255, 255, 255)


def test_confusion_counts_agree_with_pandas(outcome: Outcome) -> None:
    table = decided(outcome.collection, outcome.predictions[0])
    table = table[table["split"] == "test"]
    found = tabulate(table["true"].tolist(), table["predicted"].tolist())
    expected = pd.crosstab(table["true"], table["predicted"])
    for row, true in enumerate(found.rows):
        for column, said in enumerate(found.rows):
            known = said in expected.columns
            assert found.counts[row, column] == (expected.loc[true, said] if known else 0)
    assert not found.others
    figure = draw_confusion("digit", found, known=outcome.predictions[0].classes, split="test")
    axes = figure.axes[0]
    written = {tuple(map(round, text.get_position())): text.get_text() for text in axes.texts}
    zero = found.rows.index("zero")
    assert written[zero, zero] == str(expected.loc["zero", "zero"])


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_confusion_of_233_classes_shows_the_most_frequent_and_says_so() -> None:
    rng = np.random.default_rng(0)
    names = [f"a long name of class {k} $x^{{$" for k in range(233)]
    true = rng.choice(names, 3000, p=np.arange(233, 0, -1) / (233 * 117)).tolist()
    guessed = rng.choice([*names, None], 3000).tolist()
    found = tabulate(true, guessed)
    assert found.counts.shape == (40, 42)
    assert found.others == ("another class", "no class")
    counts = pd.Series(true).value_counts()
    assert found.counts.sum(axis=1).tolist() == counts.head(40).tolist()
    figure = draw_confusion("povo", found, known={*names[:20]}, split="test")
    axes = figure.axes[0]
    assert_apart([*axes.get_yticklabels(), *figure.texts], figure)
    assert_apart([*axes.get_xticklabels(), *figure.texts], figure)
    assert any(
        f"40 most frequent of {len(counts)} classes" in text.get_text() for text in figure.texts
    )
    assert not axes.texts, "counts have no room"


@pytest.mark.parametrize("rebalanced", [True, False])
def test_a_distribution_of_233_classes_fits(rebalanced: bool) -> None:
    train = np.arange(300, 300 - 233, -1)
    dropped = train < 280
    classes = pd.DataFrame(
        {
            "column": "povo",
            "class": [f"a long name of class {k}" for k in range(233)],
            "train": train,
            "items": np.where(dropped & rebalanced, 0, train * 2),
            "status": np.where(dropped & rebalanced, "dropped: rare", "kept"),
        }
    )
    figure = draw_distribution("povo", classes, rebalanced=rebalanced)
    axes = figure.axes[0]
    assert_apart([*axes.get_yticklabels(), *axes.texts, *figure.texts], figure)
    texts = " ".join(text.get_text() for text in figure.texts)
    more = ", 193 of them dropped" if rebalanced else ""
    assert f"and 193 smaller classes of 68 to 260 images{more}" in texts
    labels = [text.get_text() for text in axes.texts]
    assert labels[0] == ("300 → 600" if rebalanced else "300")
    assert labels[-1] == ("261, dropped" if rebalanced else "261")
    colours = {bar.get_facecolor() for bar in axes.patches}
    assert len(colours) == (3 if rebalanced else 1)


@pytest.mark.parametrize("n", [1, 60])
@pytest.mark.parametrize("validated", [True, False])
def test_curves_of_one_and_of_many_epochs(n: int, validated: bool) -> None:
    epochs = pd.DataFrame({"epoch": range(1, n + 1), "loss": np.geomspace(2, 0.1, n)})
    if validated:
        epochs = epochs.assign(val_loss=math.nan, val_accuracy=np.linspace(0.2, 0.9, n))
    figure = draw_curves(
        epochs,
        best_epoch=n,
        selected_by="val_accuracy" if validated else "",
        stopped="all epochs were trained",
    )
    assert len(figure.axes) == (2 if validated else 1)
    render(figure)
    assert f"epoch {n} of {n} was kept" in figure.texts[0].get_text()
    line = figure.axes[-1].lines[0]
    np.testing.assert_allclose(line.get_ydata(), epochs["val_accuracy" if validated else "loss"])


def test_a_curator_reads_what_was_learned_and_on_what(outcome: Outcome, page: Page) -> None:
    text = page.within("#learned")
    counts = dict(zip(*np.unique(outcome.collection.split, return_counts=True), strict=True))
    assert "trained on digit and strokes" in text
    assert (
        f"{counts['train']} images for training, {counts['val']} to choose the epoch, "
        f"{counts['test']} kept apart as test: the model has never seen those" in text
    )
    for sentence in (
        "9 of 12 blocks are frozen",
        "Epoch 5 of 8 was kept, chosen by its accuracy on the validation images (0.853)",
        "stopped after epoch 8 of 20",
        "started_from.model tiny",
        "2 classes were left out of the training",
    ):
        assert sentence in text
    assert "fine-tuned on digit and strokes" in page.within("header")
    assert "A note of the training." in page.within("warnings")
    assert "2 classes were left out" not in page.within("warnings")
    scored = f"On the {counts['test']} test images, which the model has not seen"
    assert scored in page.within("#scores")


def test_scores_on_all_and_on_kept_classes_stand_beside_each_other(
    outcome: Outcome, page: Page
) -> None:
    assert outcome.classification is not None
    headline = outcome.classification.headline
    text = page.within("#learned", "column", "tr")
    numbers = [headline[f"{m}/digit"] for m in ("accuracy", "macro_precision", "macro_recall")]
    n = int((outcome.collection.split == "test").sum())
    assert f"test all classes {n} {' '.join(f'{v:.3f}' for v in numbers)}" in text
    kept = [headline[f"kept_{m}/digit"] for m in ("accuracy", "precision", "recall", "f1")]
    assert "test the 8 kept classes" in text
    assert " ".join(f"{v:.3f}" for v in kept) in text
    assert "train seen in training all classes" in text
    assert f"adjusted Rand index of {headline['argmax_ari/digit']:.3f}" in page.within("#learned")


def cards(page: Page) -> list[list[str]]:
    """id, label, prediction and, where it is told, confidence of each picture, in order."""
    inside = [text for around, text in page.texts if {"#learned", "mistake"} <= {*around}]
    texts = [text for text in inside if text.strip()]
    found: list[list[str]] = []
    for at, text in enumerate(texts):
        if text.startswith("scan_"):
            found.append([text])
        elif at and texts[at - 1] in ("label", "model", "confidence"):
            found[-1].append(text)
    return found


def test_the_most_confident_mistakes_come_first(outcome: Outcome, page: Page) -> None:
    table = decided(outcome.collection, outcome.predictions[0])
    known = table["true"].isin(outcome.predictions[0].classes)
    wrong = table[known & (table["true"] != table["predicted"])]
    wrong = wrong.sort_values(["confidence", "id"], ascending=[False, True])
    expected = []
    for part in (wrong[wrong["split"] == "test"], wrong[wrong["split"] == "train"]):
        shown = part.head(12)
        expected += list(zip(shown["id"], shown["true"], shown["predicted"], strict=True))
    found = cards(page)
    assert [tuple(card[:3]) for card in found[: len(expected)]] == expected
    assert all(card[3].endswith("%") for card in found)
    # What was mislabelled on purpose is among them; another such image is in val, and in neither.
    assert "scan_0003.png" in {card[0] for card in found}
    assert "scan_0040.png" not in {card[0] for card in found}
    strange = int((~known).sum())
    assert f"{strange} images with a class that the model was not taught" in page.within("#learned")


def test_mistakes_without_confidence_go_by_id_and_may_be_off_the_map(
    apart: Outcome, apart_run: Path
) -> None:
    page = Page(apart_run / "report.html")
    found = cards(page)
    assert all(len(card) == 3 for card in found)
    assert "onfiden" not in page.within("#learned", "column")
    assert any(card[2] == "none" for card in found)
    of_digit = [card[0] for card in found if card[1] in DIGITS]
    clustered = {*apart.collection.ids}
    unseen = [id_ for id_ in of_digit if id_ in clustered]
    others = [id_ for id_ in of_digit if id_ not in clustered]
    assert unseen == sorted(unseen)
    assert others == sorted(others)
    assert others
    thumbs = [a for tag, a in page.tags if tag == "img" and a.get("title") in others]
    assert len(thumbs) >= len(others)
    assert not [a for a in thumbs if "data-row" in a]
    assert all(str(a["src"]).startswith("data:image/webp") for a in thumbs)


def test_the_map_can_be_coloured_by_split(outcome: Outcome, page: Page, apart_run: Path) -> None:
    *_, by_split = page.data()["colourings"]
    assert by_split["name"] == "split"
    names = [group["name"] for group in by_split["groups"]]
    assert names == ["train (seen)", "val (seen)", "test (unseen)"]
    shown = [names[code].split()[0] for code in by_split["codes"]]
    assert shown == outcome.collection.split.tolist()
    options = [t for around, t in page.texts if "option" in around and t.strip()]
    assert options[: len(page.data()["colourings"])] == [
        *("cluster", "digit", "parity", "strokes", "split")
    ]
    n = int((outcome.collection.split == "test").sum())
    mixed = page.within("#map-section", "mixed")
    assert f"mixes {300 - n} images seen in training with {n} unseen" in mixed
    alone = Page(apart_run / "report.html")
    assert not alone.within("mixed")
    assert [one["name"] for one in alone.data()["colourings"]][-1] != "split"


def test_splits_that_no_label_was_learned_from_are_only_named(tmp_path: Path) -> None:
    plain = outcome_of(scans(n=60), n_noise=0)
    path = tmp_path / "report.html"
    write_html(plain, path, figures=tmp_path / "none")
    page = Page(path)
    *_, by_split = page.data()["colourings"]
    assert [group["name"] for group in by_split["groups"]] == ["train", "val", "test"]
    assert not page.within("mixed")


def test_a_class_called_script_stays_text(weights: Path, tmp_path: Path) -> None:
    names = (HOSTILE, *DIGITS[1:8], '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}")
    made = fine_tuned(scans(names=names), weights, dropped=(names[8], names[9]), columns=("digit",))
    assert made.training is not None
    training = dataclasses.replace(
        made.training,
        stopped=HOSTILE,
        trainable=(HOSTILE,),
        notes=(HOSTILE,),
        facts={HOSTILE: {HOSTILE: HOSTILE}},
    )
    write(dataclasses.replace(made, training=training), tmp_path)
    source = Source((tmp_path / "report.html").read_text("utf-8"))
    assert len(source.scripts) == 3
    assert not [name for _, attrs in source.tags for name in attrs if name.startswith("on")]
    assert all(address.startswith("data:") for address in source.values("src"))
    section = Page(tmp_path / "report.html").within("#learned")
    assert section.count(HOSTILE) > 5
    assert "{{ 7 * 7 }}" in (tmp_path / "distribution.csv").read_text("utf-8")


def test_a_page_of_230_classes_shows_the_worst_and_the_best(weights: Path, tmp_path: Path) -> None:
    names = [f"class {k}" for k in range(230)]
    made = fine_tuned(scans(n=900, names=names), weights, dropped=names[200:], columns=("digit",))
    path = tmp_path / "report.html"
    write_html(made, path, figures=tmp_path / "none", max_thumbnails=0)
    page = Page(path)
    assert made.classification is not None
    table = made.classification.table
    f1 = table[(table["split"] == "test") & (table["metric"] == "f1") & (table["n"] > 0)]
    f1 = f1[f1["scope"] == "class"]
    section = page.within("#learned")
    taught = f1["class"].isin(made.predictions[0].classes)
    assert f"{(~taught).sum()} classes that the model was not taught have 0" in section
    f1 = f1[taught]
    assert f"The 10 worst of {len(f1)} classes" in section
    assert "The 10 best" in section
    cells = [t for around, t in page.texts if {"classes", "td"} <= set(around) and t.strip()]
    assert len(cells) == 20 * 6
    shown = [float(cell) for cell in cells[5::6]]
    ranked = sorted(f1["value"])
    np.testing.assert_allclose(shown, [*ranked[:10], *ranked[:-11:-1]], atol=5e-4)
    n = len(cards(page))
    assert 24 <= n <= 48
    assert path.stat().st_size < 12_000_000


def test_the_terminal_says_how_well_the_classes_are_named(outcome: Outcome) -> None:
    lines = summary(outcome, Path("runs/x")).splitlines()
    assert max(map(len, lines)) <= 80
    n = int((outcome.collection.split == "test").sum())
    head = next(row for row, line in enumerate(lines) if "by chance" in line)
    assert lines[head].split() == ["on", str(n), "test", "images", "score", "by", "chance"]
    assert outcome.classification is not None
    headline = outcome.classification.headline
    rows = {tuple(line.split()) for line in lines[head:]}
    assert ("accuracy", "digit", f"{headline['accuracy/digit']:.3f}") in rows
    assert ("macro", "F1", "strokes", f"{headline['macro_f1/strokes']:.3f}") in rows
    assert ("kept", "acc.", "digit", f"{headline['kept_accuracy/digit']:.3f}") in rows
    assert ("kept", "F1", "digit", f"{headline['kept_f1/digit']:.3f}") in rows
    assert not [row for row in rows if row[:2] == ("kept", "acc.") and row[2] == "strokes"]


def test_without_test_images_nothing_is_called_unseen(weights: Path, tmp_path: Path) -> None:
    images = scans()
    split = np.where(images.split == "test", "train", images.split)
    images = dataclasses.replace(images, split=split)
    made = fine_tuned(images, weights, scored="val")
    path = tmp_path / "report.html"
    write_html(made, path, figures=tmp_path / "none")
    page = Page(path)
    text = page.within("#learned")
    assert "none kept apart as test, so no score is on images that it has never seen" in text
    assert "which the model has not seen" not in page.within("body")
    assert "val chose the epoch all classes" in text
    assert "They are optimistic." in page.within("warnings")
    assert "Images that it has not seen" not in text


def test_predictions_of_some_images_stand_beside_their_own_labels(outcome: Outcome) -> None:
    said = outcome.predictions[0]
    some = dataclasses.replace(said, ids=said.ids[5:20], scores=said.scores[5:20])
    table = decided(outcome.collection, some)
    assert table["id"].tolist() == list(said.ids[5:20])
    assert table["true"].tolist() == outcome.collection.labels["digit"].tolist()[5:20]
