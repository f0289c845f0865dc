"""Whole runs: the run folder, its contract, and what two runs share."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import load_file
from sklearn.metrics import adjusted_rand_score

import clusterlab
from clusterlab.api import Result
from clusterlab.errors import UsageError
from tests.runs import SMOKE, here, pictures, run_folder
from tests.runs import clusterlab as command

FILES = {
    "config.yaml",
    "metrics.json",
    "scores.csv",
    "assignments.csv",
    "clusters.csv",
    "homogeneity.csv",
    "homogeneity_summary.csv",
    "explained_variance.csv",
    "neighbours.csv",
    "label_issues.csv",
    "class_neighbours.csv",
    "failures.csv",
    "timings.json",
    "environment.json",
    "run.log",
    "status.json",
    "figures",
    "report.html",
    "model",
}
STAGES = [
    "load",
    "label",
    "finetune",
    "extract",
    "reduce",
    "cluster",
    "view",
    "evaluate",
    "name",
    "report",
]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A finished run of the smoke experiment, and what it printed."""
    folder = tmp_path_factory.mktemp("smoke")
    done = command("run", *SMOKE, folder=folder)
    return run_folder(done, folder), done.stdout


def test_the_run_folder_holds_what_the_contract_says(smoke: tuple[Path, str]) -> None:
    folder, _ = smoke
    assert {path.name for path in folder.iterdir()} == FILES
    metrics = json.loads((folder / "metrics.json").read_text())
    counts = "n_images n_scored n_failed n_features n_clusters noise_share largest_share seconds"
    assert set(counts.split()) <= set(metrics)
    assert (metrics["n_images"], metrics["n_scored"], metrics["n_failed"]) == (100, 100, 0)
    assert metrics["scored_split"] == "all"
    external = ["ari", "ami", "nmi", "purity", "entropy", "homogeneity", "completeness"]
    for name in [*external, "v_measure"]:
        assert isinstance(metrics[f"{name}/label"], float)
    assert 0.5 < metrics["explained_variance"] < 1
    for name in ["silhouette", "davies_bouldin", "calinski_harabasz"]:
        assert isinstance(metrics[f"{name}/features"], float)
        assert isinstance(metrics[f"{name}/reduced"], float)


def test_the_tables_have_their_columns(smoke: tuple[Path, str]) -> None:
    folder, _ = smoke
    columns = {name: list(pd.read_csv(folder / f"{name}.csv")) for name in _COLUMNS}
    for name, expected in _COLUMNS.items():
        assert columns[name][: len(expected)] == expected


_COLUMNS = {
    "scores": ["metric", "label", "space", "split", "noise", "value", "chance", "chance_std", "n"],
    "assignments": ["id", "path", "cluster", "strength", "split", "x", "y", "label"],
    "clusters": ["cluster", "size", "medoid", "name"],
    "failures": ["id", "path", "stage", "error", "message"],
}


def test_the_headline_can_be_computed_from_the_assignments(smoke: tuple[Path, str]) -> None:
    folder, _ = smoke
    table = pd.read_csv(folder / "assignments.csv")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["ari/label"] == pytest.approx(adjusted_rand_score(table.label, table.cluster))
    assert metrics["n_clusters"] == table.cluster.nunique()
    assert metrics["largest_share"] == pytest.approx(table.cluster.value_counts().max() / 100)


def test_timings_status_and_environment(smoke: tuple[Path, str]) -> None:
    folder, _ = smoke
    timings = json.loads((folder / "timings.json").read_text())
    assert list(timings) == STAGES
    assert all(stage["peak_memory_mb"] > 0 for stage in timings.values())
    assert timings["extract"]["store"] == "100 images computed: not in the store yet"
    assert json.loads((folder / "status.json").read_text())["state"] == "finished"
    environment_ = json.loads((folder / "environment.json").read_text())
    assert environment_["choices"]["extractor"] == "hog"
    assert environment_["seen_labels"] == []


def test_the_model_holds_arrays_and_json_only(smoke: tuple[Path, str]) -> None:
    folder, _ = smoke
    assert {path.name for path in (folder / "model").iterdir()} == {
        "model.json",
        "model.safetensors",
    }
    arrays = load_file(folder / "model" / "model.safetensors")
    table = pd.read_csv(folder / "assignments.csv")
    assert arrays["centroids_features"].shape == (table.cluster.nunique(), 324)
    nearest = (arrays["centroids_features"] - arrays["reducer.0.mean_"]) @ arrays[
        "reducer.0.components_"
    ].T
    assert np.allclose(nearest, arrays["centroids_reduced"], atol=1e-4), "PCA maps what is new"
    assert json.loads((folder / "model" / "model.json").read_text())["extractor"]["config"]


def test_stdout_ends_with_the_folder_and_fits_80_columns(smoke: tuple[Path, str]) -> None:
    folder, said = smoke
    lines = said.splitlines()
    assert folder.as_posix().endswith(lines[-1])
    # Paths may be longer than a line, nothing else may.
    assert all(len(line) <= 80 for line in lines[:-2])
    assert any(line.startswith("ari ") for line in lines)


def test_the_same_seed_gives_the_same_bytes(smoke: tuple[Path, str], tmp_path: Path) -> None:
    again = run_folder(command("run", *SMOKE, folder=tmp_path), tmp_path)
    assert (again / "assignments.csv").read_bytes() == (smoke[0] / "assignments.csv").read_bytes()
    other = run_folder(here("run", *SMOKE, "seed=1", folder=tmp_path), tmp_path)
    assert (other / "assignments.csv").read_bytes() != (again / "assignments.csv").read_bytes()


def test_a_second_run_takes_features_and_reductions_from_the_store(tmp_path: Path) -> None:
    here("run", *SMOKE, folder=tmp_path)
    done = here("run", *SMOKE, "clusterer.n_clusters=5", folder=tmp_path)
    timings = json.loads((run_folder(done, tmp_path) / "timings.json").read_text())
    assert timings["extract"]["store"] == "all 100 images from the store"
    assert timings["reduce"]["store"] == "from the store"
    assert timings["view"]["store"] == "pca from the store"
    done = here("run", *SMOKE, "extractor.orientations=8", folder=tmp_path)
    timings = json.loads((run_folder(done, tmp_path) / "timings.json").read_text())
    assert timings["extract"]["store"] == "100 images computed: orientations 9 -> 8"


def test_the_store_can_be_left_out(tmp_path: Path) -> None:
    done = here("run", *SMOKE, "store=false", folder=tmp_path)
    timings = json.loads((run_folder(done, tmp_path) / "timings.json").read_text())
    assert timings["extract"]["store"] == "100 images computed; the store is off"
    assert not (tmp_path / "cache").exists()


def test_added_images_are_the_only_ones_computed(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 30)
    words = ["run", "dataset=folder", "dataset.path=pics", "view=pca", "clusterer.n_clusters=2"]
    run_folder(here(*words, folder=tmp_path), tmp_path)
    pictures(tmp_path / "pics", 40)
    (tmp_path / "pics").rename(tmp_path / "renamed")
    words[2] = "dataset.path=renamed"
    folder = run_folder(here(*words, folder=tmp_path), tmp_path)
    timings = json.loads((folder / "timings.json").read_text())
    assert timings["extract"]["store"] == (
        "30 images from the store, 10 computed: new to the store"
    )


def test_a_run_can_be_done_again_from_its_folder(smoke: tuple[Path, str], tmp_path: Path) -> None:
    again = run_folder(here("run", "--again", str(smoke[0]), folder=tmp_path), tmp_path)
    assert (again / "assignments.csv").read_bytes() == (smoke[0] / "assignments.csv").read_bytes()
    assert yaml.safe_load((again / "config.yaml").read_text()) == yaml.safe_load(
        (smoke[0] / "config.yaml").read_text()
    )
    option = here("run", "--again", str(smoke[0]), "clusterer=gmm", folder=tmp_path)
    assert option.returncode == 1
    assert "not options ('clusterer=gmm')" in option.stderr
    seeded = run_folder(here("run", "--again", str(smoke[0]), "seed=1", folder=tmp_path), tmp_path)
    plain = run_folder(here("run", *SMOKE, "seed=1", folder=tmp_path), tmp_path)
    assert (seeded / "assignments.csv").read_bytes() == (plain / "assignments.csv").read_bytes()
    swept = here("run", "-m", "--again", str(smoke[0]), "+clusterer.tol=0.1,0.2", folder=tmp_path)
    assert (run_folder(swept, tmp_path) / "summary.csv").exists()
    changed = here(
        "run", "--again", str(smoke[0]), "clusterer.n_clusters=4", "--json", folder=tmp_path
    )
    assert json.loads(changed.stdout)["metrics"]["n_clusters"] == 4


def test_a_sweep_leaves_its_runs_and_a_summary(tmp_path: Path) -> None:
    done = here("run", "-m", *SMOKE, "clusterer.n_clusters=5,10", "seed=0,1", folder=tmp_path)
    folder = run_folder(done, tmp_path)
    assert {path.name for path in folder.iterdir()} >= {
        "0",
        "1",
        "2",
        "3",
        "summary.csv",
        "summary.html",
    }
    table = pd.read_csv(folder / "summary.csv")
    assert len(table) == 2, "runs that differ only in the seed are one row"
    chances = table.filter(regex="/label chance$")
    assert {"purity/label chance", "nmi/label chance", "entropy/label chance"} <= set(chances)
    assert chances.notna().all(axis=None)


def test_a_sweep_goes_on_after_a_failure(tmp_path: Path) -> None:
    done = here("run", "-m", *SMOKE, "clusterer.n_clusters=500,10", folder=tmp_path)
    assert done.returncode == 1
    assert "there are only 100 images" in done.stderr
    folder = tmp_path / done.stdout.splitlines()[-1]
    assert not (folder / "0" / "metrics.json").exists()
    assert (folder / "1" / "metrics.json").exists()
    assert (folder / "summary.csv").exists()


def test_several_views(tmp_path: Path) -> None:
    done = here("run", *SMOKE, "view=[pca,mds]", folder=tmp_path)
    figures = {path.name for path in (run_folder(done, tmp_path) / "figures").iterdir()}
    assert {"projection_pca_cluster.png", "projection_mds_cluster.png"} <= figures


def test_reduced_decoding_is_never_silent(shared_data: Path, tmp_path: Path) -> None:
    words = ["+experiment=clothing_hog", f"data_dir={shared_data}", "dataset.sample_per_class=3"]
    done = here("run", *words, "view=none", "decode.reduce_to=224", folder=tmp_path)
    assert "decode.reduce_to=224" in done.stdout
    folder = run_folder(done, tmp_path)
    assert "decode.reduce_to=224" in (folder / "report.html").read_text(encoding="utf-8")


def test_pictures_without_labels(tmp_path: Path) -> None:
    pictures(tmp_path / "pics", 24, classes=())
    words = ["dataset=folder", "dataset.path=pics", "clusterer.n_clusters=3", "view=pca"]
    done = here("run", *words, folder=tmp_path)
    metrics = json.loads((run_folder(done, tmp_path) / "metrics.json").read_text())
    assert "silhouette/reduced" in metrics
    assert not any(name.startswith("ari/") for name in metrics)


def test_any_estimator_by_its_class(tmp_path: Path) -> None:
    done = here(
        "run",
        *SMOKE,
        "clusterer=custom",
        "clusterer._target_=sklearn.cluster.Birch",
        "clusterer.n_clusters=10",
        "clusterer.threshold=0.2",
        folder=tmp_path,
    )
    metrics = json.loads((run_folder(done, tmp_path) / "metrics.json").read_text())
    assert metrics["n_clusters"] == 10
    assert metrics["ari/label"] > 0.2


def test_noise_is_reported(tmp_path: Path) -> None:
    done = here("run", *SMOKE, "clusterer=hdbscan", "clusterer.min_cluster_size=5", folder=tmp_path)
    folder = run_folder(done, tmp_path)
    table = pd.read_csv(folder / "assignments.csv")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["noise_share"] == pytest.approx((table.cluster == -1).mean())
    assert 0 < metrics["noise_share"] < 1
    assert table.strength.between(0, 1).all()
    assert set(pd.read_csv(folder / "scores.csv").noise) == {"cluster", "dropped", "singletons"}


def test_the_default_run_reaches_its_promise(tmp_path: Path) -> None:
    done = here("run", "view=pca", "report.max_thumbnails=0", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["metrics"]["ari/label"] >= 0.60


def test_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = clusterlab.run("ci_smoke", ["seed=3"])
    assert isinstance(result, Result)
    assert result.folder.parent == Path("runs/ci_smoke")
    assert len(result.assignments) == 100
    assert result.metrics["ari/label"] == pytest.approx(
        adjusted_rand_score(result.assignments.label, result.assignments.cluster)
    )
    assert np.isfinite(result.scores.value).all()


def test_ids_and_labels_stay_text_and_no_column_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = sorted(path.name for path in pictures(tmp_path, 12, classes=()).glob("*.png"))
    rows = [f"{name},{i:03},{i % 2:02},{i % 3}" for i, name in enumerate(names)]
    table = ["image,number,cluster,label_cluster", *rows]
    (tmp_path / "table.csv").write_text("\n".join(table) + "\n")
    words = ["dataset=table", "dataset.path=table.csv", "dataset.id_column=number", "view=none"]
    columns = "dataset.label_columns=[cluster,label_cluster]"
    result = clusterlab.run(overrides=[*words, columns, "clusterer.n_clusters=2"])
    assert result.folder.parent == Path("runs/table")
    assert list(result.assignments.id)[:2] == ["000", "001"]
    assert list(result.assignments)[-2:] == ["label_cluster", "label_label_cluster"]
    assert set(result.assignments.label_cluster) == {"00", "01"}


def test_a_text_of_overrides_is_refused() -> None:
    with pytest.raises(UsageError, match="must be a list of words"):
        clusterlab.run("ci_smoke", "seed=1")


def test_own_experiments(tmp_path: Path) -> None:
    (tmp_path / "my_conf" / "experiment").mkdir(parents=True)
    (tmp_path / "my_conf" / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n# Mine.\ndefaults:\n  - ci_smoke\nname: mine\nseed: 4\n",
        encoding="utf-8",
    )
    done = here("run", "--config-dir", "my_conf", "+experiment=mine", folder=tmp_path)
    folder = run_folder(done, tmp_path)
    assert folder.parent == tmp_path / "runs" / "mine"
    assert yaml.safe_load((folder / "config.yaml").read_text())["seed"] == 4
