"""`clusterlab predict`: new images, put to the clusters of a finished run."""

from __future__ import annotations

import copy
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import decomposition
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)

import clusterlab
from clusterlab.cli.main import main
from clusterlab.estimators import name_of, steps
from clusterlab.reducers.fitted import fitted_arrays
from clusterlab.reducers.mapped import mapped
from clusterlab.reducers.pca import PCA
from clusterlab.reducers.scale import Scale
from tests.runs import pictures

SAMPLE = ["dataset=folder", "view=none", "clusterer.n_clusters=3", "evaluator.n_permutations=2"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures(tmp_path_factory.mktemp("photos") / "digits", 40)


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> clusterlab.Result:
    folder = tmp_path_factory.mktemp("run") / "one"
    words = [*SAMPLE, f"dataset.path={photos}", "reducer.n_components=8"]
    return clusterlab.run(None, words, folder=folder)


@dataclass
class Done:
    code: int
    out: str
    err: str

    def table(self) -> pd.DataFrame:
        assert self.code == 0, self.err
        return pd.read_csv(io.StringIO(self.out), keep_default_na=False)


@pytest.fixture
def predict(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """`clusterlab predict words...`, in this process."""

    def call(*words: object) -> Done:
        capsys.readouterr()
        code = main(["predict", *map(str, words)])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return call


def test_the_images_of_a_run_get_their_own_clusters(
    run: clusterlab.Result, photos: Path, predict: Callable[..., Done]
) -> None:
    before = {file: file.stat().st_mtime_ns for file in run.folder.rglob("*")}
    found = predict(run.folder, photos).table()
    assert found["id"].tolist() == run.assignments["id"].tolist()
    assert found["cluster"].tolist() == run.assignments["cluster"].tolist()
    assert found["margin"].between(0, 1).all()
    # 95% of each cluster's own images lie within its radius.
    assert 0 < found["far"].sum() <= 0.05 * len(found) + found["cluster"].nunique()
    assert before == {file: file.stat().st_mtime_ns for file in run.folder.rglob("*")}


def test_one_image_is_put_where_it_is_among_others(
    run: clusterlab.Result, photos: Path, predict: Callable[..., Done]
) -> None:
    whole = predict(run.folder, photos).table()
    one = photos / whole["id"][7]
    alone = predict(run.folder, one).table()
    assert alone["cluster"].tolist() == [whole["cluster"][7]]
    assert alone["distance"][0] == pytest.approx(whole["distance"][7], rel=1e-9)


def test_a_reducer_that_takes_no_new_images_leaves_it_to_the_features(
    photos: Path, tmp_path: Path, predict: Callable[..., Done]
) -> None:
    words = [
        *SAMPLE,
        f"dataset.path={photos}",
        "reducer=tsne",
        "reducer.perplexity=5",
        "clusterer.n_clusters=6",
    ]
    run = clusterlab.run(None, words, folder=tmp_path / "run")
    done = predict(tmp_path / "run", photos, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["space"] == "features"
    own = np.mean([one["cluster"] for one in found["images"]] == run.assignments["cluster"])
    assert f"{own:.1%} are nearest to the centroid of their own cluster" in done.err
    assert "reducer cannot take new images" in done.err


def test_a_vocabulary_is_that_of_the_run(
    photos: Path, tmp_path: Path, predict: Callable[..., Done]
) -> None:
    words = [*SAMPLE, f"dataset.path={photos}", "extractor=bovw", "extractor.vocabulary_size=8"]
    run = clusterlab.run(None, words, folder=tmp_path / "run")
    few = tmp_path / "few"
    few.mkdir()
    for name in run.assignments["id"][:3]:
        (few / name).parent.mkdir(exist_ok=True)
        shutil.copy(photos / name, few / name)
    found = predict(tmp_path / "run", few).table()
    assert found["cluster"].tolist() == run.assignments["cluster"].tolist()[:3]


@pytest.mark.parametrize("features", ["embedding", "probabilities"])
def test_a_fine_tuned_model_goes_along(
    features: str, tmp_path: Path, predict: Callable[..., Done]
) -> None:
    words = [
        "finetune.epochs=1", "dataset.sample_per_class=12", "extractor.size=16", "view=none",
        f"finetune.features={features}", "evaluator.n_permutations=2", "clusterer.n_clusters=4",
        "dataset=folder", f"dataset.path={pictures(tmp_path / 'photos', 60)}",
    ]  # fmt: skip
    run = clusterlab.run("digits_cnn", words, folder=tmp_path / "run")
    found = predict(tmp_path / "run", tmp_path / "photos").table()
    by_id = found.set_index("id")["cluster"]
    own = run.assignments.set_index("id")["cluster"]
    assert by_id[own.index].tolist() == own.tolist()


REDUCERS = [
    StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False),
    MinMaxScaler(), RobustScaler(), MaxAbsScaler(), Normalizer(), FunctionTransformer(),
    decomposition.PCA(3), decomposition.PCA(3, whiten=True), decomposition.IncrementalPCA(3),
    decomposition.FactorAnalysis(3), decomposition.FastICA(3), decomposition.NMF(3),
    decomposition.TruncatedSVD(3), decomposition.MiniBatchSparsePCA(3), Scale(scaler="minmax"),
    PCA(n_components=3, whiten=True), make_pipeline(Normalizer(), StandardScaler(), PCA()),
    make_pipeline(StandardScaler(), MinMaxScaler()),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reducer", REDUCERS, ids=name_of)
def test_what_a_reducer_kept_does_what_it_did_or_nothing(reducer: Any) -> None:
    X = np.random.default_rng(0).gamma(2, size=(40, 6)).astype(np.float32)
    fresh = copy.deepcopy(reducer)
    known = reducer.fit_transform(X)
    found = mapped(fresh, fitted_arrays(reducer), X)
    kinds = [type(step).__name__ for step in steps(reducer)]
    if {"PCA", "IncrementalPCA", "StandardScaler", "Normalizer"} >= {*kinds}:
        assert found is not None
    if found is not None:
        np.testing.assert_allclose(found, known, rtol=1e-3, atol=1e-4)


def test_marks_of_a_run_stay_with_what_it_says(
    photos: Path, tmp_path: Path, predict: Callable[..., Done]
) -> None:
    words = [*SAMPLE, f"dataset.path={photos}", "extractor=cnn", "extractor.size=16"]
    clusterlab.run(None, [*words, "reducer=none"], folder=tmp_path / "run")
    done = predict(tmp_path / "run", photos)
    assert set(done.table()["marks"]) == {"random weights"}
    assert "random weights" in done.err


def test_a_broken_image_costs_itself_alone(
    run: clusterlab.Result, photos: Path, tmp_path: Path, predict: Callable[..., Done]
) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "broken.png").write_bytes(b"no picture")
    shutil.copy(next(photos.rglob("*.png")), mixed / "good.png")
    done = predict(run.folder, mixed)
    assert done.code == 0, done.err
    assert "broken.png" in done.err
    assert len(done.out.splitlines()) == 2


def test_what_cannot_be_predicted_is_said(
    run: clusterlab.Result, tmp_path: Path, predict: Callable[..., Done]
) -> None:
    (tmp_path / "empty").mkdir()
    for words, says in (
        ([], "predict needs a run and images"),
        ([tmp_path / "empty", tmp_path], "empty is no finished run"),
        ([run.folder, "nowhere"], "There is no folder or image nowhere"),
        ([run.folder, tmp_path / "empty"], "There is no image in the folder"),
    ):
        done = predict(*words)
        assert done.code in (1, 2)
        assert says in done.err
        assert "Traceback" not in done.err


def test_labels_of_a_table_are_nothing_that_new_images_have(
    shared_data: Path, photos: Path, tmp_path: Path, predict: Callable[..., Done]
) -> None:
    words = [
        "dataset=illustrations", f"data_dir={shared_data}", "extractor=multi_hot",
        "extractor.columns=[tags]", "view=none", "reducer=none", "clusterer.n_clusters=4",
        "evaluator.n_permutations=2",
    ]  # fmt: skip
    clusterlab.run(None, words, folder=tmp_path / "run")
    done = predict(tmp_path / "run", photos)
    assert done.code == 1
    assert "reads the labels of a table" in done.err


def test_the_table_goes_into_a_file(
    run: clusterlab.Result, photos: Path, tmp_path: Path, predict: Callable[..., Done]
) -> None:
    done = predict(run.folder, photos, "--output", tmp_path / "table.csv")
    assert done.out == f"{tmp_path / 'table.csv'}\n"
    assert len(pd.read_csv(tmp_path / "table.csv")) == len(run.assignments)
