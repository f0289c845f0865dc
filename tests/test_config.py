"""The config: what composes, what is refused, and what the refusal says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from clusterlab.config.build import build
from clusterlab.config.compose import compose, settled, without_sweeps
from clusterlab.config.find import conf_dir, groups, options_with
from clusterlab.config.resolved import of_a_run, resolve, stage_choices
from clusterlab.errors import ClusterlabError, ConfigError

OPTIONS = [
    (group, option)
    for group, known in groups().items()
    for option in known
    if option != "custom" and group != "study"
]


def message(*overrides: str, config_dir: Path | None = None) -> str:
    """What a user reads when these words do not make a run."""
    try:
        config = compose(overrides, config_dir)
        build({**resolve(config), "store": False}, {})
    except ClusterlabError as error:
        return str(error)
    raise AssertionError(f"{overrides} made a run")


def needed(group: str, option: str) -> list[str]:
    """The values without which an option cannot be built: the user's own paths and columns."""
    text = (conf_dir() / group / f"{option}.yaml").read_text(encoding="utf-8")
    unset = [key for key, value in (yaml.safe_load(text) or {}).items() if value == "???"]
    values = {
        "path": "somewhere",
        "columns": "[a]",
        "column": "a",
        "categories": "[a,b,c]",
        "model": "resnet18",
    }
    return [f"{group}.{key}={values[key]}" for key in unset]


def around(group: str) -> list[str]:
    """The options that have a group within them; of a stage only that it has none around it."""
    outer, _, last = group.rpartition("/")
    return [f"{outer}={option}" for option in options_with(outer, last)] if outer else [""]


# The experiments: test_every_experiment_is_valid in test_cli.py builds each.
@pytest.mark.parametrize(
    ("group", "option"), [one for one in OPTIONS if one[0] != "experiment"], ids=lambda part: part
)
def test_every_option_composes_and_builds(group: str, option: str) -> None:
    extra = needed(group, option)
    assert around(group)
    for outer in around(group):
        words = [outer, f"{group}={option}", *extra]
        config = compose([word for word in words if word])
        choices = stage_choices(config.hydra.runtime.choices)
        build({**resolve(config), "store": False}, choices)
        assert choices[group] == option


@pytest.mark.parametrize(("group", "option"), OPTIONS, ids=lambda part: part)
def test_every_option_says_what_it_is(group: str, option: str) -> None:
    assert len(groups()[group][option]) > 15


@pytest.mark.parametrize("name", sorted(groups()["experiment"]))
def test_an_experiment_opens_with_its_command_and_bears_its_name(name: str) -> None:
    lines = (conf_dir() / "experiment" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    config = compose([f"experiment={name}"])
    verb = "tune" if config.search.space else "run"
    assert lines[:2] == ["# @package _global_", f"# clusterlab {verb} +experiment={name}"]
    assert config.name == name


def test_options_that_are_chosen_together_are_told_of() -> None:
    config = compose(["labeler=[clip,server]", "view=[pca,umap]", "taxonomy=ncp_3"])
    resolved, choices = of_a_run(resolve(config), stage_choices(config.hydra.runtime.choices))
    assert (choices["labeler"], choices["view"]) == ("clip+server", "pca+umap")
    assert "taxonomy" in resolved
    assert "search" not in resolved


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["clusterer=kmean"], "Unknown clusterer 'kmean'. Did you mean 'kmeans'?"),
        (["clusterr=kmeans"], "Unknown key 'clusterr'. Did you mean 'clusterer'?"),
        (["experiment=ci_smok"], "Unknown experiment 'ci_smok'. Did you mean 'ci_smoke'?"),
        (["view=[pca,umpa]"], "Unknown view 'umpa'. Did you mean 'umap'?"),
        (["labeler=[clip,lava]"], "Unknown labeler 'lava'. Did you mean 'llava'?"),
        (
            ["labeler=clip", "labeler.server.url=U"],
            "labeler.server.url is set, but server is not among what was chosen (labeler=clip). "
            "Add it: 'labeler=[clip,server]'.",
        ),
        (["labeler=clip", "labeler.model=m"], "name comes first: labeler.clip.model."),
        (["labeler.clip.model=m"], "but labeler=none has no such argument. It needs labeler=clip."),
        (["taxonomy.categories=cat"], "Write it in brackets: 'taxonomy.categories=[cat]'."),
        (["taxonomy.categories=[a,null]"], "holds NoneType where str is meant."),
        (["sedd=3"], "Unknown key 'sedd'. Did you mean 'seed'?"),
        (["+sedd=3"], "Unknown key 'sedd'. Did you mean 'seed'?"),
        (["report.max_thumbs=3"], "Did you mean 'max_thumbnails'?"),
        (["clusterer.n_cluster=3"], "KMeans takes no such argument. Did you mean 'n_clusters'?"),
        (["+clusterer.kk=3"], "Unknown key 'clusterer.kk': KMeans takes no such argument."),
        (["extractor.celsl=3"], "Unknown key 'extractor.celsl': "),
        (["model=resnet50"], "extractor.model is set, but Hog has no such argument"),
        (
            ["extractor=fusion", "weights=random"],
            "In a fusion it is a part's: extractor.parts.NAME",
        ),
        (["extractor=timm", "model=resnet50", "extractor.crp=3"], "Did you mean 'crop'?"),
        (["precision=half"], "Unknown precision 'half'. Use one of auto, fp32, bf16, fp16."),
        (["backend=openvin"], "Unknown backend 'openvin'. Did you mean 'openvino'?"),
        (["device=[]"], "device is []; it must be auto"),
        (["seed=abc"], "Wrong type for 'seed': Value 'abc'"),
        (["clusterer.n_clusters=ten"], "must be an int in the range [1, inf). Got 'ten'"),
        (["clusterer.n_clusters=0"], "must be an int in the range [1, inf). Got 0"),
        (["reducer.n_components=many"], "Wrong type for 'reducer.n_components': 'many'"),
        (["dataset.sample_per_class=lots"], "'lots' is not int"),
        (["dataset=folder"], "dataset.path has no value yet. Set it: dataset.path=..."),
        (["clusterer._target_=os.system"], "outside the allowed packages"),
        (["clusterer._target_=sklearn.cluster.Birsch"], "cannot be imported"),
        (
            ["dataset=table", "dataset.path=t.csv", "dataset.label_columns=word"],
            "is not Sequence[str]. Write a list in brackets: 'dataset.label_columns=[word]'.",
        ),
        (["batch_size=0"], "batch_size is 0; it must be at least 1"),
        (["workers=-1"], "workers is -1"),
        (["report.max_thumbnails=-1"], "report.max_thumbnails is -1"),
        (["decode.background=whyte"], "decode.background 'whyte' is no colour"),
        (["clusterer=[kmeans"], "An override cannot be read"),
        (["finetune=classifer"], "Unknown finetune 'classifer'. Did you mean 'classifier'?"),
        (["finetune=museum"], "Unknown finetune 'museum'. See: clusterlab list finetune."),
        (
            ["finetune=classifier", "finetune/rebalance=blanced"],
            "Unknown finetune/rebalance 'blanced'. Did you mean 'balanced'?",
        ),
        (
            ["finetune=classifier", "finetune.rebalance=balanced"],
            "choose one of them with a slash, finetune/rebalance=balanced.",
        ),
        (["finetune.augmentation=flip"], "with a slash, finetune/augmentation=flip."),
        (["finetune/rebalance=balanced"], "finetune/rebalance is chosen, in these words or in"),
        (["finetune/rebalance=balanced"], "finetune=classifier."),
        (["finetune=none", "finetune/rebalance=balanced"], "finetune=classifier."),
        (["rebalance=balanced"], "Unknown key 'rebalance'. Did you mean 'finetune/rebalance'?"),
        (["finetune/rebalanc=balanced"], "Did you mean 'finetune/rebalance'?"),
        (["finetune/epochs=3"], "Unknown group 'finetune/epochs'. Did you mean 'finetune.epochs'?"),
        (["finetune.learning_rate=1e-3"], "but finetune=none has no such argument. It needs"),
        (["finetune.rebalance.threshold=2"], "finetune.rebalance.threshold is set, but finetune="),
        (["reducer=none", "reducer.n_neighbors=5"], "It needs reducer=umap."),
        (["finetune=classifier", "finetune.learnin_rate=1"], "Did you mean 'learning_rate'?"),
        (["finetune=classifier", "finetune.rebalance.treshold=1"], "Did you mean 'threshold'?"),
        (["finetune=classifier", "finetune.frozen=1.0"], "nothing of the extractor would be"),
        (["clustered_split=tset"], "Unknown clustered_split 'tset'. Did you mean 'test'?"),
        (["clustered_split=auto"], "Use one of all, train, val, test."),
        (["scored_split=tests"], "Unknown scored_split 'tests'. Did you mean 'test'?"),
        (["reducer.n_components=${sed}"], "refers to 'sed', which the config does not have"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_bad_words_are_answered(words: list[str], says: str) -> None:
    assert says in message(*words)


def test_every_problem_is_named_at_once() -> None:
    said = message("clusterer.n_clusters=ten", "reducer.n_component=3", "+sedd=1")
    assert len(said.splitlines()) == 3


def test_an_argument_that_the_yaml_does_not_write_out_can_be_set() -> None:
    assert resolve(compose(["clusterer.max_iter=7"]))["clusterer"]["max_iter"] == 7


@pytest.mark.parametrize(
    "words",
    [
        ["finetune=classifier", "finetune/rebalance=balanced", "finetune.epochs=3"],
        ["finetune=classifier", "finetune.rebalance.drop_below=5"],
        ["finetune=classifier", "finetune.rebalance=null"],
        ["experiment=clothing_mobilenetv2_ft", "finetune/rebalance=balanced"],
        ["finetune=none", "~finetune.learning_rate"],
    ],
    ids=" ".join,
)
def test_words_of_fine_tuning_that_are_right(words: list[str]) -> None:
    if "~finetune.learning_rate" in words:
        assert "finetune=" not in message(*words), "to take out what is not there needs no option"
        return
    assert build({**resolve(compose(words)), "store": False}, {}).finetune.instance.columns is None


def test_a_sweep_over_an_option_leaves_its_own_words_to_each_run() -> None:
    words = ["finetune=none,classifier", "++finetune.epochs=3", "finetune/rebalance=none", "seed=1"]
    assert settled(words) == ["seed=1"]
    assert without_sweeps(words) == words[1:]
    of_experiments = ["+experiment=a,b", "++finetune.epochs=3", "finetune=classifier"]
    assert settled(of_experiments) == ["finetune=classifier"]
    one = ["finetune=classifier", "finetune/rebalance=none,balanced", "++finetune.epochs=3"]
    assert settled(one) == [one[0], "finetune/rebalance=none", one[2]]


def test_malformed_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    file = tmp_path / "experiment" / "mine.yaml"
    file.write_text("# @package _global_\nseed: [1\nname: mine\n", encoding="utf-8")
    said = message("experiment=mine", config_dir=tmp_path)
    assert f"Malformed YAML in {file}, line 3" in said


def test_own_configs_join_the_groups(tmp_path: Path) -> None:
    (tmp_path / "clusterer").mkdir()
    (tmp_path / "clusterer" / "birch.yaml").write_text(
        "# Birch.\n_target_: sklearn.cluster.Birch\nn_clusters: 7\n", encoding="utf-8"
    )
    config = resolve(compose(["clusterer=birch"], tmp_path))
    assert config["clusterer"] == {"_target_": "sklearn.cluster.Birch", "n_clusters": 7}


def test_own_options_join_the_groups_within_a_stage(tmp_path: Path) -> None:
    (tmp_path / "finetune" / "rebalance").mkdir(parents=True)
    (tmp_path / "finetune" / "rebalance" / "mine.yaml").write_text(
        "# Rare classes are left out.\ndefaults: [none, _self_]\ndrop_below: 5\n"
    )
    config = resolve(compose(["finetune=classifier", "finetune/rebalance=mine"], tmp_path))
    assert config["finetune"]["rebalance"]["drop_below"] == 5
    assert groups(tmp_path)["finetune/rebalance"]["mine"] == "Rare classes are left out."
    said = message("finetune=classifier", "finetune/rebalance=mien", config_dir=tmp_path)
    assert "Did you mean 'mine'?" in said


def test_a_missing_config_dir_is_an_error(tmp_path: Path) -> None:
    assert "is not a folder" in message(config_dir=tmp_path / "nowhere")


def test_the_allowed_packages_are_the_users_to_widen() -> None:
    words = ["clusterer=custom", "clusterer._target_=collections.Counter"]
    assert "outside the allowed packages" in message(*words)
    trusted = "allowed_targets=[clusterlab,sklearn,umap,collections]"
    assert "collections.Counter has no fit_predict or fit" in message(*words, trusted)


def test_a_config_file_cannot_widen_what_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\nallowed_targets: [clusterlab, sklearn, umap, os]\n"
    )
    said = message("experiment=mine", config_dir=tmp_path)
    assert "A config file allows os in allowed_targets, which only the command line can" in said


NO_CODE = "{_target_: hdbscan.HDBSCAN, metric: '\\${oc.create:\"{_target_: os.getcwd}\"}'}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hydra: {callbacks: {x: {_target_: shutil.copyfile}}}", "no part of Hydra"),
        (f"clusterer: {NO_CODE}", ""),
        ("clusterer: {_target_: sklearn.datasets._base.urlretrieve}", "is no class"),
        ("clusterer: {_target_: clusterlab.cli.main.main}", "is no class"),
        ("clusterer: {_target_: sklearn.base.defaultdict}", "outside the allowed packages"),
        ("clusterer: {_target_: sklearn}", "cannot be imported"),
        ("clusterer: {_target_: sklearn.cluster}", "is no class"),
        ("clusterer: {_target_: sklearn.model_selection.KFold}", "cannot be a clusterer"),
        ("view: {foo: 3}", "view.foo has no _target_"),
    ],
)
def test_a_config_is_not_code(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    option = "/view: none" if text.startswith("view") else "/clusterer: custom"
    (tmp_path / "experiment" / "mine.yaml").write_text(
        f"# @package _global_\ndefaults:\n  - override {option}\n{text}\n", encoding="utf-8"
    )
    if says:
        assert says in message("experiment=mine", config_dir=tmp_path)
    else:
        config = resolve(compose(["experiment=mine"], tmp_path))
        plan = build({**config, "store": False}, {})
        assert plan.clusterer.instance.metric.startswith("${oc.create"), "text stays text"


def test_nested_targets_are_checked_too() -> None:
    said = message(
        "reducer=custom",
        "reducer._target_=sklearn.pipeline.make_pipeline",
        "reducer._args_=[{_target_: os.getcwd}]",
    )
    assert "reducer._args_[0]: _target_ 'os.getcwd' is outside the allowed packages" in said


def test_a_config_error_lists_its_problems() -> None:
    assert ConfigError(["one", "two"]).problems == ["one", "two"]
