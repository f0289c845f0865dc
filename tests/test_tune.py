"""`clusterlab tune`: what a search leaves behind, what trials are given, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import clusterlab
from clusterlab.api import Tuned
from clusterlab.cli.main import main
from clusterlab.errors import ConfigError, OutputError
from clusterlab.store import Store
from tests.runs import pictures
from tests.tuned import SMALL, trials, tune

NUMBERS = "search.space.clusterer.n_clusters={low: 3, high: 20}"


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    """A search over a reducer and a clusterer that leaves noise, with penalties."""
    folder = tmp_path_factory.mktemp("noisy") / "search"
    return tune(
        folder,
        "clusterer=hdbscan",
        "search.space.reducer.n_components=[2,4]",
        "search.space.clusterer.min_cluster_size={low: 2, high: 12}",
        "search.space.clusterer.min_samples=[1,2]",
        "search.n_clusters=[8,12]",
        "search.noise_penalty=0.2",
        "search.n_trials=16",
        "search.n_best=2",
        "seed=1",
    )


def test_the_folder_has_what_a_reader_and_a_program_need(noisy: Tuned) -> None:
    names = {path.name for path in noisy.folder.iterdir() if not path.name.startswith(".")}
    assert names >= {"config.yaml", "status.json", "run.log", "study.sqlite", "environment.json"}
    assert names >= {"trials.csv", "report.html", "figures", "best"}
    assert "metrics.json" not in names, "a search is no run"
    status = json.loads((noisy.folder / "status.json").read_text())
    assert status["state"] == "finished"
    config = yaml.safe_load((noisy.folder / "config.yaml").read_text())
    assert config["search"]["space"]["reducer"] == {"n_components": [2, 4]}
    assert "extract" in (noisy.folder / "run.log").read_text()
    assert "Traceback" not in (noisy.folder / "run.log").read_text()


def test_values_are_raw_scores_less_the_penalties(noisy: Tuned) -> None:
    good = noisy.trials[noisy.trials["bad"].isna()]
    assert len(good) > 3
    assert good["noise_share"].max() > 0
    paid = good["penalty_noise"] + good["penalty_n_clusters"]
    assert good["value_silhouette"].to_numpy() == pytest.approx(good["raw_silhouette"] - paid)
    assert good["penalty_noise"].to_numpy() == pytest.approx(0.2 * good["noise_share"])
    k = good["n_clusters"].to_numpy()
    outside = np.maximum.reduce([(8 - k) / 8, (k - 12) / 12, np.zeros(len(k))])
    assert good["penalty_n_clusters"].to_numpy() == pytest.approx(np.minimum(outside, 1))
    best = good.sort_values("value_silhouette", ascending=False).iloc[0]
    assert best["best"] == 1


def test_the_best_are_ordinary_runs_that_score_what_the_trials_say(noisy: Tuned) -> None:
    chosen = noisy.trials.dropna(subset="best").sort_values("best")
    assert [run.folder.name for run in noisy.best] == ["1", "2"]
    for run, (_, trial) in zip(noisy.best, chosen.iterrows(), strict=True):
        scores = run.scores.set_index(["metric", "space", "noise"])["value"]
        noise = "dropped" if trial["noise_share"] else "cluster"
        assert scores["silhouette", "reduced", noise] == pytest.approx(trial["raw_silhouette"])
        assert run.metrics["ari/label"] == pytest.approx(trial["hindsight_ari/label"])
        assert run.metrics["n_clusters"] == trial["n_clusters"]
        assert run.metrics["noise_share"] == pytest.approx(trial["noise_share"])
        environment = json.loads((run.folder / "environment.json").read_text())
        assert environment["spaces"]["reduced"] == trial["space"]
        config = yaml.safe_load((run.folder / "config.yaml").read_text())
        assert config["reducer"]["n_components"] == trial["reducer.n_components"]
        assert config["clusterer"]["min_cluster_size"] == trial["clusterer.min_cluster_size"]
        assert "search" not in config
        assert (run.folder / "report.html").exists()


def test_the_best_can_be_compared_and_done_again(
    noisy: Tuned,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    best = [str(run.folder) for run in noisy.best]
    assert main(["compare", *best, "--json"]) == 0
    side_by_side = json.loads(capsys.readouterr().out)
    assert main(["compare", str(noisy.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == side_by_side, "of a search its best are runs"
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--again", best[0], "hydra.run.dir=again"]) == 0
    assert (tmp_path / "again" / "assignments.csv").read_bytes() == (
        noisy.best[0].folder / "assignments.csv"
    ).read_bytes()


def test_a_reduction_is_made_once(tmp_path: Path) -> None:
    words = ["search.space.reducer.n_components=[2,3]", NUMBERS]
    tune(tmp_path / "search", *words, "search.n_trials=8", "search.n_best=0")
    store = Store(tmp_path / "cache")
    assert store.size()["results"] == 2
    store.close()


def test_the_command_line_says_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [*SMALL, NUMBERS, "search.n_trials=4"]
    assert main(["tune", *words, "hydra.run.dir=mine"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "mine"
    assert max(map(len, said.out.splitlines())) <= 80
    found = trials(tmp_path / "mine")
    pd.testing.assert_frame_equal(found, trials(tune(tmp_path / "b", *words).folder))
    assert main(["tune", "--resume", "mine", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == "mine"
    assert told["best"][0]["run"] == "mine/best/1"
    assert told["best"][0]["values"]["silhouette"] == max(found["value_silhouette"])


def test_bad_trials_are_recorded_with_their_reasons(tmp_path: Path) -> None:
    found = tune(
        tmp_path / "search",
        "clusterer=dbscan",
        "search.space.clusterer.eps=[0.0001,1000.0,2.0,-1.0]",
        "search.sampler=grid",
        "search.objective=[silhouette,davies_bouldin]",
        "search.n_clusters=[2,4]",
    )
    by_eps = found.trials.set_index("clusterer.eps")
    assert by_eps.loc[0.0001, "bad"] == "no cluster: every image is noise"
    assert by_eps.loc[0.0001, "noise_share"] == 1
    assert by_eps.loc[1000.0, "bad"] == "one cluster only"
    assert "eps" in by_eps.loc[-1.0, "bad"]
    bad = by_eps[by_eps["bad"].notna()]
    assert bad["raw_silhouette"].isna().all()
    assert (bad["value_silhouette"] == -1 - 0.3 - 1.0).all()
    assert (bad["value_davies_bouldin"] > 1000).all()
    assert np.isfinite(found.trials["value_davies_bouldin"]).all()
    assert not {*found.trials["best"].dropna().index} & {*bad["number"]}


def test_a_search_without_any_score_fails_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [*SMALL, "search.space.clusterer.n_clusters=[81,90]", "hydra.run.dir=mine"]
    assert main(["tune", *words]) == 1
    said = capsys.readouterr()
    assert "None of" in said.err
    assert "but there are only 80 images" in said.err
    assert said.out.splitlines()[-1] == "mine"
    assert (tmp_path / "mine" / "report.html").exists()
    assert not (tmp_path / "mine" / "best").exists()


def test_several_objectives_leave_a_front_that_none_beats(tmp_path: Path) -> None:
    found = tune(
        tmp_path / "search",
        NUMBERS,
        "search.objective=[silhouette,davies_bouldin,purity]",
        "search.n_trials=12",
        "search.n_best=2",
    )
    table = found.trials
    assert {"value_silhouette", "value_davies_bouldin", "value_purity/label"} <= {*table}
    signed = table[["value_silhouette", "value_purity/label"]].assign(
        db=-table["value_davies_bouldin"]
    )
    better = [
        ((signed >= row).all(axis=1) & (signed > row).any(axis=1)).any()
        for _, row in signed.iterrows()
    ]
    front = table["best"].notna()
    assert not any(np.array(better)[front])
    first = signed.drop_duplicates().index
    assert all(np.array(better)[[row for row in first if not front[row]]])
    assert len(found.best) == 2


# Objective -> its row of scores.csv.
MEASURED = {
    "calinski_harabasz": ("calinski_harabasz", "features"),
    "davies_bouldin": ("davies_bouldin", "features"),
    "dbcv": ("dbcv", "features"),
    "stability": ("stability_bootstrap", "reduced"),
    "ami/label": ("ami", ""),
    "entropy/label": ("entropy", ""),
}


def test_an_objective_is_what_a_run_measures(tmp_path: Path) -> None:
    found = tune(
        tmp_path / "search",
        "evaluator.stability=3",
        "evaluator.dbcv=true",
        "search.space.clusterer.n_clusters=[4,9]",
        f"search.objective=[{','.join(MEASURED)}]",
        "search.scored_in=features",
    )
    chosen = found.trials.set_index("best").loc[1]
    scores = found.best[0].scores.fillna({"space": ""}).set_index(["metric", "space"])["value"]
    for objective, row in MEASURED.items():
        assert found.trials[f"raw_{objective}"].nunique() == 2
        assert scores[row] == pytest.approx(chosen[f"raw_{objective}"]), objective


def test_labels_that_are_not_asked_for_change_nothing(tmp_path: Path) -> None:
    files = sorted(pictures(tmp_path / "images", 40).rglob("*.png"))
    table = pd.DataFrame({"image": map(str, files), "kind": [file.parent.name for file in files]})
    table.to_csv(tmp_path / "table.csv", index=False)
    words = [
        "dataset=table",
        f"dataset.path={tmp_path / 'table.csv'}",
        "dataset.image_column=image",
        "dataset.sample_per_class=null",
        NUMBERS,
        "search.n_trials=14",
        "search.n_best=0",
    ]
    found = trials(tune(tmp_path / "a", *words, "dataset.label_columns=[kind]").folder)
    plain = trials(tune(tmp_path / "b", *words, "dataset.label_columns=[]").folder)
    pd.testing.assert_frame_equal(found.drop(columns="hindsight_ari/kind"), plain)
    assert found["clusterer.n_clusters"].nunique() > 5


def test_there_is_no_hindsight_by_labels_that_the_space_was_learned_from(tmp_path: Path) -> None:
    """With reducer=mlp the scores are on the test images, and the labels no outsiders."""
    found = tune(
        tmp_path / "search",
        "reducer=mlp",
        "~reducer.n_components",
        "reducer.epochs=1",
        "search.space.reducer.hidden=[8,16]",
        "search.objective=[silhouette,ari]",
    )
    assert not [name for name in found.trials if name.startswith("hindsight")]
    (run,) = found.best
    assert run.metrics["scored_split"] == "test"
    chosen = found.trials.set_index("best").loc[1]
    assert run.metrics["ari/label"] == pytest.approx(chosen["raw_ari/label"])
    assert run.metrics["silhouette/reduced"] == pytest.approx(chosen["raw_silhouette"])
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "by silhouette and ari/label: read that score as the best of so many" in page
    assert "The labels in label took part in the choice" in page


def test_a_label_objective_needs_its_labels(tmp_path: Path) -> None:
    words = ["dataset=folder", NUMBERS, "dataset.sample_per_class=null"]
    path = f"dataset.path={pictures(tmp_path / 'plain', 20, classes=())}"
    with pytest.raises(ConfigError, match="ari needs labels, and the collection has none"):
        tune(tmp_path / "a", *words, path, "search.objective=ari")
    with pytest.raises(ConfigError, match="Did you mean 'label'"):
        tune(tmp_path / "b", NUMBERS, "search.objective=purity/lable")
    # What failed before its first trial does not stand in the way.
    assert len(tune(tmp_path / "b", NUMBERS, "search.n_trials=2", "search.n_best=0").trials) == 2
    with pytest.raises(OutputError, match="already holds a search"):
        tune(tmp_path / "b", NUMBERS)


def test_a_finite_space_ends_when_all_of_it_was_tried(tmp_path: Path) -> None:
    found = tune(tmp_path / "search", "search.space.clusterer.n_clusters=[3,5]", "search.n_best=0")
    assert len(found.trials) < 100
    assert {*found.trials["clusterer.n_clusters"]} == {3, 5}


def test_a_run_of_a_search_takes_its_own_values_and_says_so(tmp_path: Path) -> None:
    words = [*SMALL[:-1], NUMBERS, "clusterer.n_clusters=6"]
    result = clusterlab.run(overrides=words, folder=tmp_path / "run")
    assert result.metrics["n_clusters"] == 6
    first = (tmp_path / "run" / "run.log").read_text().splitlines()[0]
    assert first.endswith("the ranges in search.space are for tune.")
    assert "search" not in yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["-m", "clusterer=kmeans,hdbscan"], 2, "-m is for `clusterlab run`"),
        (["--resum", "x"], 2, "Did you mean '--resume'?"),
        (["ci_smoke"], 2, "Did you mean +experiment=ci_smoke?"),
        (["search.n_trials"], 2, "Write search.n_trials=VALUE."),
        (["--resume", "nowhere"], 2, "nowhere holds no search to go on with"),
        (["--resume", "x", "--config-dir", "y"], 2, "--config-dir has no place"),
        (["clusterer=gmm"], 1, "There is nothing to search"),
        (["search.workers=0"], 1, "search.workers is 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_words_are_answered_in_one_paragraph(
    words: list[str],
    code: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tune", *words]) == code
    said = capsys.readouterr()
    assert says in said.err
    assert not said.out
    assert not (tmp_path / "runs").exists(), "nothing was searched, so nothing is left behind"
