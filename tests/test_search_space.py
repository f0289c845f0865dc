"""What may be searched: options, ranges, and what is refused before the first trial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from clusterlab.config.build import build
from clusterlab.config.compose import compose
from clusterlab.config.find import groups
from clusterlab.config.ranges import read_space, with_values
from clusterlab.config.resolved import resolve, stage_choices
from clusterlab.config.search_plan import compose_search, search_plan
from clusterlab.errors import ClusterlabError
from clusterlab.searching import Objective, Range, Trial
from clusterlab.tuning.best import best_trials
from clusterlab.tuning.objectives import WORST, parse, worst_value
from clusterlab.tuning.penalties import largest, penalties
from clusterlab.tuning.plan import Settings
from clusterlab.tuning.propose import grid, is_set, sampler
from clusterlab.tuning.study import Study


def resolved(*words: str, config_dir: Path | None = None) -> dict[str, Any]:
    return resolve(compose_search(list(words), config_dir))


def targets(config: Mapping[str, Any]) -> tuple[str, str]:
    names = (config[stage]["_target_"].rpartition(".")[2] for stage in ("reducer", "clusterer"))
    reducer, clusterer = names
    return reducer, clusterer


def message(*words: str) -> str:
    """What a user reads when these words make no search."""
    try:
        config = compose_search(list(words))
        build({**resolve(config), "store": False}, stage_choices(config.hydra.runtime.choices))
    except ClusterlabError as error:
        return str(error)
    raise AssertionError(f"{words} made a search")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["search=hdbscan"], ("PCA", "HDBSCAN")),
        (["search=umap"], ("UMAP", "KMeans")),
        (["search=[umap,hdbscan]"], ("UMAP", "HDBSCAN")),
        (["search=[umap,hdbscan]", "reducer=tsne"], ("TSNE", "HDBSCAN")),
        (["clusterer=hdbscan"], ("PCA", "HDBSCAN")),
        (["+experiment=ci_smoke", "search=dbscan"], ("PCA", "KMeans")),
        (["+experiment=ci_smoke", "search=dbscan", "clusterer=dbscan"], ("PCA", "DBSCAN")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_search_option_chooses_its_component_unless_others_do(
    words: list[str], expected: tuple[str, str]
) -> None:
    assert targets(resolved(*words)) == expected


def test_an_experiment_may_bring_a_list_of_searches(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /search: [ncp, umap, hdbscan]\nname: mine\n"
    )
    config = resolved("+experiment=mine", config_dir=tmp_path)
    assert targets(config) == ("UMAP", "HDBSCAN")
    assert {*config["search"]["space"]} == {"reducer", "clusterer"}
    assert config["search"]["n_clusters"] == [50, 300]
    assert config["search"]["noise_penalty"] == 0


def test_without_ranges_they_are_those_of_the_clusterer() -> None:
    assert (
        resolved("clusterer=dbscan")["search"]["space"]
        == (resolved("search=dbscan")["search"]["space"])
    )
    mine = resolved("clusterer=dbscan", "search.space.clusterer.eps=[1.0,2.0]")
    assert mine["search"]["space"] == {"clusterer": {"eps": [1.0, 2.0]}}, "a range is enough"


@pytest.mark.parametrize(
    "word",
    [
        "search.space.clusterer.eps={low: 1.0, high: 3.0}",
        "search.space.clusterer.eps=[0.5,1.0]",
        "search.space.clusterer.min_samples=[3]",
    ],
)
def test_a_range_on_the_command_line_replaces_the_one_that_is_there(word: str) -> None:
    space = resolved("search=dbscan", word)["search"]["space"]["clusterer"]
    key, _, text = word.partition("=")
    expected = {"low": 1.0, "high": 3.0} if "low" in text else None
    value = space[key.rpartition(".")[2]]
    assert value == expected or str(value).replace(" ", "") == text
    assert len(space) == 2


def test_a_range_can_be_taken_out() -> None:
    space = resolved("search=hdbscan", "~search.space.clusterer.metric")["search"]["space"]
    assert "metric" not in space["clusterer"]
    assert len(space["clusterer"]) == 4


@pytest.mark.parametrize("option", sorted({*groups()["search"]} - {"none"}))
def test_every_search_option_makes_a_plan_whose_ends_can_be_built(option: str) -> None:
    config = compose([f"search={option}"])
    if not config.search.space:
        return
    plan = search_plan({**resolve(config), "store": False}, {})
    for name, span in plan.ranges.items():
        for value in span.choices or (span.low, span.high):
            reducer, clusterer = plan.build({name: value})
            assert str(value) in str([reducer.config, clusterer.config])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["clusterer=gmm"], "there are none for the clusterer 'gmm'"),
        (["search=hdbscn"], "Unknown search 'hdbscn'. Did you mean 'hdbscan'?"),
        (["search.ntrials=3"], "Unknown key 'search.ntrials'. Did you mean 'n_trials'?"),
        (["search.n_trials=many"], "Wrong type for 'search.n_trials'"),
        (["search.n_trials=0"], "search.n_trials is 0; it must be at least 1."),
        (["search.noise_penalty=nan"], "search.noise_penalty is nan"),
        (["search.cluster_penalty=inf"], "search.cluster_penalty is inf"),
        (["search.timeout=0"], "search.timeout is 0"),
        (["search.timeout=nan"], "search.timeout is nan"),
        (["search.n_clusters=[5]"], "it must be [low, high]"),
        (["search.n_clusters=[9,5]"], "it must be [low, high]"),
        (["search.sampler=tp"], "Unknown search.sampler 'tp'. Did you mean 'tpe'?"),
        (["search.scored_in=feature"], "Did you mean 'features'?"),
        (["search.objective=silhouete"], "Did you mean 'silhouette'?"),
        (["search.objective=[]"], "search.objective is an empty list"),
        (["search.objective=[ari,ari]"], "names 'ari' twice"),
        (["search.objective=silhouette/label"], "silhouette takes no label column"),
        (["search.space.clusterer.n_ini=[1,2]"], "Did you mean 'n_init'?"),
        (["search.space.clusterer.n_clusters={low: 0, high: 5}"], "[1, inf). Got 0"),
        (["search.space.clusterer.init=[random,kmeans]"], "Got 'kmeans'"),
        (
            ["+experiment=ci_smoke", "search=hdbscan"],
            "min_cluster_size: KMeans takes no such argument. It needs clusterer=hdbscan.",
        ),
        (["search=umap", "reducer=none"], "FunctionTransformer takes no such argument. It needs"),
        (["search.space.reducer._args_.1.n_components=[2,3]"], "has no such part"),
        (["search=hdbscan", "search.sampler=grid"], "give a list or a step"),
        (
            ["search.space.clusterer.n_init={low: 1, high: 900000}", "search.sampler=grid"],
            "combinations are too many",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_search_is_answered_before_the_first_trial(words: list[str], says: str) -> None:
    assert says in message(*words)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("extractor.cell: [8,16]", "compare it with a sweep"),
        ("clustrer.n: [8,16]", "Did you mean 'clusterer'?"),
        ("clusterer: [kmeans,dbscan]", "names no argument"),
        ("clusterer._target_: [a,b]", "a class cannot be searched"),
        ("clusterer.n_init: 5", "n_init is 5: give a list of values"),
        ("clusterer.n_init: []", "n_init has no values"),
        ("clusterer.n_init: [3,3]", "lists 3 twice"),
        ("clusterer.n_init: [{a: 1}]", "values are numbers, words or null"),
        ("clusterer.n_init: {low: 9, high: 3}", "low must be below high"),
        ("clusterer.n_init: {low: 3}", "high must be a number"),
        ("clusterer.n_init: {low: a, high: 3}", "low must be a number"),
        ("clusterer.n_init: {low: 1, high: 9, lgo: true}", "unknown key 'lgo'"),
        ("clusterer.n_init: {low: 1, high: 4, step: 2}", "steps of 2 lead from 1"),
        ("clusterer.n_init: {low: 1, high: 4, step: 0}", "must be above 0"),
        ("clusterer.tol: {low: 0.0, high: 1.0, log: true}", "log needs a low"),
        ("clusterer.tol: {low: 0.0, high: 1.0, log: 3}", "must be true or false"),
        ("clusterer.n_init: {values: [1], low: 1}", "has both values and low"),
        ("clusterer.n_init: {values: [1], when: {algo: x}}", "which is not searched"),
    ],
)
def test_a_wrong_range_is_answered(text: str, says: str) -> None:
    name, _, leaf = text.partition(": ")
    space: Any = yaml.safe_load(leaf)
    for key in reversed(name.split(".")):
        space = {key: space}
    _, said = read_space(space)
    assert len(said) == 1
    assert says in said[0]


def test_every_problem_is_named_at_once() -> None:
    said = message(
        "search.sampler=tp",
        "search.objective=[silhouete,arri]",
        "search.space.clusterer.n_ini=[3]",
        "search.space.clusterer.n_init={low: 3, high: 1}",
        "search.space.clusterer.n_clusters=[0,4,nine]",
    )
    assert len(said.splitlines()) == 7


def test_a_step_of_a_chain_is_searched_by_its_place() -> None:
    word = "search.space.reducer._args_.1.n_components=[2,5]"
    config = resolved("reducer=standardize_pca", word)
    plan = search_plan({**config, "store": False}, {})
    assert list(plan.ranges) == ["reducer._args_.1.n_components"]
    reducer, _ = plan.build({"reducer._args_.1.n_components": 5})
    assert reducer.instance.steps[1][1].n_components == 5
    assert config["reducer"]["_args_"][1]["n_components"] == 50, "the config itself stays"


def test_setting_values_leaves_the_config_as_it_was() -> None:
    config = {"reducer": {"a": 1}, "seed": 0}
    assert with_values(config, {"reducer.b": 2}) == {"reducer": {"a": 1, "b": 2}, "seed": 0}
    assert config == {"reducer": {"a": 1}, "seed": 0}


def test_whole_ends_mean_whole_numbers() -> None:
    space = {"clusterer": {"a": {"low": 1, "high": 3}, "b": {"low": 1, "high": 3.0}}}
    ranges, said = read_space(space)
    assert not said
    assert [span.integer for span in ranges.values()] == [True, False]


LINKED = {
    "metric": {"values": ["euclidean", "cosine"], "when": {"linkage": ["average", "single"]}},
    "linkage": ["ward", "average", "single"],
}


def test_when_holds_in_every_sampler_and_orders_the_arguments() -> None:
    ranges, said = read_space({"clusterer": LINKED})
    assert not said
    assert list(ranges) == ["clusterer.linkage", "clusterer.metric"]
    points = grid(ranges, 0)
    assert len(points) == 5
    assert {"clusterer.linkage": "ward"} in points
    assert points != grid(ranges, 1), "the seed shuffles"
    assert sorted(map(str, points)) == sorted(map(str, grid(ranges, 1)))


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"linkag": ["ward"]}, "Did you mean 'clusterer.linkage'?"),
        ({"linkage": ["wart"]}, "Did you mean 'ward'?"),
        ({"n_clusters": [3]}, "to have a list of values"),
        ({"metric": ["euclidean"]}, "which is not searched"),
        ({"other": ["a"]}, "wait for each other"),
    ],
    ids=str,
)
def test_a_when_that_cannot_hold_is_refused(when: dict[str, Any], says: str) -> None:
    space = {
        "linkage": ["ward", "average"],
        "n_clusters": {"low": 2, "high": 5},
        "metric": {"values": ["euclidean"], "when": when},
        "other": {"values": ["a"], "when": {"metric": "euclidean"}},
    }
    _, said = read_space({"clusterer": space})
    assert len(said) == 1
    assert says in said[0]


# What a search may be, with every kind of range.
SPACE = {
    "clusterer.a": Range(low=0.1, high=1.0, log=True),
    "clusterer.b": Range(low=1, high=50, integer=True),
    "clusterer.c": Range(choices=("x", "y", None)),
    "clusterer.d": Range(low=0.0, high=1.0, step=0.25, when={"clusterer.c": ("x", "y")}),
}
GRID = {
    **SPACE,
    "clusterer.a": Range(choices=(0.1, 0.5)),
    "clusterer.b": Range(low=1, high=10, step=3, integer=True),
}


def proposals(folder: Path, kind: str, n: int, *, interrupted: bool) -> list[Mapping[str, Any]]:
    """What a search asks for, where every other trial is begun by a process that then dies."""
    objectives = [Objective(name="o1", maximize=True), Objective(name="o2", maximize=False)]
    ranges = GRID if kind == "grid" else SPACE
    points = grid(ranges, 7) if kind == "grid" else None

    def of(number: int) -> Any:
        return sampler(kind, seed=7, index=number, point=points[number] if points else None)

    folder.mkdir()
    study = Study(folder, objectives)
    for number in range(n):
        if interrupted and number % 2 == 0:
            study.ask("dead", n_trials=n, ranges=ranges, sampler=of, largest_penalty=0.0)
            if number % 10 == 0:
                study.close()
                study = Study(folder, objectives)
        asked = study.ask("alive", n_trials=n, ranges=ranges, sampler=of, largest_penalty=0.0)
        assert asked is not None
        assert asked.number == number
        a, b = asked.parameters["clusterer.a"], asked.parameters["clusterer.b"]
        values = {"o1": a - abs(b - 20) / 50, "o2": (b * 0.37) % 1}
        found = Trial(
            number=number, parameters=asked.parameters, raw=values, penalties={}, values=values
        )
        study.tell(asked, found)
    assert study.ask("alive", n_trials=n, ranges=ranges, sampler=of, largest_penalty=0.0) is None
    trials = study.trials()
    assert [trial.number for trial in trials] == list(range(n))
    assert all(
        (name in trial.parameters) == is_set(span, trial.parameters)
        for trial in trials
        for name, span in ranges.items()
    )
    return [trial.parameters for trial in trials]


# More than one generation of nsgaii, and more than the random beginning of tpe.
@pytest.mark.parametrize(("kind", "n"), [("tpe", 18), ("random", 6), ("grid", 8), ("nsgaii", 26)])
def test_trials_that_died_change_nothing(kind: str, n: int, tmp_path: Path) -> None:
    whole = proposals(tmp_path / "whole", kind, n, interrupted=False)
    assert whole == proposals(tmp_path / "interrupted", kind, n, interrupted=True)
    assert len({str(point) for point in whole}) > n // 2


LABELS = np.array([0, 0, 0, 1, 1, 2, 2, -1, -1, -1])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(noise_penalty=0.5), {"noise": 0.15}),
        (Settings(noise_penalty=0), {}),
        (Settings(noise_penalty=0, n_clusters=(2, 5)), {"n_clusters": 0.0}),
        (Settings(noise_penalty=0, n_clusters=(4, 8)), {"n_clusters": 0.25}),
        (Settings(noise_penalty=0, n_clusters=(1, 2)), {"n_clusters": 0.5}),
        (Settings(noise_penalty=0, n_clusters=(1, 1)), {"n_clusters": 1.0}),
        (
            Settings(noise_penalty=1, n_clusters=(6, 8), cluster_penalty=4),
            {"noise": 0.3, "n_clusters": 2.0},
        ),
    ],
)
def test_penalties_by_hand(settings: Settings, expected: dict[str, float]) -> None:
    """Three clusters, three of ten images are noise."""
    found = penalties(LABELS, settings)
    assert found == pytest.approx(
        {"noise": 0.3, "n_clusters": 2.0} if expected is None else expected
    )


def test_a_bad_trial_is_worse_than_any_that_is_not() -> None:
    settings = Settings(noise_penalty=0.3, n_clusters=(2, 5), cluster_penalty=2)
    for name in WORST:
        (one,) = parse(name, "reduced")
        bad = worst_value(one, largest(settings))
        good = WORST[name] - 2.3 if one.maximize else WORST[name] + 2.3
        assert bad == pytest.approx(good), "as bad as the worst score with every penalty"


def trial(number: int, *values: float, bad: str = "") -> Trial:
    named = dict(zip("ab", values, strict=False))
    return Trial(
        number=number, parameters={"x": number}, raw=named, penalties={}, values=named, bad=bad
    )


def test_the_best_are_ranked_by_value_and_bad_ones_are_not_among_them() -> None:
    trials = [trial(0, 0.1), trial(1, 0.5), trial(2, 0.9, bad="no"), trial(3, 0.3), trial(4, 0.5)]
    up, down = Objective(name="a", maximize=True), Objective(name="a", maximize=False)
    assert [one.number for one in best_trials(trials, [up], 9)] == [1, 3, 0], "4 is 1 once more"
    assert [one.number for one in best_trials(trials, [down], 2)] == [0, 3]
    assert best_trials([trials[2]], [up], 3) == []


def test_with_two_objectives_the_best_are_those_that_none_beats() -> None:
    both = [Objective(name="a", maximize=True), Objective(name="b", maximize=False)]
    trials = [trial(0, 1, 1), trial(1, 3, 3), trial(2, 2, 1), trial(3, 2, 2), trial(4, 3, 4)]
    assert [one.number for one in best_trials(trials, both, 1)] == [1, 2]
