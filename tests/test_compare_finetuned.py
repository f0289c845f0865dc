"""Fine-tuned models in comparisons: the studies' table, and what must be known to read it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clusterlab.cli.compare import main
from clusterlab.errors import UsageError
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.render_html import render_html
from clusterlab.reports.compare.render_markdown import render_markdown
from clusterlab.reports.compare.render_text import render_text
from clusterlab.reports.compare.sweep import summarize_sweep
from tests.compare_runs import change_config, fine_tune, write_run

SCORED = ["accuracy", "macro_precision", "macro_recall", "kept_precision", "kept_recall"]
# Of five seeds: they come to 70.994, with a standard deviation of .729.
ACCURACIES = (0.7018, 0.7186, 0.7042, 0.7161, 0.7090)


def scores(accuracy: float, **others: float) -> dict[str, float]:
    """What metrics.json has of one label column."""
    found = dict(zip(SCORED, (accuracy, 0.58, 0.62, 0.714, 0.687), strict=True))
    return found | {"argmax_ari": 0.61} | others


def add(
    folder: Path,
    scored: Mapping[str, Mapping[str, float]],
    *,
    seed: int = 0,
    name: str = "vit_label",
    write: Mapping[str, Any] | None = None,
    **settings: Any,
) -> None:
    """A fine-tuned run. settings: of `fine_tune`."""
    write_run(folder, seed=seed, name=name, labels=("label", "parity"), **(write or {}))
    fine_tune(folder, scored, **settings)


def five(folder: Path, **settings: Any) -> None:
    """Five seeds of one configuration."""
    for seed, accuracy in enumerate(ACCURACIES):
        add(folder / str(seed), {"label": scores(accuracy)}, seed=seed, **settings)


def markdown(*folders: Path, **settings: Any) -> tuple[list[str], list[dict[str, str]]]:
    """The heads, and each row as head -> cell."""
    lines = render_markdown(compare(folders, **settings)).splitlines()
    heads, _, *rows = [cells(line) for line in lines if line.startswith("|")]
    assert all(len(row) == len(heads) for row in rows)
    assert len(set(heads)) == len(heads)
    return heads, [dict(zip(heads, row, strict=True)) for row in rows]


def cells(line: str) -> list[str]:
    return [cell.strip().replace("\\", "") for cell in line.strip("|").split(" | ")]


def test_markdown_is_the_table_of_the_study(tmp_path: Path) -> None:
    five(
        tmp_path,
        rebalance="museum_povo",
        learning_rate=2e-05,
        weight_decay=2e-06,
        class_weights="balanced",
        frozen=0.5,
    )
    heads, (row,) = markdown(tmp_path)
    assert heads[:8] == [
        *("model", "columns", "run", "lr", "weight decay", "frozen %", "weighted", "rebalanced")
    ]
    assert heads[8:] == [
        *("seeds", "accuracy %", "P", "R", "P kept", "R kept", "ARI", "argmax ARI", "clusters")
    ]
    settings = [row[head] for head in heads[:9]]
    assert settings == [
        *("vit", "label", "vit_label (supervised)", "2e-5", "2e-6", "50", "yes", "museum_povo", "5")
    ]
    mean, spread = statistics.mean(ACCURACIES), statistics.stdev(ACCURACIES)
    assert row["accuracy %"] == f"{100 * mean:.2f} ± {100 * spread:.2f}".replace(" 0.", " .")
    assert row["accuracy %"] == "70.99 ± .73"
    assert (row["P"], row["R kept"]) == (".58 ± .00", ".69 ± .00")
    aris = [
        json.loads((tmp_path / str(seed) / "metrics.json").read_text())["ari/label"]
        for seed in range(5)
    ]
    expected = f"{statistics.mean(aris):.3f} ± {statistics.stdev(aris):.3f}".replace("0.", ".")
    assert row["ARI"] == expected


def test_one_seed_has_no_spread(tmp_path: Path) -> None:
    add(tmp_path / "0", {"label": scores(1.0)})
    heads, (row,) = markdown(tmp_path)
    assert "seeds" not in heads
    assert (row["accuracy %"], row["P"], row["argmax ARI"]) == ("100.00", ".58", ".610")


@pytest.mark.parametrize(
    ("rebalance", "settings", "says"),
    [
        ("none", {}, "no"),
        ("balanced", {}, "balanced"),
        ("museum_povo", {"rebalance__apply": False}, "no"),
        ("none", {"rebalance__drop_below": 5}, "yes"),
        ("none", {"rebalance__drop_classes": {"kind": ["rare"]}}, "yes"),
        ("none", {"rebalance__minority_copies": "auto"}, "yes"),
        # It only says what is small: by itself it changes nothing.
        ("none", {"rebalance__threshold": 2}, "no"),
    ],
)
def test_a_row_says_whether_it_was_rebalanced(
    rebalance: str, settings: dict[str, Any], says: str, tmp_path: Path
) -> None:
    add(tmp_path / "0", {"label": scores(0.7)}, rebalance=rebalance, **settings)
    _, (row,) = markdown(tmp_path)
    assert row["rebalanced"] == says
    change_config(tmp_path / "0", finetune__rebalance=None)
    assert markdown(tmp_path)[1][0]["rebalanced"] == "no"


@pytest.mark.parametrize(
    ("option", "model", "says"),
    [
        ("vit", "google/vit-base-patch16-224-in21k", "vit"),
        ("timm", "resnet18", "resnet18"),
        ("transformers", "facebook/dinov2-base", "dinov2-base"),
        ("custom", None, "hog"),
    ],
)
def test_the_model_is_named_by_what_says_most(
    option: str, model: str | None, says: str, tmp_path: Path
) -> None:
    add(tmp_path / "0", {"label": scores(0.7)}, model=option)
    kind = {"vit": "transformers.Transformers", "custom": "hog.Hog"}.get(option, f"{option}.Model")
    target = f"clusterlab.extractors.{kind}"
    change_config(tmp_path / "0", extractor={"_target_": target, "model": model})
    assert markdown(tmp_path)[1][0]["model"] == says


def test_the_heads_of_one_model_stand_side_by_side(tmp_path: Path) -> None:
    for seed in range(2):
        both = {"label": scores(0.7 + seed / 100), "parity": scores(0.9)}
        for weights in ([0.5, 0.5], [0.7, 0.3]):
            folder = tmp_path / f"{weights[0]}_{seed}"
            add(folder, both, seed=seed, name="two", column_weights=weights)
    heads, rows = markdown(tmp_path)
    of_label = ["accuracy % label", "P label", "R label", "P kept label", "R kept label"]
    assert heads[heads.index("accuracy % label") :][:7] == [
        *of_label,
        "ARI label",
        "argmax ARI label",
    ]
    assert heads[heads.index("accuracy % parity") - 1] == "argmax ARI label"
    assert rows[0]["columns"] == "label, parity"
    assert rows[0]["accuracy % label"] == "70.50 ± .71"
    assert rows[0]["accuracy % parity"] == "90.00 ± .00"
    assert sorted(row["column_weights"] for row in rows) == ["0.5, 0.5", "0.7, 0.3"]


def test_models_of_different_columns_share_the_columns_of_scores(tmp_path: Path) -> None:
    add(tmp_path / "a", {"label": scores(0.7)}, name="a_label")
    add(tmp_path / "b", {"parity": scores(0.9)}, name="b_parity")
    heads, rows = markdown(tmp_path)
    assert [row["columns"] for row in rows] == ["label", "parity"]
    assert [row["accuracy %"] for row in rows] == ["70.00", "90.00"]
    metrics = [json.loads((tmp_path / one / "metrics.json").read_text()) for one in "ab"]
    expected = [metrics[0]["ari/label"], metrics[1]["ari/parity"]]
    assert [row["ARI"] for row in rows] == [f"{one:.3f}".replace("0.", ".") for one in expected]
    assert expected[0] != expected[1], "else the test would say nothing"
    assert not [head for head in heads if "label" in head or "parity" in head]
    comparison = compare([tmp_path])
    assert (comparison.metric, comparison.ranked) == (None, False)

    both = {"label": scores(0.71), "parity": scores(0.88)}
    add(tmp_path / "c", both, name="c_both")
    heads, rows = markdown(tmp_path)
    assert [row["accuracy % column 1"] for row in rows] == ["70.00", "90.00", "71.00"]
    assert [row["accuracy % column 2"] for row in rows] == ["", "", "88.00"]
    # What was asked for by name is a column by name.
    heads, rows = markdown(tmp_path, metric="accuracy/parity")
    assert [row["accuracy % parity"] for row in rows] == ["90.00", "88.00", ""]
    assert [row["accuracy % column 1"] for row in rows] == ["90.00", "71.00", "70.00"]


def test_a_row_without_fine_tuning_has_empty_cells(tmp_path: Path) -> None:
    add(tmp_path / "tuned", {"label": scores(0.7)}, name="tuned")
    write_run(tmp_path / "plain", name="plain", k=8, extractor="hog")
    heads, rows = markdown(tmp_path)
    plain = next(row for row in rows if row["run"] == "plain")
    assert (plain["model"], plain["clusters"]) == ("hog", "8")
    assert plain["ARI"].startswith(".")
    empty = ["columns", "lr", "weight decay", "frozen %", "weighted", "rebalanced", "accuracy %"]
    assert [plain[head] for head in empty] == [""] * len(empty)
    assert "images" not in heads
    text = " ".join(render_text(compare([tmp_path]), width=80).split())
    assert "Fine-tuned: model vit, columns label, lr 1e-4" in text


def test_what_else_sets_rows_of_one_name_apart_is_a_column(tmp_path: Path) -> None:
    for number, dropout in enumerate((0.0, 0.1, 0.3)):
        add(tmp_path / str(number), {"label": scores(0.7)}, dropout=dropout)
    add(tmp_path / "3", {"label": scores(0.7)}, name="other", dropout=0.5, batch_size=64)
    heads, rows = markdown(tmp_path)
    assert "batch_size" not in heads, "another name says that"
    assert sorted(row["dropout"] for row in rows) == ["", "0.0", "0.1", "0.3"]


def test_the_option_of_a_group_within_a_stage_stands_for_its_settings(tmp_path: Path) -> None:
    add(tmp_path / "0", {"label": scores(0.6)})
    add(tmp_path / "1", {"label": scores(0.7)}, rebalance="balanced")
    comparison = compare([tmp_path])
    assert comparison.table["rebalance"].tolist() == ["balanced", "none"]
    assert {row.title for row in comparison.rows} == {"rebalance none", "rebalance balanced"}
    moved = render_markdown(comparison).partition("What moved")[2]
    assert "finetune/rebalance: none -" in moved
    assert "undersample" not in moved
    add(tmp_path / "2", {"label": scores(0.8)}, rebalance="balanced", rebalance__undersample=1.0)
    write_run(tmp_path / "3", name="vit_label", extractor="vit")
    titles = {row.runs[0].folder.name: row.title for row in compare([tmp_path]).rows}
    assert titles == {
        "0": "finetune classifier, rebalance none",
        "1": "finetune classifier, rebalance balanced, rebalance.undersample 1.5",
        "2": "finetune classifier, rebalance balanced, rebalance.undersample 1.0",
        "3": "finetune none",
    }


def test_a_table_without_fine_tuning_is_as_it_was(tmp_path: Path) -> None:
    for k in (8, 10):
        write_run(tmp_path / str(k), k=k)
    text = render_markdown(compare([tmp_path]))
    assert "| clusterer n\\_clusters | ARI | AMI | purity | clusters | noise | silhouette " in text
    row = next(line for line in text.splitlines() if line.startswith("| 10 |"))
    assert cells(row)[1:3] == [f"{value:.3f}" for value in compared(tmp_path / "10")]


def compared(folder: Path) -> list[float]:
    metrics = json.loads((folder / "metrics.json").read_text())
    return [metrics["ari/label"], metrics["ami/label"]]


def test_a_run_from_before_fine_tuning_pools_with_one_from_now(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(tmp_path / str(seed), seed=seed)
    none = {"_target_": "clusterlab.finetune.none.NoFinetuning"}
    change_config(tmp_path / "1", finetune=none, clustered_split="all", scored_split="auto")
    path = tmp_path / "1" / "environment.json"
    now = json.loads(path.read_text())
    now["choices"]["finetune"] = "none"
    path.write_text(json.dumps(now))
    assert compare([tmp_path]).table["n_seeds"].tolist() == [2]
    write_run(tmp_path / "2", k=8)
    assert "finetune" not in compare([tmp_path]).table


@pytest.mark.parametrize("width", [60, 80, 130, 240])
@pytest.mark.parametrize("all_metrics", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, all_metrics: bool, tmp_path: Path) -> None:
    five(tmp_path / "povo", learning_rate=2e-05)
    five(tmp_path / "long", name="vit_label_of_a_longer_name", frozen=0.8)
    write_run(tmp_path / "plain", name="plain", k=8)
    text = render_text(compare([tmp_path]), all_metrics=all_metrics, width=width)
    assert max(map(len, text.splitlines())) <= width
    for word in ("0.710", "±0.007", "vit_label_of_a_longer_name", "supervised", "ARI"):
        assert word in text
    whole = all_metrics or width == 240
    assert whole == ("2e-5" in text)
    assert whole == ("No room for" not in text)
    # What a wider table has is said in a sentence: what all have, and what there is no room for.
    words = " ".join(text.split())
    assert whole or "Fine-tuned: model vit, columns label, weight decay 0, weighted no" in words
    assert whole or "No room for lr, frozen %" in words


def test_html_has_the_same_columns(tmp_path: Path) -> None:
    five(tmp_path)
    page = render_html(compare([tmp_path]), title="x", beside=tmp_path)
    heads = [part.split("</th>")[0].split(">")[-1] for part in page.split("<th ")[1:]]
    assert heads[:9] == [
        *("model", "columns", "run", "lr", "weight decay", "frozen %", "weighted", "rebalanced"),
        "accuracy",
    ]
    assert '<span class="value">0.710</span> <span class="aside">±0.007</span>' in page


def test_a_sweep_over_seeds_sums_up_the_scores_of_the_model(tmp_path: Path) -> None:
    five(tmp_path)
    text = summarize_sweep(tmp_path)
    (row,) = pd.read_csv(tmp_path / "summary.csv").to_dict(orient="records")
    assert row["accuracy/label"] == pytest.approx(statistics.mean(ACCURACIES))
    assert row["accuracy/label std"] == pytest.approx(statistics.stdev(ACCURACIES))
    assert row["kept_recall/label"] == pytest.approx(0.687)
    assert "0.710" in text
    assert "±0.007" in text
    assert "0.710" in (tmp_path / "summary.html").read_text(encoding="utf-8")


def warnings(folder: Path) -> Sequence[str]:
    return compare([folder]).warnings


def test_seeds_that_draw_their_own_test_images_are_said_once(tmp_path: Path) -> None:
    for name in ("first", "second"):
        for seed in range(2):
            images = slice(60 * seed, 60 * seed + 60)
            add(
                tmp_path / f"{name}{seed}",
                {"label": scores(0.7)},
                seed=seed,
                name=name,
                test=images,
            )
    drawn, supervised = warnings(tmp_path)
    assert drawn == (
        "The seeds of first; second were scored on different images: ± holds the choice of images "
        "too."
    )
    assert supervised == (
        "Supervised: the features of first; second were learned from the labels of column 'label', "
        "but of other images than they are scored on (split test)."
    )


@pytest.mark.parametrize(
    ("seen_splits", "says"),
    [
        (("train", "val"), "but of other images than they are scored on (split test)."),
        (("train", "test"), "also of images that they are scored on (split test): the scores are"),
        ((), "were made with the labels of columns 'label' and 'parity' that they are scored on."),
    ],
)
def test_how_a_row_is_supervised(seen_splits: tuple[str, ...], says: str, tmp_path: Path) -> None:
    both = {"label": scores(0.7), "parity": scores(0.9)}
    add(tmp_path / "0", both, seen_splits=seen_splits)
    (supervised,) = warnings(tmp_path)
    assert says in supervised
    assert "columns 'label' and 'parity'" in supervised
    caveats = compare([tmp_path]).table["caveats"].item()
    of = " of train and val images" if seen_splits == ("train", "val") else ""
    assert f"supervised by label{of}" in caveats


def test_a_row_that_was_scored_on_all_images_is_told_how_to_compare(tmp_path: Path) -> None:
    add(tmp_path / "tuned", {"label": scores(0.7)}, name="tuned")
    write_run(tmp_path / "plain", name="plain")
    comparison = compare([tmp_path])
    assert not comparison.ranked
    different = comparison.warnings[0]
    assert "plain on 240 images (split all)" in different
    assert "tuned on 60 images (split test)" in different
    assert "is scored on the same images as one that did with scored_split=test" in different
    # The same images, and the splits that they came from, as scored_split=test leaves them.
    write_run(tmp_path / "alike", name="alike", k=8)
    fine_tune(tmp_path / "alike", {}, seen_splits=())
    pair = compare([tmp_path / "tuned", tmp_path / "alike"])
    assert pair.ranked
    assert not [warning for warning in pair.warnings if "different images" in warning]


def test_ranked_by_what_the_model_learned(tmp_path: Path) -> None:
    for number, accuracy in enumerate((0.6, 0.9, 0.7)):
        add(tmp_path / str(number), {"parity": scores(accuracy)}, dropout=accuracy)
    comparison = compare([tmp_path])
    assert comparison.metric == "ari/parity", "the first label column is not what it learned"
    by_accuracy = compare([tmp_path], metric="accuracy")
    assert by_accuracy.table["accuracy/parity"].tolist() == [0.9, 0.7, 0.6]
    assert by_accuracy.ranked
    with pytest.raises(UsageError, match=r"Did you mean 'kept_recall/parity'\?"):
        compare([tmp_path], metric="kept_recal/parity")


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    five(tmp_path)
    assert main([str(tmp_path), "--format", "markdown"]) == 0
    assert "| 70.99 ± .73 |" in capsys.readouterr().out
    assert main([str(tmp_path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["accuracy/label"] == pytest.approx(statistics.mean(ACCURACIES))
    assert row["supervised"] == "label"


def test_the_accuracy_over_the_kept_classes_stands_beside_their_precision(tmp_path: Path) -> None:
    add(tmp_path / "run", {"label": {**scores(0.6), "kept_accuracy": 0.7099}}, seed=0)
    heads, (row,) = markdown(tmp_path)
    assert heads.index("accuracy kept %") + 1 == heads.index("P kept")
    assert row["accuracy kept %"] == "70.99"
