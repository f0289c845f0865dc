"""Runs that did not finish: which, with what settings, and why, in few lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from clusterlab.cli.compare import main
from clusterlab.errors import DataError
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.sweep import FailedJob, summarize_sweep
from tests.compare_runs import write_run, write_unfinished
from tests.runs import SMOKE, here

NO_WEIGHTS = "The weights of model 'blip' are not in the local cache. " + "Fetch them first. " * 20


def config_of(folder: Path, **changes: Any) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    return {**config, **changes}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Pixels finished, BLIP failed, each with two seeds."""
    sweep = tmp_path / "runs" / "digits" / "2025"
    blip = {"_target_": "clusterlab.extractors.blip.ImageToText", "num_beams": 1}
    for seed in (0, 1):
        write_run(sweep / str(seed), seed=seed)
        config = config_of(sweep / str(seed), extractor=blip)
        write_unfinished(sweep / str(seed + 2), stage="extract", message=NO_WEIGHTS, config=config)
    (sweep / "multirun.yaml").write_text("hydra: {}")
    return sweep


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    assert main(list(words)) == 0
    out, err = capsys.readouterr()
    return out, err


def test_a_folder_full_of_runs_counts_them_in_one_line(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = shown(capsys, str(sweep))
    assert err == "2 runs did not finish and are left out (--unfinished lists them, with reasons)\n"
    assert len(err.strip()) <= 80


def test_runs_named_one_by_one_keep_a_line_each(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = shown(capsys, *(str(sweep / str(number)) for number in range(4)))
    lines = err.splitlines()
    assert [str(sweep / "2") in lines[0], str(sweep / "3") in lines[1]] == [True, True]
    assert len(lines) == 2
    assert all("failed, stage extract: The weights of model" in line for line in lines)


def test_unfinished_says_each_reason_once_with_its_runs(
    sweep: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, err = shown(capsys, str(sweep), "--unfinished")
    text = " ".join(err.split())
    assert text.count("The weights of model 'blip'") == 1
    assert "…" in text
    for seed in (0, 1):
        assert f"{sweep / str(seed + 2)}: extractor=blip seed={seed}" in text
    assert "num_beams" not in text, "it comes with the extractor"
    said = text[: text.index(str(sweep))]
    assert len(said) <= 220


def test_a_damaged_run_is_named_wherever_it_lies(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(sweep / "4", k=8)
    (sweep / "4" / "assignments.csv").unlink()
    _, err = shown(capsys, str(sweep))
    assert f"Left out: {sweep / '4'} (assignments.csv cannot be read" in err
    assert "2 runs did not finish" in err


def test_among_single_runs_only_what_is_unusual_is_said(tmp_path: Path) -> None:
    for number, k in enumerate((8, 9, 10)):
        write_run(tmp_path / str(number), k=k)
        path = tmp_path / str(number) / "config.yaml"
        path.write_text(yaml.safe_dump(config_of(path.parent, device="cpu")))
    config = config_of(tmp_path / "0", device="gpu")
    write_unfinished(tmp_path / "3", stage="start", message="Unknown device 'gpu'.", config=config)
    (one,) = compare([tmp_path]).left_out
    assert one.settings == "device=gpu"


def test_json_holds_settings_and_the_whole_message(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = shown(capsys, str(sweep), "--json")
    first = json.loads(out)["left_out"][0]
    assert first["message"] == NO_WEIGHTS
    assert first["settings"] == "extractor=blip seed=0"


def test_where_none_finished_a_reason_is_given_once(tmp_path: Path) -> None:
    for number in range(9):
        write_unfinished(tmp_path / str(number), message="The disk is full.")
    with pytest.raises(
        DataError, match=r"and 6 more \(failed, stage reduce: The disk is full"
    ) as e:
        compare([tmp_path])
    assert str(e.value).count("disk is full") == 1


def test_a_sweep_s_summary_says_which_settings_failed_and_why(sweep: Path) -> None:
    jobs = [FailedJob(sweep / "2", "extractor=blip seed=0", NO_WEIGHTS)]
    jobs.append(FailedJob(sweep / "9", "extractor=mine seed=0", "extractor has no _target_"))
    text = " ".join(summarize_sweep(sweep, jobs).split())
    assert text.count("The weights of model 'blip'") == 1
    assert "2: extractor=blip seed=0 3: extractor=blip seed=1" in text
    assert "Left out: never started: extractor has no _target_ 9: extractor=mine seed=0" in text
    page = (sweep / "summary.html").read_text(encoding="utf-8")
    assert "2 finished runs in 1 row, 3 left out." in page
    assert "<li>2: extractor=blip seed=0</li>" in page
    assert page.count("The weights of model") == 1
    table = pd.read_csv(sweep / "unfinished.csv")
    assert table["message"].tolist() == [NO_WEIGHTS, NO_WEIGHTS, "extractor has no _target_"]
    assert table["settings"][0] == "extractor=blip seed=0"
    assert len(compare(sorted(sweep.iterdir())).table) == 1, "the table beside runs is no run"


def test_a_sweep_names_each_run_before_its_progress(tmp_path: Path) -> None:
    words = ["view=none", "clusterer.n_clusters=5,500", "seed=0,1", "name=mine"]
    done = here("run", "-m", *SMOKE, *words, folder=tmp_path)
    heads = [line for line in done.stderr.splitlines() if re.match(r"\[\d\]", line)]
    assert heads == [
        f"[{number}] clusterer.n_clusters={k} seed={seed}"
        for number, (k, seed) in enumerate((k, seed) for k in (5, 500) for seed in (0, 1))
    ]
    lines = done.stderr.splitlines()
    assert lines[0] == heads[0]
    assert lines[1].startswith("load")
    assert "2: clusterer.n_clusters=500 seed=0" in done.stdout
    assert done.stdout.count("there are only 100 images") == 1
    single = here("run", *SMOKE, "view=none", folder=tmp_path)
    assert not re.search(r"^\[", single.stderr, re.M)
