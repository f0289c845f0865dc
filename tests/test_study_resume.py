"""What `clusterlab study run` takes for finished, and what becomes of the run that it replaces."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from safetensors.numpy import load_file, save_file

from clusterlab.config.launch import is_done
from clusterlab.studies.definition import read_study
from clusterlab.studies.run import run_study
from clusterlab.studies.tasks import Occasion
from tests.runs import pictures
from tests.studies import metrics, study

TABLE = [
    *("dataset=table", "dataset.path=pics.csv", "dataset.label_columns=[kind]"),
    *("dataset.sample_per_class=null", "extractor=pixels"),
]
CNN = [
    *("dataset=folder", "dataset.path=pics", "extractor=cnn", "extractor.size=16"),
    *("extractor.filters=[4,6]", "extractor.dropout=[0,.2]", "extractor.embedding=8"),
    *("precision=fp32", "clusterer.n_clusters=2"),
]
GRID = [
    *("search.space.clusterer.n_clusters=[2,3]", "search.sampler=grid", "search.n_trials=2"),
    *("search.n_best=1", "search.objective=silhouette"),
]
ROWS = {
    "plain": {"words": [*TABLE, "clusterer.n_clusters=2"]},
    "tuned": {"words": [*TABLE, *GRID]},
    "trained": {"words": [*CNN, "finetune=classifier", "finetune.epochs=1"]},
    "taken": {"words": CNN, "after": "trained"},
}
TRAINED = Path("trained", "0", "model", "finetuned.safetensors")


@dataclass(frozen=True)
class Here:
    """A study of the current folder, whose rows ran once."""

    folder: Path

    @property
    def runs(self) -> Path:
        return self.folder / "record" / "runs"

    def table(self, kinds: Sequence[str]) -> None:
        files = sorted(self.folder.glob("pics/*/*.png"))
        lines = [f"{f.relative_to(self.folder)},{k}" for f, k in zip(files, kinds, strict=True)]
        (self.folder / "pics.csv").write_text("\n".join(["image,kind", *lines]), "utf-8")

    def run(self, *only: str, words: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, str]]:
        """Row -> what the progress said of it, and why it failed."""
        said: list[str] = []
        occasion = Occasion(only=only, words=tuple(words), config_dir=self.folder / "conf")
        record = run_study(
            read_study("mine", occasion.config_dir), occasion, self.folder / "record", said.append
        )
        rows = dict(line.partition("] ")[2].split(", seed 0", 1) for line in said if line[0] == "[")
        failed = {state.task.label: state.failed.get(0, "") for state in record.states}
        return {row: text.strip(": ") for row, text in rows.items()}, failed


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    pictures(folder / "pics", 24)
    study(folder, rows=ROWS, seeds=1, figures=[], charts=[])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CLUSTERLAB_CACHE", str(folder / "cache"))
        here = Here(folder)
        here.table(["a"] * 12 + ["b"] * 12)
        here.run()
    return folder


@pytest.fixture
def here(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    """The study to be spoilt: as it ran, in the place where it ran, since rows that take weights
    name them by their path."""
    shutil.copytree(ran, tmp_path / "copy")
    monkeypatch.chdir(ran)
    monkeypatch.setenv("CLUSTERLAB_CACHE", str(ran / "cache"))
    yield Here(ran)
    for name in ("pics", "conf", "record"):
        shutil.rmtree(ran / name)
    shutil.copytree(tmp_path / "copy", ran, dirs_exist_ok=True)


def test_what_was_made_of_other_things_is_run_again(here: Here) -> None:
    run = here.runs / "plain" / "0"
    assert here.run("plain")[0] == {"plain": "kept"}
    before = metrics(run)["ari/kind"]
    here.table(["a"] * 6 + ["b"] * 18)
    assert here.run("plain")[0] == {"plain": "(labels or images changed) ..."}
    assert metrics(run)["ari/kind"] != before
    assert here.run("plain")[0] == {"plain": "kept"}
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(here.folder / "pics" / "a" / "0000.png")
    assert here.run("plain")[0] == {"plain": "(labels or images changed) ..."}

    for file in here.runs.glob("*/0/**/environment.json"):
        found = json.loads(file.read_text("utf-8"))
        found["versions"]["clusterlab"] = "0.0.1"
        file.write_text(json.dumps(found), "utf-8")
    again = "(made by clusterlab 0.0.1) ..."
    assert here.run("plain", "tuned")[0] == {"plain": again, "tuned": again}
    assert [place.name for place in here.runs.glob("*/*")] == ["0"] * 4


def test_what_takes_weights_is_run_again_with_them(here: Here) -> None:
    assert here.run("taken")[0] == {"trained": "kept", "taken": "kept"}
    file = here.folder / "conf" / "study" / "mine.yaml"
    file.write_text(file.read_text("utf-8").replace("epochs=1", "epochs=2"), "utf-8")
    assert here.run("taken")[0] == {
        "trained": "...",
        "taken": "(trained is to be run again) ...",
    }
    made = json.loads((here.runs / "taken" / "0" / "environment.json").read_text("utf-8"))
    now = hashlib.sha256((here.runs / TRAINED).read_bytes()).hexdigest()
    assert made["weights"] == {"extractor.weights": now}


def test_weights_of_another_content_are_noticed(here: Here) -> None:
    file = here.runs / TRAINED
    save_file({name: np.asarray(2 * array) for name, array in load_file(file).items()}, file)
    said, _ = here.run("taken")
    assert said == {"trained": "kept", "taken": "(the file of extractor.weights changed) ..."}


def test_a_run_outlives_a_replacement_that_fails(here: Here) -> None:
    run = here.runs / "plain" / "0"
    _, failed = here.run("plain", words=["clusterer.n_clusters=500"])
    assert "only 24" in failed["plain"]
    assert "only 24" in (run.with_name("0.failed") / "run.log").read_text("utf-8")
    assert here.run("plain")[0] == {"plain": "kept"}
    assert here.run("plain", words=["clusterer.n_init=3"])[0] == {"plain": "..."}
    assert [place.name for place in run.parent.iterdir()] == ["0"]


def test_a_search_outlives_a_replacement_that_fails(here: Here) -> None:
    _, failed = here.run("tuned", words=["search.space.clusterer.n_clusters=[500,600]"])
    assert "could be scored" in failed["tuned"]
    assert here.run("tuned")[0] == {"tuned": "kept"}


@pytest.mark.parametrize("there", ["nothing", "unfinished", "finished"])
def test_a_run_outlives_a_kill_while_it_is_replaced(here: Here, there: str) -> None:
    run = here.runs / "plain" / "0"
    finished = (run / "metrics.json").read_text("utf-8")
    if there == "finished":
        shutil.copytree(run, run.with_name("0.old"))
        (run.with_name("0.old") / "metrics.json").write_text("{}", "utf-8")
    else:
        run.rename(run.with_name("0.old"))
    if there == "unfinished":
        run.mkdir()
        (run / "config.yaml").write_text("seed: 5\n", "utf-8")
    assert here.run("plain")[0] == {"plain": "kept"}
    assert (run / "metrics.json").read_text("utf-8") == finished
    assert not run.with_name("0.old").exists()


def test_a_run_is_known_by_its_config(tmp_path: Path) -> None:
    config = {"seed": 1, "workers": 2, "name": "a: b"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    assert not is_done(tmp_path, config)
    (tmp_path / "metrics.json").write_text("{}", "utf-8")
    assert is_done(tmp_path, dict(reversed(config.items())))
    assert not is_done(tmp_path, {**config, "workers": 4})
    assert is_done(tmp_path, {**config, "workers": 4}, but_for=["workers"])
    assert not is_done(tmp_path, {**config, "more": 1}, but_for=["workers"])
