"""Marks and models in comparisons: a mark stands beside its run's name, and only there."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml

from clusterlab.cli.compare import main
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.sweep import summarize_sweep
from tests.compare_runs import write_run

MARK = "random weights"


class Rows(HTMLParser):
    """The text of each table row, and of the whole page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.text = ""
        self._closed = True
        self.feed(source)

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append("")
            self._closed = False

    def handle_endtag(self, tag: str) -> None:
        self._closed = self._closed or tag == "tr"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.rows and not self._closed:
            self.rows[-1] += data


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "untrained", name="untrained", extractor="vit", marks=(MARK,), k=8)
    write_run(folder / "trained", name="trained", extractor="vit")
    return folder


def shown(runs: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([str(runs / "trained"), str(runs / "untrained"), *words]) == 0
    return str(capsys.readouterr().out)


def test_the_terminal_table_names_it_beside_its_run(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(runs, capsys)
    names = [line[: len(MARK) + 2].strip() for line in text.split("Sorted by")[0].splitlines()]
    assert names[names.index("untrained") + 1] == f"({MARK})"
    assert names.count(f"({MARK})") == 1
    assert "a model was never trained" in text
    assert "Rows: untrained." in " ".join(text.split())
    assert f"trained to {runs / 'untrained'} ({MARK})" in " ".join(text.split())


def test_markdown_and_html_name_it_in_the_run_s_row(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(runs, capsys, "--format", "markdown")
    rows = [line for line in text.splitlines() if line.startswith(("| trained", "| untrained"))]
    assert [f"({MARK})" in row for row in rows] == [False, True]
    page = Rows(shown(runs, capsys, "--format", "html"))
    rows = [row for row in page.rows if row.lstrip().startswith(("trained", "untrained"))]
    assert [MARK in row for row in rows] == [False, True] * 2
    moved = " ".join(page.text.split("What moved")[1].split())
    assert re.match(rf"From \S*trained to \S*untrained {MARK}\.", moved)


def test_programs_find_it_in_a_column(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.read_csv(
        io.StringIO(shown(runs, capsys, "--format", "csv")), keep_default_na=False
    ).set_index("run")
    assert table["marks"].to_dict() == {"untrained": MARK, "trained": ""}
    assert MARK in table.loc["untrained", "caveats"]
    assert MARK not in table.loc["trained", "caveats"]
    content = json.loads(shown(runs, capsys, "--json"))
    assert {row["run"]: row["marks"] for row in content["rows"]} == table["marks"].to_dict()
    assert (content["moved"]["first_marks"], content["moved"]["second_marks"]) == ([], [MARK])


def test_the_marks_of_a_table_are_no_label(runs: Path) -> None:
    comparison = compare([runs])
    assert {tuple(run.labels) for row in comparison.rows for run in row.runs} == {("label",)}
    assert comparison.moved is not None
    assert comparison.moved.label == "label"
    assert comparison.ranked


def test_a_label_column_called_marks_stays_one_in_an_unmarked_run(tmp_path: Path) -> None:
    write_run(tmp_path / "0")
    path = tmp_path / "0" / "assignments.csv"
    table = pd.read_csv(path, dtype=str)
    table.rename(columns={"label": "marks"}).to_csv(path, index=False)
    (row,) = compare([tmp_path]).rows
    assert list(row.runs[0].labels) == ["marks"]


def test_seeds_of_a_marked_run_pool_and_keep_the_mark(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(tmp_path / str(seed), seed=seed, marks=(MARK, "mine"), seen_labels=("label",))
    text = summarize_sweep(tmp_path)
    assert f"({MARK}" in text
    assert "mine" in text
    table = pd.read_csv(tmp_path / "summary.csv")
    assert table["n_seeds"].tolist() == [2]
    assert table["marks"].tolist() == [f"{MARK}|mine"]
    page = Rows((tmp_path / "summary.html").read_text("utf-8"))
    assert f"{MARK}, mine, supervised" in page.rows[1]


def test_a_run_from_before_there_were_models_pools_with_one_from_now(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(tmp_path / str(seed), seed=seed)
    path = tmp_path / "1" / "config.yaml"
    now = {"device": "auto", "precision": "auto", "compile": False, "backend": "torch"}
    config = yaml.safe_load(path.read_text()) | now | {"weights_dir": "../weights"}
    path.write_text(yaml.safe_dump(config))
    assert compare([tmp_path]).table["n_seeds"].tolist() == [2]
    path.write_text(yaml.safe_dump(config | {"precision": "fp32"}))
    comparison = compare([tmp_path])
    assert sorted(comparison.table["precision"]) == ["auto", "fp32"]
    assert comparison.warnings == ()


def test_a_leaking_ceiling_is_told_from_an_honest_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaks = ("ceiling of label: scaler fitted on test images", "ceiling of kind: a: circular")
    for name, marks in (("honest", ()), ("leaking", leaks)):
        write_run(tmp_path / name, name=name, k=8 if marks else 10)
        path = tmp_path / name / "metrics.json"
        own = {"ceiling_accuracy/label": 0.9} | ({"marks": list(marks)} if marks else {})
        path.write_text(json.dumps(json.loads(path.read_text()) | own))
    assert main([str(tmp_path), "--format", "csv"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out), keep_default_na=False)
    assert dict(zip(table["run"], table["marks"], strict=True)) == {
        "honest": "",
        "leaking": "|".join(leaks),
    }
    said = " ".join(compare([tmp_path]).warnings)
    assert "scaler and PCA of the classifier have met the images that it is tested with" in said
    assert "Ceiling of kind: a: circular: the macro-categories were made of the same feat" in said
    assert said.count("Rows: leaking.") == 2


def test_damaged_marks_are_said(tmp_path: Path) -> None:
    write_run(tmp_path / "good")
    write_run(tmp_path / "bad", k=8)
    path = tmp_path / "bad" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"marks": "random"}))
    (left_out,) = compare([tmp_path]).left_out
    assert "no list of marks, but 'random'" in left_out.reason
