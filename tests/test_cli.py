"""The command line: what each verb prints, and how it ends."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from clusterlab.cli.completion import answers
from clusterlab.cli.main import VERBS, main
from clusterlab.cli.run import HELP
from clusterlab.config.find import groups
from tests.runs import clusterlab


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples_that_fits_80_columns(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: clusterlab {verb}")
    assert f"\nexamples:\n  clusterlab {verb}" in said or "\nexamples:\n  eval" in said
    assert max(map(len, said.splitlines())) <= 80


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {verb} " in said for verb in VERBS)


def test_no_word_at_all_is_wrong_usage() -> None:
    assert main([]) == 2


def test_the_version_is_clusterlabs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"clusterlab \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["rnu"], 2, "Unknown verb 'rnu'. Did you mean 'run'?"),
        (["list", "clusterers"], 1, "Unknown group 'clusterers'. Did you mean 'clusterer'?"),
        (["list", "--jsn"], 2, "Unknown flag '--jsn'. Did you mean '--json'?"),
        (["list", "clusterer", "reducer"], 2, "Unexpected word 'reducer'"),
        (["show", "kmeans"], 2, "'kmeans' is not key=value"),
        (["validate", "ci_smok"], 1, "Unknown experiment 'ci_smok'. Did you mean 'ci_smoke'?"),
        (["doctor", "--prune", "soon"], 2, "--prune takes a number of days, not 'soon'"),
        (["doctor", "--prune=-1"], 2, "from 0 up"),
        (["completion", "fish"], 2, "Unknown shell 'fish'"),
        (["run", "clusterer=kmean"], 1, "Did you mean 'kmeans'?"),
        (["run", "-m", "extractor=glob(zzz*)"], 1, "matches no extractor"),
        (["run", "-m", "extractor=hog,color"], 1, "Unknown extractor 'color'."),
        (["run", "ci_smoke"], 2, "Did you mean +experiment=ci_smoke?"),
        (["run", "+clusterer.kk=3"], 1, "KMeans takes no such argument"),
        (["run", "dataset=folder"], 1, "dataset.path has no value yet"),
        (["run", "finetune/rebalance=balanced"], 1, "finetune=classifier."),
        (["run", "finetune.rebalance=balanced"], 1, "finetune/rebalance=balanced"),
        (["run", "finetune.epochs=3"], 1, "finetune=classifier"),
        (["run", "-m", "finetune/rebalance=none,balanced"], 1, "finetune=classifier"),
        (["run", "-m", "finetune.frozen=0,.5"], 1, "finetune=classifier"),
        (["show", "finetune/rebalance=balanced"], 1, "finetune=classifier"),
        (["list", "finetune/rebalanc"], 1, "Did you mean 'finetune/rebalance'?"),
        (["fetch", "finetune=classifer"], 1, "Did you mean 'classifier'?"),
        (["run", "--config-dir", "/nowhere/at/all"], 1, "is not a folder"),
        (["run", "--again", "/nowhere/at/all"], 1, "is no run folder"),
        (["run", "--config-dir"], 2, "--config-dir needs a value"),
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
    assert main(words) == code
    said = capsys.readouterr()
    assert says in said.err
    assert "Traceback" not in said.err
    assert not said.out
    assert not (tmp_path / "runs").exists(), "nothing was run, so nothing is left behind"


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = clusterlab("run", "clusterer=kmean", "--debug", folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_list_shows_every_group_in_80_columns(tmp_path: Path) -> None:
    done = clusterlab("list", folder=tmp_path)
    lines = done.stdout.splitlines()
    assert set(groups()) <= set(lines)
    assert max(map(len, lines)) <= 80


def test_list_of_a_group_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "clusterer", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"clusterer": groups()["clusterer"]}


def test_list_of_a_stage_has_the_groups_within_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "finetune", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed) == ["finetune", "finetune/augmentation", "finetune/rebalance"]
    assert main(["list", "finetune/rebalance", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "finetune/rebalance": listed["finetune/rebalance"]
    }
    order = list(groups())
    assert order.index("finetune") + 1 == order.index("finetune/augmentation")


def test_hydras_own_flags_work(tmp_path: Path) -> None:
    done = clusterlab("run", "--cfg", "job", "seed=7", "--package", "clusterer", folder=tmp_path)
    assert "n_clusters: 10" in done.stdout
    assert not (tmp_path / "runs").exists()
    assert clusterlab("run", "--bogus", folder=tmp_path).returncode == 2


def test_show_prints_the_config_that_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "clusterer=dbscan", "clusterer.eps=0.3", "seed=5"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["clusterer"]["eps"] == 0.3
    assert shown["reducer"]["random_state"] == 5
    assert "hydra" not in shown


def test_every_experiment_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--all"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(groups()["experiment"])
    assert all(line.startswith("valid ") for line in said)


def test_the_examples_of_run_are_valid(capsys: pytest.CaptureFixture[str]) -> None:
    whole = HELP.replace("\\\n", " ")
    lines = [line for line in whole.splitlines() if line.startswith("  clusterlab run ")]
    plain = [shlex.split(line)[2:] for line in lines if " -m " not in line]
    assert len(plain) > 4
    for words in plain:
        options = [word for word in words if not word.startswith("hydra.")]
        assert main(["validate", *options]) == 0, capsys.readouterr().err


def test_validate_takes_what_run_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "~clusterer.n_init"]) == 0
    assert "valid" in capsys.readouterr().out


def test_validate_names_every_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "ci_smoke", "clusterer.kk=3", "seed=1", "+sede=1"]) == 1
    said = capsys.readouterr()
    assert said.out == "invalid  ci_smoke\n"
    assert "clusterer.kk" in said.err
    assert "'sede'" in said.err


def test_doctor_says_what_is_here(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["devices"][0] == "cpu"
    assert found["machine"]["memory_gib"] > 0
    assert re.match(r"\d+\.\d+", found["versions"]["scikit-learn"])
    assert found["store"]["path"].startswith(str(tmp_path))
    assert main(["doctor"]) == 0
    assert "store" in capsys.readouterr().out


def test_doctor_lists_the_weights_in_the_local_cache(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    (tmp_path / "hub" / "models--facebook--dinov2-small").mkdir(parents=True)
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["weights"] == ["facebook/dinov2-small"]


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        (["ru"], ["run"]),
        (["run", "clusterer=hd"], ["clusterer=hdbscan"]),
        (["run", "+exp"], ["+experiment="]),
        (["run", "+experiment=ci"], ["+experiment=ci_smoke"]),
        (["show", "clusterer.min_cl"], ["clusterer.min_cluster_size="]),
        (["validate", "ci_"], ["ci_smoke"]),
        (["list", "datas"], ["dataset"]),
        (["completion", "z"], ["zsh"]),
        (["run", "finetune=cl"], ["finetune=classifier"]),
        (["run", "finetune/"], ["finetune/augmentation=", "finetune/rebalance="]),
        (["run", "finetune/rebalance=ba"], ["finetune/rebalance=balanced"]),
        (["run", "finetune.rebalance.th"], ["finetune.rebalance.threshold="]),
        (["run", "finetune.learn"], ["finetune.learning_rate="]),
        (["run", "finetune.def"], []),
        (["list", "finetune/r"], ["finetune/rebalance"]),
        (["run", "nonsense"], []),
    ],
)
def test_completion_offers_what_there_is(typed: list[str], offers: list[str]) -> None:
    assert answers(typed) == offers


def test_the_bash_script_completes_in_a_real_bash(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    command = Path(sys.executable).with_name("clusterlab")
    script = f"""
        PATH="{command.parent}:$PATH"
        eval "$(clusterlab completion bash)"
        COMP_LINE="clusterlab run clusterer=hd"; COMP_POINT=${{#COMP_LINE}}
        _clusterlab; echo "${{COMPREPLY[@]}}"
        COMP_LINE="clusterlab va"; COMP_POINT=${{#COMP_LINE}}
        _clusterlab; echo "${{COMPREPLY[@]}}"
        COMP_LINE="clusterlab list "; COMP_POINT=${{#COMP_LINE}}
        _clusterlab; echo "${{#COMPREPLY[@]}}"
        COMP_LINE="clusterlab run finetune/rebalance=ba"; COMP_POINT=${{#COMP_LINE}}
        _clusterlab; echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        [bash, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = ["hdbscan", "validate", str(len(groups())), "balanced"]
    assert done.stdout.splitlines() == expected


def test_the_zsh_script_completes_in_a_real_zsh(tmp_path: Path) -> None:
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("there is no zsh here")
    command = Path(sys.executable).with_name("clusterlab")
    # A terminal inside zsh: type half a word and the tab key, then read what became of it.
    script = f"""
        zmodload zsh/zpty
        zpty terminal zsh -f -i
        zpty -w terminal 'PATH="{command.parent}:$PATH"; autoload -Uz compinit; compinit -u -D'
        zpty -w terminal 'eval "$(clusterlab completion zsh)"; echo rea""dy'
        zpty -r terminal out '*ready*'
        zpty -w -n terminal $'clusterlab run clusterer=hd\t'
        zpty -r terminal out '*clusterer=hdbscan*' && echo completed
        zpty -d terminal
    """
    done = subprocess.run(
        [zsh, "-f", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "completed"


def test_help_and_list_answer_at_once(tmp_path: Path) -> None:
    """Within .2 s and .5 s of a bare interpreter, by medians of interleaved runs."""

    def seconds(*arguments: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True, cwd=tmp_path)
        return time.perf_counter() - begin

    times: dict[str, list[float]] = {"bare": [], "help": [], "list": []}
    for _ in range(5):
        times["bare"].append(seconds("-c", "pass"))
        times["help"].append(seconds("-m", "clusterlab", "--help"))
        times["list"].append(seconds("-m", "clusterlab", "list"))
    median = {name: statistics.median(values) for name, values in times.items()}
    assert median["help"] - median["bare"] < 0.2
    assert median["list"] - median["bare"] < 0.5


@pytest.mark.parametrize("verb", ["list", "completion"])
def test_light_verbs_import_nothing_heavy(verb: str) -> None:
    code = (
        "import sys; from clusterlab.cli.main import main; "
        f"main(['{verb}', *(['bash'] if '{verb}' == 'completion' else [])]); "
        "print(*sorted({'numpy', 'sklearn', 'torch', 'hydra', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
