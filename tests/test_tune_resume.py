"""Searches that are stopped, killed, resumed and shared."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from optuna.samplers import RandomSampler

from clusterlab.api import Tuned
from clusterlab.cli.main import main
from clusterlab.files import write_text
from clusterlab.searching import Objective, Range
from clusterlab.tuning.objectives import worst_value
from clusterlab.tuning.study import Study
from tests.runs import clusterlab as run_clusterlab
from tests.runs import pictures, run_folder
from tests.tuned import SMALL, start, states, trials, tune, wait_for

# Trials that take long enough to be interrupted in the middle.
SLOW = [
    "clusterer.n_init=80",
    "search.space.reducer.n_components=[2,4,8]",
    "search.space.clusterer.n_clusters={low: 3, high: 40}",
    "search.space.clusterer.tol={low: 1e-6, high: 1e-2, log: true}",
    "search.n_trials=16",
    "seed=5",
]


def stop(folder: Path, n: int, how: signal.Signals, *words: str) -> str:
    """Carry on with the search in folder/mine until n trials are done, then stop it in the middle
    of the next. Returns what it said."""
    process = start(folder, *words)
    wait_for(folder / "mine", n, process)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    return said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    """The search that nobody stopped."""
    return tune(tmp_path_factory.mktemp("whole") / "search", *SLOW)


def test_killed_and_resumed_it_is_the_same_search(whole: Tuned, tmp_path: Path) -> None:
    stop(tmp_path, 3, signal.SIGKILL, *SMALL, *SLOW, "hydra.run.dir=mine")
    assert states(tmp_path / "mine")[-1] == "RUNNING", "the trial was killed, not finished"
    said = stop(tmp_path, 10, signal.SIGINT, "--resume", "mine")
    assert "To go on with this search: clusterlab tune --resume mine" in said
    assert "Traceback" not in said
    status = json.loads((tmp_path / "mine" / "status.json").read_text())
    assert status["state"] == "interrupted"
    assert not (tmp_path / "mine" / "trials.csv").exists()
    done = run_clusterlab("tune", "--resume", "mine", folder=tmp_path)
    mine = run_folder(done, tmp_path)
    assert max(map(len, done.stdout.splitlines())) <= 80
    for word in ("optuna", "alembic", "Warning", "Traceback"):
        assert word not in done.stderr
    pd.testing.assert_frame_equal(trials(mine), trials(whole.folder))
    found = states(mine)
    assert found.count("COMPLETE") == 16
    assert "FAIL" in found
    assert "RUNNING" not in found
    with closing(sqlite3.connect(mine / "study.sqlite")) as db:
        (note,) = db.execute(
            "SELECT value_json FROM trial_user_attributes WHERE key = 'note'"
        ).fetchone()
    assert "interrupted" in note
    assert (mine / "best" / "1" / "config.yaml").read_bytes() == (
        whole.folder / "best" / "1" / "config.yaml"
    ).read_bytes()


# A worker that one of five settings kills as out of memory does.
WORKER = """
import os, signal, sys
from pathlib import Path
from clusterlab.searching import Objective, Range, Trial
from clusterlab.tuning.propose import grid, sampler
from clusterlab.tuning.study import Study
from clusterlab.tuning.workers import at_work

folder = Path(sys.argv[1])
ranges = {"clusterer.n": Range(low=1, high=5, integer=True)}
points = grid(ranges, 0)
of = lambda number: sampler("grid", seed=0, index=number, point=points[number])
study = Study(folder, [Objective(name="ari", maximize=True), OTHER])
study.claim({"objectives": ["ari/label", "davies_bouldin"]}, {})
with at_work(folder) as name:
    while asked := study.ask(name, n_trials=5, ranges=ranges, sampler=of, largest_penalty=0.5):
        n = asked.parameters["clusterer.n"]
        if n == points[1]["clusterer.n"]:
            os.kill(os.getpid(), signal.SIGKILL)
        values = {"ari/label": n / 10, "davies_bouldin": 1.0}
        study.tell(asked, Trial(number=asked.number, parameters=asked.parameters, raw=values,
                                penalties={}, values=values))
study.close()
""".replace("OTHER", 'Objective(name="davies_bouldin", maximize=False)')


def test_settings_that_kill_the_process_are_passed_over(tmp_path: Path) -> None:
    ended = 0
    while subprocess.run([sys.executable, "-c", WORKER, str(tmp_path)]).returncode:
        ended += 1
        assert ended <= 3, "the search never gets past them"
    assert ended == 3
    objectives = [Objective(name=name, maximize=False) for name in ("ari", "davies_bouldin")]
    with closing(Study(tmp_path, [replace(objectives[0], maximize=True), objectives[1]])) as study:
        found = study.trials()
        assert study.n_under_way("nobody") == 0
    assert [trial.number for trial in found] == [0, 1, 2, 3, 4]
    said = "its process ended 3 times at these settings"
    assert [trial.bad for trial in found] == ["", said, "", "", ""]
    assert {trial.parameters["clusterer.n"] for trial in found} == {1, 2, 3, 4, 5}
    worst = {"ari/label": -1.5, "davies_bouldin": worst_value(objectives[1], 0.5)}
    assert found[1].values == worst


def test_a_trial_that_is_stopped_on_purpose_is_tried_again_however_often(tmp_path: Path) -> None:
    ranges = {"clusterer.n": Range(low=1, high=9, integer=True)}
    asked = []
    for _ in range(5):
        with closing(Study(tmp_path, [Objective(name="silhouette", maximize=True)])) as study:
            asked.append(
                study.ask(
                    "me",
                    n_trials=1,
                    ranges=ranges,
                    sampler=lambda _: RandomSampler(seed=0),
                    largest_penalty=0.0,
                )
            )
    assert states(tmp_path) == ["FAIL"] * 5
    assert len({str(one and one.parameters) for one in asked}) == 1
    assert None not in asked


def workers_of(search: Path) -> list[int]:
    """How many trials each worker carried out."""
    with closing(sqlite3.connect(search / "study.sqlite")) as db:
        rows = db.execute(
            "SELECT count(*) FROM trial_user_attributes WHERE key = 'worker' GROUP BY value_json"
        ).fetchall()
    return [n for (n,) in rows]


def test_two_workers_and_one_that_joins_share_a_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    n = 24
    # Slow enough for the second process to begin before all is done.
    words = [*SMALL, *SLOW, "clusterer.n_init=400", f"search.n_trials={n}", "search.workers=2"]
    words += ["search.n_best=0"]
    first = start(tmp_path, *words, "hydra.run.dir=mine")
    wait_for(tmp_path / "mine", 2, first)
    assert main(["tune", "--resume", "mine"]) == 0
    assert "first process is still at it" in capsys.readouterr().out
    out, said = first.communicate(timeout=120)
    assert first.returncode == 0, said
    assert out.splitlines()[-1] == "mine"
    found = trials(tmp_path / "mine")
    assert found["number"].tolist() == list(range(n))
    assert found["bad"].isna().all()
    assert len(workers_of(tmp_path / "mine")) == 3
    assert not (tmp_path / "mine" / ".workers").exists(), "nobody is left"
    assert states(tmp_path / "mine").count("COMPLETE") == n


def test_more_trials_go_on_from_those_that_are_there(
    whole: Tuned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tune(tmp_path / "mine", *SLOW, "search.n_trials=6")
    file = Path("mine", "best", "1", "assignments.csv")
    made = file.stat().st_mtime_ns
    assert main(["tune", "--resume", "mine"]) == 0
    assert file.stat().st_mtime_ns == made, "a best run that is there is not done again"
    assert main(["tune", "--resume", "mine", "search.n_trials=16"]) == 0
    pd.testing.assert_frame_equal(trials(tmp_path / "mine"), trials(whole.folder))
    assert file.read_bytes() == (whole.best[0].folder / "assignments.csv").read_bytes()
    kept = yaml.safe_load(Path("mine", "config.yaml").read_text())
    assert kept["search"]["n_trials"] == 16


def test_a_time_limit_ends_a_search_that_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = tune(
        tmp_path / "mine", *SLOW, "search.n_trials=10000", "search.timeout=1", "search.n_best=0"
    )
    assert 0 < len(found.trials) < 10000
    log = (tmp_path / "mine" / "run.log").read_text()
    assert f"the time was up after {len(found.trials)} of 10,000 trials" in log
    n = len(found.trials) + 2
    assert main(["tune", "--resume", "mine", f"search.n_trials={n}", "search.timeout=null"]) == 0
    assert len(trials(tmp_path / "mine")) == n


def test_what_would_spoil_the_comparison_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    images = pictures(tmp_path / "images", 30)
    words = ["dataset=folder", f"dataset.path={images}", "dataset.sample_per_class=null"]
    numbers = "search.space.clusterer.n_clusters={low: 3, high: 20}"
    tune(tmp_path / "mine", *words, numbers, "search.n_trials=3")
    before = (tmp_path / "mine" / "trials.csv").read_bytes()

    def answer(*words: str) -> str:
        assert main(["tune", "--resume", "mine", *words]) == 1
        return capsys.readouterr().err

    assert "'seed' cannot change while a search goes on" in answer("seed=3")
    assert "Did you mean 'search.n_trials'?" in answer("search.n_trial=30")
    assert "Only search.n_trials, search.timeout, search.workers can" in answer("clusterer=dbscan")
    assert "search.n_trials is 'many'" in answer("search.n_trials=many")
    config = (tmp_path / "mine" / "config.yaml").read_text()
    write_text(tmp_path / "mine" / "config.yaml", config.replace("- kmodes", "- os"))
    assert "A config file allows os in allowed_targets" in answer("search.n_trials=9")
    write_text(tmp_path / "mine" / "config.yaml", config)
    pictures(tmp_path / "images", 31)
    assert "the number of images, the labels changed since it began" in answer("search.n_trials=9")
    assert (tmp_path / "mine" / "trials.csv").read_bytes() == before
    assert main(["tune", "--resume", "mine/best/1"]) == 2
    assert "clusterlab run --again RUN" in capsys.readouterr().err
