"""An experiment that is a sweep: its file says what is swept, and `clusterlab run` sweeps it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import clusterlab
from clusterlab.cli.main import main
from clusterlab.config.compose import compose
from clusterlab.config.own_sweep import compose_first, sweeps
from clusterlab.errors import ConfigError, UsageError

MINE = """\
# @package _global_
# clusterlab run +experiment={name}
# Digits in several numbers of clusters.
defaults:
  - ci_smoke
  - override /view: none
  - _self_

name: {name}
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      {params}
"""


def write(folder: Path, params: str, name: str = "mine") -> Path:
    """A folder of one's own configs with this experiment."""
    place = folder / "conf" / "experiment"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.yaml").write_text(MINE.format(name=name, params=params), encoding="utf-8")
    return folder / "conf"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words of an experiment over two numbers of clusters."""
    monkeypatch.chdir(tmp_path)
    conf = write(tmp_path, "clusterer.n_clusters: 3,5")
    return ["+experiment=mine", "--config-dir", str(conf)]


def test_the_experiments_own_command_carries_out_the_sweep(
    mine: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *mine]) == 0
    told = capfd.readouterr()
    folder = tmp_path / told.out.splitlines()[-1]
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["0", "1"]
    ks = [
        json.loads((folder / job / "metrics.json").read_text(encoding="utf-8"))["n_clusters"]
        for job in ("0", "1")
    ]
    assert ks == [3, 5]
    assert sorted(pd.read_csv(folder / "summary.csv")["n_clusters"]) == [3, 5]
    assert "[0] clusterer.n_clusters=3" in told.err
    assert "[1] clusterer.n_clusters=5" in told.err


def test_a_key_that_is_set_is_not_swept(
    mine: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *mine, "clusterer.n_clusters=4"]) == 0
    told = capfd.readouterr()
    folder = tmp_path / told.out.splitlines()[-1]
    assert json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["n_clusters"] == 4
    assert not (folder.parent / "summary.csv").exists()
    assert "[0]" not in told.err


@pytest.mark.parametrize(
    ("words", "swept"),
    [
        ([], {"clusterer.n_clusters": ["3", "5"]}),
        (["clusterer.n_clusters=7,8,9"], {"clusterer.n_clusters": ["7", "8", "9"]}),
        (["seed=0,1"], {"seed": ["0", "1"], "clusterer.n_clusters": ["3", "5"]}),
        (["clusterer.n_clusters=7", "seed=0,1"], {"seed": ["0", "1"]}),
        (["clusterer.n_clusters=7"], None),
        (["hydra.mode=RUN"], None),
    ],
)
def test_the_words_come_before_the_file(
    words: list[str], swept: dict[str, list[str]] | None, tmp_path: Path
) -> None:
    conf = write(tmp_path, "clusterer.n_clusters: 3,5")
    words = ["+experiment=mine", *words]
    _, sweep = compose_first(words, conf)
    assert sweep.on == (swept is not None)
    if swept is not None:
        assert sweeps([*sweep.words, *words]) == swept


def test_show_says_that_it_is_a_sweep(mine: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", *mine]) == 0
    first, second, *_ = capfd.readouterr().out.splitlines()
    assert first.startswith("# A sweep of 2 runs")
    assert second == "#   clusterer.n_clusters: 3,5"
    assert main(["show", *mine, "clusterer.n_clusters=4"]) == 0
    assert "sweep of" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ("clusterer.n_cluster: 3,5", "Unknown key 'clusterer.n_cluster'"),
        ("clusterer.n_clusters: [3, 5]", "Write the values with commas: '3,5'"),
        ("clusterer: kmeans,kmeens", "Unknown clusterer 'kmeens'. Did you mean 'kmeans'"),
        ("batch_size: 8,0", "batch_size is 0; it must be at least 1. (batch_size=0)"),
    ],
)
def test_validate_looks_at_every_value(
    params: str, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    conf = write(tmp_path, params)
    assert main(["validate", "mine", "--config-dir", str(conf)]) == 1
    assert says in capfd.readouterr().err


def test_what_needs_one_config_refuses_a_sweep(tmp_path: Path) -> None:
    conf = write(tmp_path, "clusterer.n_clusters: 3,5")
    for verb in (clusterlab.run, clusterlab.tune):
        with pytest.raises(UsageError, match="mine is a sweep of 2 runs over"):
            verb("mine", config_dir=conf, folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_sweep_is_no_run_of_another(
    mine: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Hydra would run each once, with the values that are not swept."""
    write(tmp_path, "clusterer.n_clusters: 4,6", name="other")
    assert main(["run", "-m", "+experiment=mine,other", *mine[1:]]) == 1
    assert "mine is a sweep itself" in capfd.readouterr().err


def test_a_list_is_no_sweep(tmp_path: Path) -> None:
    conf = write(tmp_path, "clusterer.n_clusters: [3, 5]")
    with pytest.raises(ConfigError, match="which Hydra takes for one value"):
        compose_first(["+experiment=mine"], conf)


def test_the_study_sweeps_k_and_the_pseudo_labels() -> None:
    _, k = compose_first(["+experiment=atmosphere_ksweep"])
    (values,) = sweeps(k.words).values()
    assert {2, 13, 18, 40} <= set(map(int, values))
    config, labels = compose_first(["+experiment=atmosphere_label_ablation"])
    n, choose = sweeps(labels.words).values()
    assert set(map(int, n)) == {1, 3, 6, 9, 13}
    assert set(choose) == {"frequent", "rare", "random"}
    assert config.finetune.columns == [*config.dataset.some_of]
    # Both as the study's own experiment in all else.
    own = compose(["+experiment=atmosphere_pseudo"])
    assert config.finetune.learning_rate == own.finetune.learning_rate
    assert config.extractor == own.extractor
