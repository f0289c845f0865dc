"""What a search must not do: mix two truths, lose its report, fill the memory, pass for a run."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import clusterlab
from clusterlab.cli.main import main
from clusterlab.config.again import write_again
from clusterlab.errors import ConfigError, OutputError
from clusterlab.searching import Range
from clusterlab.tuning.propose import grid_size
from tests.runs import pictures
from tests.tuned import SMALL, tune

NUMBERS = "search.space.clusterer.n_clusters={low: 3, high: 6}"
FEW = ["search.sampler=random", "search.n_best=0", NUMBERS]


def table(folder: Path, *, shift: int) -> Path:
    """A table of 24 pictures in two classes, which `shift` moves by so many rows."""
    files = sorted(pictures(folder / "pictures", 24).rglob("*.png"))
    path = folder / "labels.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["image", "label"])
        for row, file in enumerate(files):
            label = "ab"[(row + shift) // 12 % 2]
            rows.writerow([file.relative_to(folder).as_posix(), label])
    return path


def test_a_search_does_not_go_on_with_other_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for word in SMALL if not word.startswith("dataset.")]
    path = table(tmp_path, shift=0)
    chosen = ["dataset=table", f"dataset.path={path}", "dataset.label_columns=[label]"]
    words = [*words, *chosen, "dataset.image_column=image", *FEW, "search.objective=ari"]
    folder = tmp_path / "search"
    clusterlab.tune(overrides=[*words, "search.n_trials=2"], folder=folder)
    table(tmp_path, shift=5)
    before = (folder / "config.yaml").read_bytes()
    assert main(["tune", "--resume", str(folder), "search.n_trials=4"]) == 1
    assert "cannot go on: the labels changed since it began" in capsys.readouterr().err
    assert (folder / "config.yaml").read_bytes() == before
    assert (folder / "trials.csv").read_text().count("\n") == 3


def test_a_search_is_not_run_again_as_if_it_were_a_run(tmp_path: Path) -> None:
    found = tune(tmp_path / "search", *FEW, "search.n_trials=1")
    with pytest.raises(ConfigError, match="is a search, not a run") as told:
        write_again(found.folder, tmp_path)
    assert f"--again {found.folder / 'best' / '1'}" in str(told.value)


def test_a_wide_range_is_counted_and_not_written_out() -> None:
    wide = {"a": Range(low=0, high=10**12, integer=True), "b": Range(choices=("x", "y"))}
    assert grid_size(wide) == 2 * (10**12 + 1)
    assert grid_size({"a": Range(low=0, high=1)}) == float("inf")


def test_what_was_found_is_reported_before_the_best_are_run(tmp_path: Path) -> None:
    folder = tmp_path / "search"
    folder.mkdir()
    (folder / "best").write_text("in the way")
    with pytest.raises(OutputError):
        tune(folder, "search.sampler=random", NUMBERS, "search.n_trials=2")
    assert (folder / "trials.csv").read_text().count("\n") == 3
    assert (folder / "report.html").stat().st_size > 10_000
