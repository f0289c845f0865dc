"""Runs whose labels a model made, or whose stability was asked for, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from clusterlab.reports.compare.leaderboard import Comparison, compare
from clusterlab.reports.compare.render_data import render_csv
from clusterlab.reports.compare.render_html import render_html
from clusterlab.reports.compare.render_markdown import render_markdown
from clusterlab.reports.compare.render_text import render_text
from tests.compare_runs import write_run

PROMPT = "Which of these does the picture show?\nAnswer with {}.\n"


def labelled(folder: Path, *, n_invalid: int = 3, taxonomy: str = "two", **labeler: object) -> None:
    """A run whose column "parity" was made by a labeler called server."""
    write_run(folder, labels=("label", "parity"))
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics |= {
        "n_invalid/parity": n_invalid,
        "coverage/parity": 1 - n_invalid / 240,
        "semantic_homogeneity/parity": metrics["purity/parity"],
        "semantic_q/parity": metrics["purity/parity"] / 1e-6,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    rows = {"label": "parity", "noise": ["with", "without"], "chance": [0.375, 0.25]}
    pd.DataFrame(rows).to_csv(folder / "homogeneity_summary.csv", index=False)
    categories = ["even", "odd", taxonomy]
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["taxonomy"] = {"name": taxonomy, "categories": categories, "parents": {}}
    server = {"_target_": "clusterlab.labelers.server.Server", "categories": categories}
    config["labeler"] = {"server": server | labeler}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    environment = json.loads((folder / "environment.json").read_text())
    environment["choices"] |= {"labeler": "server", "taxonomy": taxonomy}
    (folder / "environment.json").write_text(json.dumps(environment))


def formats(comparison: Comparison) -> dict[str, str]:
    return {
        "text": " ".join(render_text(comparison).split()),
        "wide": " ".join(render_text(comparison, width=200).split()),
        "markdown": render_markdown(comparison),
        "html": render_html(comparison, title="t", beside=Path()),
    }


def test_scores_against_synthetic_labels_say_so_in_every_format(tmp_path: Path) -> None:
    labelled(tmp_path / "a")
    labelled(tmp_path / "b", n_invalid=9, temperature=1.0)
    for name, text in formats(compare([tmp_path], metric="ari/parity")).items():
        assert "Synthetic: a model made the labels of parity, no person." in text, name
        assert "ynthetic: a model made the labels of label" not in text, name
    comparison = compare([tmp_path], metric="ari/label")
    head = render_markdown(comparison).split("|\n|--")[0]
    assert "ARI label |" in head
    assert "ARI label synthetic" not in head
    assert "semantic homogeneity parity synthetic" in head
    assert "ARI parity synthetic" in render_markdown(comparison, all_metrics=True)
    moved = render_markdown(compare([tmp_path], metric="coverage/parity"))
    assert "- coverage/parity (synthetic): 0.988 -\\> 0.963" in moved
    assert "labels of parity are synthetic" in render_csv(comparison)


def test_labels_that_people_made_are_told_from_those_of_another_run(tmp_path: Path) -> None:
    labelled(tmp_path / "a")
    write_run(tmp_path / "b", labels=("parity",), k=4)
    write_run(tmp_path / "c", labels=("parity",), k=5)
    comparison = compare([tmp_path], metric="ari/parity")
    (made,) = [row.title for row in comparison.rows if row.synthetic]
    text = " ".join(render_text(comparison).split())
    assert f"a model made the labels of parity in {made}, no person" in text
    people = compare([tmp_path / "b", tmp_path / "c"])
    assert not [name for name, text in formats(people).items() if "ynthetic" in text]
    assert "synthetic" not in render_csv(people)


def test_the_semantic_homogeneity_has_its_chance_level_and_q_no_million(tmp_path: Path) -> None:
    labelled(tmp_path / "a")
    labelled(tmp_path / "b", n_invalid=9, temperature=1.0)
    comparison = compare([tmp_path])
    value = comparison.table["semantic_homogeneity/parity"][0]
    assert f"{value:.3f} (0.375)" in render_markdown(comparison)
    assert comparison.table["semantic_homogeneity/parity chance"].tolist() == [0.375] * 2
    assert ">1,000" in render_text(comparison, all_metrics=True, width=300)
    assert comparison.table["semantic_q/parity"][0] > 1e5, "tables for programs keep the number"


@pytest.mark.parametrize("same", [True, False])
def test_a_sweep_over_prompts_shows_the_prompt_and_what_it_changes(
    tmp_path: Path, same: bool
) -> None:
    labelled(tmp_path / "a", prompt=PROMPT.format("one"))
    labelled(tmp_path / "b", prompt=PROMPT.format("a word"), n_invalid=3 if same else 9)
    comparison = compare([tmp_path])
    assert {"coverage/parity", "semantic_homogeneity/parity"} < set(comparison.metrics)
    assert set(comparison.table["prompt"]) == {PROMPT.format("one"), PROMPT.format("a word")}
    text = render_markdown(comparison).split("What moved")[0]
    assert "picture show? Answer with one. |" in text
    assert "picture show? Answer with a word. |" in text


def test_the_taxonomy_stands_for_its_categories(tmp_path: Path) -> None:
    labelled(tmp_path / "a")
    labelled(tmp_path / "b", taxonomy="three")
    settings = [row.settings for row in compare([tmp_path]).rows]
    assert sorted(map(dict, settings), key=str) == [{"taxonomy": "three"}, {"taxonomy": "two"}]
    labelled(tmp_path / "c", categories=["its", "own"])
    own = compare([tmp_path]).table
    assert "its, own" in set(own["categories"])


def test_the_stability_is_shown_where_it_was_asked_for(tmp_path: Path) -> None:
    for times in (0, 5):
        folder = tmp_path / str(times)
        write_run(folder)
        config = yaml.safe_load((folder / "config.yaml").read_text())
        config["evaluator"] = {"_target_": "a.B", "stability": times}
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        if times:
            metrics = json.loads((folder / "metrics.json").read_text())
            metrics |= {"stability_bootstrap/reduced": 0.841, "stability_seeds/reduced": 0.9}
            (folder / "metrics.json").write_text(json.dumps(metrics))
    comparison = compare([tmp_path])
    assert sorted(comparison.table["stability"]) == ["0", "5"]
    assert "stability bootstrap reduced" in render_markdown(comparison)
    assert "0.841" in render_text(comparison)
    assert "stability_seeds/reduced" not in comparison.metrics
    assert "stability_bootstrap/reduced" not in compare([tmp_path / "0"]).metrics
