"""`clusterlab study`: rows run, kept, gone on with, and recorded beside the published numbers."""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from clusterlab.cli.main import main
from clusterlab.config.find import groups
from clusterlab.errors import ConfigError, UsageError
from clusterlab.studies.check import look
from clusterlab.studies.definition import matches, read_study, studies
from clusterlab.studies.measure import value_of
from clusterlab.studies.origin import origin, phrase
from clusterlab.studies.tasks import Occasion, tasks
from tests.runs import clusterlab
from tests.studies import metrics, stopped, study, table, without_models

CLAIM = {
    "says": "Ten clusters fit better than five.",
    "measure": "ari/label",
    "more": "swept: n_clusters=10",
    "less": "swept: n_clusters=5",
}


@dataclass(frozen=True)
class Done:
    """A study that was killed and gone on with. first: when the run that was there before the kill
    was written."""

    folder: Path
    words: list[str]
    after_kill: list[dict[str, str]]
    first: float
    last: subprocess.CompletedProcess[str]

    @property
    def record(self) -> Path:
        return self.folder / "experiments" / "mine"

    def rows(self, name: str, measure: str = "") -> list[dict[str, str]]:
        return [
            row
            for row in table(self.record)
            if row["row"].startswith(name) and measure in ("", row["measure"])
        ]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("study")
    words = ["run", "mine", *study(folder, claims=[CLAIM])]
    # The record of the first row is there once the second one begins.
    stopped(words, folder, at="[3/", by=signal.SIGKILL)
    after_kill = table(folder / "experiments" / "mine")
    first = (folder / "experiments/mine/runs/plain/0/metrics.json").stat().st_mtime
    last = clusterlab("study", *words, folder=folder, environment_=without_models(folder))
    return Done(folder, words, after_kill, first, last)


def test_what_was_finished_outlives_a_kill(done: Done) -> None:
    assert done.after_kill[0]["n_runs"] == "2"
    assert [row["status"] for row in done.after_kill if row["row"] == "tuned"] == ["not run yet"]
    kept = [line for line in done.last.stderr.splitlines() if line.endswith(": kept")]
    assert kept == ["[1/9] plain, seed 0: kept", "[2/9] plain, seed 1: kept"]
    assert (done.record / "runs/plain/0/metrics.json").stat().st_mtime == done.first


def test_the_numbers_are_those_of_the_runs(done: Done) -> None:
    values = [metrics(done.record / "runs/plain" / seed)["ari/label"] for seed in ("0", "1")]
    (row,) = done.rows("plain", "ari/label")
    assert float(row["ours"]) == pytest.approx(statistics.mean(values), abs=1e-12)
    assert float(row["ours_std"]) == pytest.approx(statistics.stdev(values), abs=1e-12)
    assert float(row["difference"]) == pytest.approx(statistics.mean(values) - 0.5, abs=1e-12)
    assert row["within"] == str(abs(statistics.mean(values) - 0.5) <= 0.5).lower()
    assert (row["n_images"], row["why"].partition(";")[0]) == ("80", "a | b <c>, and é")
    assert float(done.rows("plain", "scores.csv:n[metric=ari,noise=cluster]")[0]["ours"]) == 80
    (best,) = done.rows("tuned", "n_clusters")
    assert float(best["ours"]) == metrics(done.record / "runs/tuned/0/best/1")["n_clusters"]
    assert best["n_runs"] == "1"


def test_a_sweep_is_a_row_a_combination(done: Done) -> None:
    found = {row["row"]: row for row in done.rows("swept", "ari/label")}
    assert list(found) == ["swept: n_clusters=5", "swept: n_clusters=10"]
    for k in ("5", "10"):
        run = done.record / f"runs/swept_n_clusters={k}/0"
        assert metrics(run)["n_clusters"] == int(k)
        assert float(found[f"swept: n_clusters={k}"]["ours"]) == metrics(run)["ari/label"]
    (absent, _) = done.rows("swept", "nonsense/label")
    assert (absent["ours"], absent["status"].partition(":")[0]) == (
        "",
        "no such number in this run",
    )


def test_a_row_that_fails_or_lacks_something_says_so(done: Done) -> None:
    assert done.last.returncode == 1
    assert done.rows("broken")[0]["status"].startswith("failed: n_clusters=500, but there are only")
    assert done.rows("deep")[0]["status"] == (
        "needs the weights of facebook/dinov2-base: clusterlab fetch extractor=dinov2"
    )
    assert done.rows("days")[0]["status"].startswith("needs a GPU")
    assert all(row["ours"] == "" for name in ("broken", "deep") for row in done.rows(name))


def test_the_record_tells_what_was_asked_and_found(done: Done) -> None:
    text = (done.record / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# Digits\n\nCan pixels tell them apart?\n")
    assert "clusterlab study run mine --config-dir DIR" in text
    assert "| facebook/dinov2-base | `clusterlab fetch extractor=dinov2` | deep |" in text
    (line,) = [line for line in text.splitlines() if "| ARI, label | 50.0" in line]
    row = done.rows("plain", "ari/label")[0]
    ours, std = 100 * float(row["ours"]), 100 * float(row["ours_std"])
    near = "within" if row["within"] == "true" else "beyond"
    assert line == (
        f"|  | ARI, label | 50.0 ± 25.0% | {ours:.1f} ± {std:.1f}% | {ours - 50:+.1f} points "
        f"| {near} | a \\| b &lt;c>, and é |"
    )
    assert "One seed; scores are of 80 images, where a line says nothing else." in text
    assert "| plain |  |  |  |  |  | 2 seeds |" in text
    assert "- 4 of 7 rows ran; 1 failed." in text
    assert "- 1 of 4 published numbers were computed again: " in text
    five, ten = (float(one["ours"]) for one in done.rows("swept", "ari/label"))
    holds = "holds" if ten > five else "does not hold"
    assert (
        f"- Ten clusters fit better than five: {holds} here, by single runs (ARI, label: " in text
    )
    assert "- deep: needs the weights of facebook/dinov2-base: clusterlab fetch" in text
    for figure in ("plain_cluster_sizes.png", "k.png"):
        assert f"(figures/{figure})" in text
        assert (done.record / "figures" / figure).read_bytes().startswith(b"\x89PNG")
    assert "- None, and that is one." in text
    assert str(done.folder) not in text + (done.record / "results.csv").read_text("utf-8")


def test_the_terminal_has_room_for_it(done: Done) -> None:
    lines = done.last.stdout.splitlines()
    assert lines[-1] == str(Path("experiments", "mine"))
    assert max(map(len, lines)) <= 80
    plain = lines.index("plain (2 seeds)")
    assert lines[plain + 1].split()[:5] == ["ARI,", "label", "50.0", "±", "25.0%"]


def test_an_interrupt_leaves_the_record_of_what_is_there(done: Done, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done.folder, folder)
    words = [*done.words, "--only", "pl*", "--seeds", "4"]
    assert stopped(words, folder, at="[4/4] plain, seed 3", by=signal.SIGINT) == 130
    rows = {(row["row"], row["measure"]): row for row in table(folder / "experiments" / "mine")}
    plain = rows["plain", "ari/label"]
    assert (plain["n_runs"], plain["status"]) == ("3", "not all seeds were run yet")
    # A row that was not asked for is in the record as it was.
    assert rows["swept: n_clusters=5", "ari/label"]["n_runs"] == "1"


def test_another_config_is_run_again(done: Done) -> None:
    """The runs of the same row under other words are no runs of it."""
    found = [
        {task.label: task for task in tasks(read_study("mine", done.folder / "conf"), occasion)}
        for occasion in (
            Occasion(config_dir=done.folder / "conf"),
            Occasion(config_dir=done.folder / "conf", words=("clusterer.n_init=3", "seed=7")),
        )
    ]
    plain, other = (one["plain"] for one in found)
    assert (plain.seeds, other.seeds) == ((0, 1), (7, 8))
    assert other.composed is not None
    assert other.composed.at(7)[0]["clusterer"]["n_init"] == 3


def test_the_stand_in_has_other_columns_and_no_difference(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {
        "mine": {
            "words": [
                "dataset=table",
                "dataset.path=nowhere/a.csv",
                "dataset.label_columns=[povo]",
            ],
            "measures": {"ari/povo": {"published": 0.5, "std": 0.1}},
        },
        "other": {"measures": {"ari/povo": {}}},
    }
    stand_in = {
        "what": "digits",
        "rows": {"m*": ["dataset=digits", "~dataset.path", "~dataset.label_columns"]},
        "columns": {"povo": "label"},
        "without": {"other": "nothing like it"},
        "smoke": {"only": ["*"], "words": ["clusterer.n_clusters=6"]},
    }
    flag = study(tmp_path, rows=rows, stand_in=stand_in, figures=[], charts=[])
    monkeypatch.chdir(tmp_path)
    assert main(["study", "run", "mine", "--smoke", *flag]) == 0
    record = tmp_path / "runs" / "mine_smoke"
    mine, other = table(record)
    ours = metrics(record / "runs/mine/0")
    assert (mine["measure"], mine["found_as"]) == ("ari/povo", "ari/label")
    assert float(mine["ours"]) == ours["ari/label"]
    assert (mine["difference"], mine["within"], ours["n_clusters"]) == ("", "", 6)
    assert other["status"] == "no stand-in: nothing like it"
    assert "other images" in mine["why"]
    assert "\n\n**Other images and models" in (record / "README.md").read_text(encoding="utf-8")
    capfd.readouterr()

    assert main(["study", "run", "mine", "--only", "mine", *flag]) == 1
    said = capfd.readouterr()
    assert "nothing could be run" in said.err
    assert "needs the study's data, handwritten digits: --dataset PATH" in " ".join(
        said.out.split()
    )
    assert table(tmp_path / "experiments" / "mine")[0]["n_runs"] == "0"
    text = (tmp_path / "experiments/mine/README.md").read_text(encoding="utf-8")
    assert "- None of the rows was run." in text
    assert "| row | measure | published |\n|-|-|-:|\n| mine | ARI, povo | 0.5 ± 0.1 |\n" in text
    assert text.count("handwritten digits") == 2


def test_check_says_what_is_lacking(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("image,kind\nx.png,a\n", encoding="utf-8")
    words = ["dataset=table", "dataset.path=nowhere.csv", "dataset.label_columns=[kind]"]
    lacking = {"words": [*words, "dataset.sample_per_class=null"], "measures": {"ari/kind": {}}}
    flag = study(tmp_path, rows={"plain": lacking}, figures=[], charts=[])
    own = ["--dataset", str(tmp_path / "a.csv")]
    assert main(["study", "check", "mine", *flag]) == 1
    assert "needs the study's data, handwritten digits" in capfd.readouterr().out
    assert main(["study", "check", "mine", *flag, *own]) == 0
    assert capfd.readouterr().out == "mine: 1 of 1 rows can be run here\n"
    extra = ["dataset.label_columns=[colour]", "weights_dir=w", "extractor=vgg16"]
    weights = "extractor.weights=${weights_dir}/v.pth"
    assert main(["study", "check", "mine", *flag, *own, *extra, weights, "--json"]) == 1
    (row,) = json.loads(capfd.readouterr().out)["mine"]
    assert [lack["kind"] for lack in row["lacks"]] == ["data", "weights"]
    assert "Unknown column 'colour'" in row["lacks"][0]["way"]
    assert row["lacks"][1]["way"].startswith("weights_dir=FOLDER with v.pth in it")


@pytest.mark.parametrize("name", studies())
def test_every_study_can_be_run_on_its_stand_in(name: str) -> None:
    """Some of its rows compose and build there: those of the smoke test, and one for each of the
    words that single rows are given. (`clusterlab study check --stand-in` does it for all.)"""
    told = read_study(name)
    assert {row.experiment or own for own, row in told.rows.items()} <= {*groups()["experiment"]}
    patterns = [one for one in told.stand_in.rows if one not in told.stand_in.without]
    first = [next(row for row in told.rows if matches(row, [one])) for one in patterns]
    taken = {row for row in told.rows if row in first or matches(row, told.stand_in.smoke.only)}
    taken |= {before for row in taken if (before := told.rows[row].after)}
    rows = {row: one for row, one in told.rows.items() if row in taken}
    states = look(told.model_copy(update={"rows": rows}), Occasion(stand_in=True))
    assert {one.task.label: one.problem for one in states if "failed" in one.problem} == {}
    assert any(one.task.composed is not None for one in states)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"charts": [], "figures": [{"row": "plane", "file": "a", "caption": "b"}]}, "'plain'?"),
        ({"rows": {"plain": {"after": "plain"}}, "charts": []}, "plain -> plain wait for each"),
        ({"claims": [{**CLAIM, "measure": "ari/lable"}]}, "no measure 'ari/lable'. Did you mean"),
        ({"seeds": 0, "colour": "red"}, "study mine: seeds: Input should be"),
        ({"seeds": 0, "colour": "red"}, "study mine: colour: Extra inputs"),
    ],
)
def test_a_wrong_study_is_refused(changes: dict[str, object], says: str, tmp_path: Path) -> None:
    study(tmp_path, **changes)
    with pytest.raises(ConfigError) as error:
        tasks(read_study("mine", tmp_path / "conf"), Occasion(config_dir=tmp_path / "conf"))
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["study"], "Say what to do with a study"),
        (["study", "runn", "museum"], "Did you mean 'run'?"),
        (["study", "run"], "needs the name of a study"),
        (["study", "run", "musuem"], "Did you mean 'museum'?"),
        (["study", "run", "museum", "--sed", "3"], "Did you mean '--seeds'?"),
        (["study", "show", "museum", "--seeds", "3"], "`clusterlab study show` has no flag"),
        (["study", "run", "museum", "--seeds", "some"], "--seeds is 'some'"),
        (["study", "run", "museum", "--stand-in", "--dataset", "a"], "takes others"),
        (["run", "study=museum"], "clusterlab study run museum"),
        (["list", "study"], "clusterlab study list"),
    ],
)
def test_wrong_words_are_answered(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) in (1, 2)
    assert says in capsys.readouterr().err


def test_only_names_rows_that_there_are(tmp_path: Path) -> None:
    study(tmp_path)
    conf = tmp_path / "conf"
    with pytest.raises(UsageError, match="Did you mean 'plain'"):
        tasks(read_study("mine", conf), Occasion(only=("plian",), config_dir=conf))


def test_every_study_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(studies())
    assert main(["study", "show", "museum"]) == 0
    shown = capsys.readouterr().out
    assert "70.99 ± 0.73%" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_cell_of_any_table_is_found(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('name,value\n"a, b",0.25\n"c=""d""",\n', encoding="utf-8")
    assert value_of(tmp_path, 't.csv:value["name=a, b"]') == 0.25
    for cell, says in {
        't.csv:value["name=c=""d"""]': "not defined",
        "t.csv:value": "2 rows",
        "t.csv:valeu[name=a]": "Did you mean 'value'?",
        "u.csv:value": "no u.csv",
    }.items():
        with pytest.raises(Exception, match="no such number in this run") as error:
            value_of(tmp_path, cell)
        assert says in str(error.value)


def test_a_number_is_of_the_images_of_its_own_row(tmp_path: Path) -> None:
    """The ceiling has a split of its own; a baseline learns from no label; a cut is of no image."""
    (tmp_path / "ceiling.csv").write_text(
        "label,split,metric,value,n,marks\n"
        "kind,train,accuracy,1,1438,supervised; seen in training\n"
        "kind,test,accuracy,0.9,359,supervised; seen in training\n"
        "kind,test,majority,0.1,359,supervised; seen in training\n",
        encoding="utf-8",
    )
    (tmp_path / "macro_cuts.csv").write_text("share,height,n_macro\n0.5,8,9\n", encoding="utf-8")
    told = {"scored_split": "test", "n_scored": 180}
    learned = {"seen_splits": ["train", "val"], "seen_labels": ["kind"]}
    found = {
        key: origin(tmp_path, key, told, learned)
        for key in (
            *("ceiling_accuracy/kind", "ceiling_train_accuracy/kind", "ceiling_majority/kind"),
            *("macro_cuts.csv:n_macro[share=0.5]", "n_clusters", "noise_share"),
        )
    }
    assert [phrase([one]) for one in found.values()] == [
        *("359 test images", "1,438 training images", "359 test images"),
        *("", "", "180 unseen test images"),
    ]
    both = ("supervised", "seen in training")
    assert [one.marks for one in found.values()] == [both, both, (), (), (), ()]
