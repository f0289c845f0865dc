"""Fine-tuning from outside: a sweep over seeds, its summary, its tables in Python, what is kept."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from clusterlab.api import read
from clusterlab.cli.main import main
from tests.compare_runs import write_run
from tests.runs import here

TINY = [
    *("dataset.sample_per_class=10", "dataset.split={train: .6, val: .2, test: .2}"),
    *("extractor=cnn", "extractor.size=16", "extractor.filters=[4,8]", "extractor.dropout=[0,0]"),
    *("extractor.embedding=16", "reducer=none", "view=none", "clusterer.n_init=1"),
    *("finetune=classifier", "finetune/rebalance=balanced", "finetune.epochs=2"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sweep`, two seeds of a model that was trained in it."""
    folder = tmp_path_factory.mktemp("place")
    done = here("run", "-m", "seed=0,1", *TINY, "hydra.sweep.dir=sweep", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "balanced" in done.stdout
    assert "accuracy" in done.stdout
    return folder


def metrics(place: Path) -> list[dict[str, float]]:
    return [
        json.loads((place / "sweep" / str(seed) / "metrics.json").read_text()) for seed in (0, 1)
    ]


def test_the_summary_of_a_sweep_has_means_and_spreads(place: Path) -> None:
    (row,) = pd.read_csv(place / "sweep" / "summary.csv").to_dict(orient="records")
    for key in ("accuracy/label", "macro_recall/label", "argmax_ari/label", "ari/label"):
        values = [one[key] for one in metrics(place)]
        assert row[key] == pytest.approx(statistics.mean(values))
        assert row[f"{key} std"] == pytest.approx(statistics.stdev(values))
    page = (place / "sweep" / "summary.html").read_text(encoding="utf-8")
    accuracy = statistics.mean(one["accuracy/label"] for one in metrics(place))
    assert f'<span class="value">{accuracy:.3f}</span>' in page


def test_compare_prints_the_row_of_the_study(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["compare", str(place / "sweep"), "--format", "markdown"]) == 0
    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if line.startswith("| cnn"))
    values = [100 * one["accuracy/label"] for one in metrics(place)]
    spread = f"{statistics.stdev(values):.2f}".removeprefix("0")
    assert row.startswith("| cnn | label | digits (supervised) | 1e-4 | 0 | 0 | no | balanced | 2 ")
    assert f"| {statistics.mean(values):.2f} ± {spread} |" in row
    assert "The seeds of digits were scored on different images" in said
    assert "but of other images than they are scored on (split test)" in said
    monkeypatch.chdir(place)
    assert main(["compare", "sweep", "--all"]) == 0
    table = capsys.readouterr().out
    assert max(map(len, table.splitlines())) <= 80
    assert "rebalanced" in table


def test_python_reads_what_the_model_says(place: Path) -> None:
    result = read(place / "sweep" / "0")
    assert result.predictions is not None
    assert result.classification is not None
    assert result.training is not None
    said = result.predictions
    assert said["id"].str.startswith("digit-").all()
    assert {*said["true"]} == set("0123456789"), "labels stay text"
    assert (said["correct"] == (said["true"] == said["predicted"])).all()
    test = said[said["split"] == "test"]
    assert test["correct"].mean() == pytest.approx(result.metrics["accuracy/label"])
    assert test["confidence"].between(0, 1).all()
    table = result.classification.set_index(["split", "scope", "metric"])["value"]
    assert table["test", "all", "accuracy"] == result.metrics["accuracy/label"]
    assert result.training["epoch"].tolist() == [1, 2]
    assert result.training["val_loss"].gt(0).all()


def test_python_finds_no_such_tables_where_nothing_was_trained(tmp_path: Path) -> None:
    write_run(tmp_path / "0")
    columns = "id,path,stage,error,message"
    (tmp_path / "0" / "failures.csv").write_text(f"{columns}\n")
    (tmp_path / "0" / "clusters.csv").write_text("cluster,size,medoid\n0,3,0007\n")
    result = read(tmp_path / "0")
    assert (result.classification, result.predictions, result.training) == (None, None, None)
    assert result.clusters["medoid"].tolist() == ["0007"]


def test_doctor_shows_and_prunes_what_is_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = place / "cache"
    monkeypatch.setenv("CLUSTERLAB_CACHE", str(cache))

    def kept() -> dict[str, float]:
        found: dict[str, float] = json.loads(capsys.readouterr().out)["finetuned"]
        return found

    assert main(["doctor", "--prune", "1", "--json"]) == 0
    found = kept()
    files = [file for file in (cache / "finetuned").glob("*/**/*") if file.is_file()]
    assert (found["finetunings"], found["freed_bytes"]) == (2, 0)
    assert found["bytes"] == sum(file.stat().st_size for file in files) > 0
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert str(cache / "finetuned") in said
    assert "2 fine-tunings" in said
    assert main(["doctor", "--prune", "0", "--json"]) == 0
    assert kept() == {
        "path": str(cache / "finetuned"),
        "bytes": 0,
        "finetunings": 0,
        "freed_bytes": found["bytes"],
    }
    assert not any(file.exists() for file in files)


def test_what_is_kept_is_counted_without_torch() -> None:
    code = "import sys, clusterlab.finetune.kept; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    "words",
    [
        ["+experiment=clothing_mobilenetv2_ft", "weights=random"],
        ["extractor=timm", "model=resnet18", "weights=random", "finetune=classifier"],
    ],
)
def test_fetch_brings_the_model_that_is_to_be_trained(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", *words, "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["state"] == "random"
    assert ("mobilenetv2" in model["model"]) == (len(words) == 2)


def test_a_sweep_over_fine_tuning_composes_each_run_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["run", "-m", "finetune=none,classifier", "finetune.epochs=0", "hydra.sweep.dir=sweep"]
    assert main(words) == 1
    said = capfd.readouterr().err
    assert "[0] finetune=none" in said
    assert "finetune.epochs is 0; it must be" in said
    assert "2 of 2 runs failed" in said
