"""The report of a search, read as its user would read it."""

from __future__ import annotations

import dataclasses
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import spearmanr

from clusterlab.config.ranges import read_space
from clusterlab.config.resolved import resolve
from clusterlab.config.search_plan import compose_search
from clusterlab.errors import OutputError
from clusterlab.reports.search.console import summary
from clusterlab.reports.search.edges import edge_of
from clusterlab.reports.search.hindsight import hindsights
from clusterlab.reports.search.importances import Importances, importances
from clusterlab.reports.search.ties import tied
from clusterlab.reports.search.trials_table import trials_table, write_trials
from clusterlab.reports.search.warnings import warnings_of
from clusterlab.reports.search.words import commands
from clusterlab.reports.search.write import write_search
from clusterlab.searching import Objective, Range, Search, Trial
from tests.searches import (
    DAVIES_BOULDIN,
    NOISE_PENALTY,
    SILHOUETTE,
    conditional_search,
    hdbscan_search,
    kmeans_search,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1) //",
    "{{ 7 * 7 }}",
    "a$b$ _c_\x1b[31m\n",
)


class Page(HTMLParser):
    """Tags with their attributes, and all text outside styles."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._tag = ""
        self.feed(path.read_text("utf-8"))
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._tag = tag

    def handle_data(self, data: str) -> None:
        self.text += data if self._tag != "style" else ""

    def handle_endtag(self, _tag: str) -> None:
        self._tag = ""

    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a"]

    def pictures(self) -> list[str]:
        return [attrs["alt"] or "" for tag, attrs in self.tags if tag == "img"]


@pytest.fixture(scope="module")
def search() -> Search:
    return hdbscan_search()


@pytest.fixture(scope="module")
def two() -> Search:
    return kmeans_search(objectives=(SILHOUETTE, DAVIES_BOULDIN))


@pytest.fixture(scope="module")
def folder(search: Search, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The written report, where the first two of the three best trials were run."""
    place = tmp_path_factory.mktemp("search")
    runs = {number: place / "best" / str(rank) for rank, number in enumerate(search.best, 1)}
    for run in list(runs.values())[:2]:
        run.mkdir(parents=True)
        (run / "report.html").write_text("a run", encoding="utf-8")
    write_search(dataclasses.replace(search, runs=runs), place)
    return place


def with_trial(search: Search, number: int, **changes: object) -> Search:
    """The search with one of its trials changed."""
    trials = [
        dataclasses.replace(trial, **changes) if trial.number == number else trial
        for trial in search.trials
    ]
    return dataclasses.replace(search, trials=trials)


def scored(search: Search) -> list[Trial]:
    return [trial for trial in search.trials if not trial.bad]


def told(search: Search, word: str) -> str:
    """The one warning with the word in it, or nothing."""
    found = [text for text in warnings_of(search) if word in text]
    assert len(found) <= 1
    return "".join(found)


def test_trials_csv_adds_up(search: Search, folder: Path) -> None:
    table = pd.read_csv(folder / "trials.csv")
    assert table["number"].tolist() == list(range(60))
    good = table[table["bad"].isna()]
    assert 20 < len(good) < 60
    lost = good["penalty_noise"] + good["penalty_n_clusters"]
    np.testing.assert_allclose(good["value_silhouette"], good["raw_silhouette"] - lost)
    np.testing.assert_allclose(good["penalty_noise"], NOISE_PENALTY * good["noise_share"])
    np.testing.assert_allclose(good["coverage"], 1 - good["noise_share"])
    assert table.loc[table["bad"].notna(), "raw_silhouette"].isna().all()
    ranked = table.dropna(subset="best").sort_values("best")
    assert ranked["number"].tolist() == list(search.best)
    assert ranked["value_silhouette"].iloc[0] == good["value_silhouette"].max()
    trial = scored(search)[0]
    row = table.iloc[trial.number]
    assert row["clusterer.metric"] == trial.parameters["clusterer.metric"]
    assert row["hindsight_ari/label"] == pytest.approx(trial.hindsight["ari/label"])
    assert row["space"] == trial.space


def test_trials_csv_leaves_empty_what_a_trial_does_not_set() -> None:
    table = trials_table(conditional_search())
    ward = table["clusterer.linkage"] == "ward"
    assert (table["clusterer.metric"].isna() == ward).all()


def test_trials_csv_tells_no_clustering_from_one_that_is_all_noise(
    search: Search, tmp_path: Path
) -> None:
    """HDBSCAN with Minkowski's metric raises before it clusters."""
    never, noisy = [trial.number for trial in search.trials if trial.bad][:2]
    write_trials(with_trial(search, noisy, noise_share=1.0), tmp_path / "trials.csv")
    table = pd.read_csv(tmp_path / "trials.csv", dtype=str, keep_default_na=False)
    facts = ["n_clusters", "noise_share", "coverage"]
    assert table.loc[never, facts].tolist() == ["", "", ""]
    assert table.loc[noisy, facts].tolist() == ["0", "1.0", "0.0"]
    best = search.trials[search.best[0]]
    assert table.loc[best.number, "n_clusters"] == str(best.n_clusters)


def test_the_page_says_what_was_chosen_and_loads_nothing(search: Search, folder: Path) -> None:
    page = Page(folder / "report.html")
    best = search.trials[search.best[0]]
    for text in (
        "60 settings for raw pixels → PCA → HDBSCAN were tried on 360 images",
        f"Chosen: trial {best.number}, with {best.n_clusters} clusters",
        f"{best.values['silhouette']:.3f}",
        f"{best.raw['silhouette']:.3f}",
        f"noise {best.penalties['noise']:.3f}",
        f"{1 - best.noise_share:.0%}",
        "clusterlab tune --resume",
        "search.n_trials=120",
        f"clusterlab run --again {folder / 'best' / '1'}",
        "0 to 20",
        "1 to 12, whole numbers, in ratios",
        "PED-ANOVA",
    ):
        assert text in page.text
    sources = [attrs["src"] or "" for tag, attrs in page.tags if tag == "img"]
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    policy = [a["content"] for t, a in page.tags if a.get("http-equiv")]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_the_page_links_the_runs_that_have_a_report(folder: Path) -> None:
    links = [link for link in Page(folder / "report.html").links() if not link.startswith("#")]
    assert links == ["./best/1/report.html", "./best/2/report.html"]
    assert all((folder / link).is_file() for link in links)


def test_every_section_that_is_linked_is_there(folder: Path) -> None:
    page = Page(folder / "report.html")
    ids = {attrs.get("id") for _, attrs in page.tags}
    sections = {link[1:] for link in page.links() if link.startswith("#")}
    assert sections == {"best", "history", "matters", "afterwards", "trials", "made"}
    assert sections <= ids


def test_the_figures_are_those_of_a_search(folder: Path) -> None:
    names = {path.name for path in (folder / "figures").iterdir()}
    assert names == {"history.png", "parallel.png", "importance.png", "hindsight.png"}
    for name in names:
        with Image.open(folder / "figures" / name) as picture:
            assert picture.width == 1200
            assert len(set(picture.convert("L").resize((120, 60)).tobytes())) > 20


def test_two_objectives_have_a_front(two: Search, tmp_path: Path) -> None:
    write_search(two, tmp_path)
    page = Page(tmp_path / "report.html")
    assert f"{len(two.best)} trials are on the Pareto front" in page.text
    assert "silhouette of every trial against its davies_bouldin" in page.pictures()
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"pareto.png", "history_1.png", "history_2.png", "hindsight_2.png"} <= names
    text = summary(two, tmp_path)
    assert "davies_bouldin" in text
    for number in two.best[:3]:
        assert f"{two.trials[number].values['davies_bouldin']:.3f}" in text


def test_the_console_fits_a_screen(search: Search, two: Search, tmp_path: Path) -> None:
    noisy = hdbscan_search(40, reductions=(2, 4, 8), penalty=0.0)
    for one in (search, two, noisy):
        lines = summary(one, tmp_path).splitlines()
        assert len(lines) <= 40
        assert all(len(line) <= 80 for line in lines[:-1])
        assert lines[-1] == f"report: {tmp_path / 'report.html'}"


def test_the_console_tells_the_best_and_the_bad(search: Search, tmp_path: Path) -> None:
    text = summary(search, tmp_path)
    n_bad = len(search.trials) - len(scored(search))
    assert f"{n_bad} without a score: {n_bad} “TypeError" in " ".join(text.split())
    best = search.trials[search.best[0]]
    row = next(line.split() for line in text.splitlines() if line.startswith("   1 "))
    assert row == [
        "1",
        str(best.number),
        f"{best.values['silhouette']:.3f}",
        f"{best.raw['silhouette']:.3f}",
        f"{best.penalties['noise']:.3f}",
        str(best.n_clusters),
        f"{best.noise_share:.0%}",
    ]
    assert f"min_cluster_size={best.parameters['clusterer.min_cluster_size']}" in text


@pytest.mark.parametrize(
    ("value", "span", "end", "widen"),
    [
        (20, Range(low=2, high=20, integer=True), "upper", "{low: 2, high: 40}"),
        (2, Range(low=2, high=20, integer=True), "lower", "{low: 1, high: 20}"),
        (1, Range(low=1, high=20, integer=True), "lower", ""),
        (0.0, Range(low=0.0, high=2.0), "lower", ""),
        (1.985, Range(low=0.0, high=2.0), "upper", "{low: 0.0, high: 4.0}"),
        (
            0.00102,
            Range(low=0.001, high=10, log=True),
            "lower",
            "{low: 1e-05, high: 10.0, log: true}",
        ),
        (
            8,
            Range(low=2, high=9, step=2, integer=True),
            "upper",
            "{low: 2, high: 16, step: 2}",
        ),
        (
            61.7284,
            Range(low=0.0, high=61.7284, step=0.0001),
            "upper",
            "{low: 0.0, high: 123.4568, step: 0.0001}",
        ),
        (-3.0, Range(low=-3.0, high=1.0), "lower", "{low: -7.0, high: 1.0}"),
        (
            9,
            Range(low=1, high=9, integer=True, when={"a.c": ("x", "y"), "d.e": (1.5,)}),
            "upper",
            "{low: 1, high: 18, when: {c: [x,y], d.e: [1.5]}}",
        ),
        (50, Range(choices=(5, 10, 50)), "upper", "[5,10,50,100]"),
        (5, Range(choices=(5, 10, 50)), "lower", "[2,5,10,50]"),
        (2.0, Range(choices=(0.12345, 1.0, 2.0)), "upper", "[0.12345,1.0,2.0,4.0]"),
        (
            3,
            Range(choices=(1, 2, 3), when={"a.c": ("x",)}),
            "upper",
            "{values: [1,2,3,6], when: {c: [x]}}",
        ),
    ],
)
def test_an_edge_is_told_with_the_way_to_widen(
    value: float, span: Range, end: str, widen: str
) -> None:
    edge = edge_of("a.b", value, span)
    assert edge is not None
    assert edge.end == end
    assert shlex.split(edge.widen) == ([f"search.space.a.b={widen}"] if widen else [])


@pytest.mark.parametrize(
    ("value", "span"),
    [
        (20, Range(low=2, high=20, integer=True)),
        (1e-4, Range(low=1e-4, high=1.0, log=True)),
        (0.7, Range(low=0.1, high=0.7, step=0.1)),
        (4.0, Range(low=2.0, high=4.0)),
        (9, Range(choices=(1, 5, 9))),
    ],
    ids=str,
)
def test_the_way_to_widen_holds_without_the_default_ranges(value: float, span: Range) -> None:
    """Typing any range leaves the default ones out, as in `clusterlab tune clusterer=hdbscan`."""
    name = "clusterer.cluster_selection_epsilon"
    edge = edge_of(name, value, span)
    assert edge is not None
    space = resolve(compose_search(["clusterer=hdbscan", *shlex.split(edge.widen)]))["search"]
    ranges, problems = read_space(space["space"])
    assert not problems
    wider = ranges[name]
    same = dataclasses.replace(wider, low=span.low, high=span.high, choices=span.choices)
    assert same == span, "it differs in its ends alone"
    ends = [end for end in (wider.low, wider.high, *wider.choices) if end is not None]
    assert max(ends) > value or min(ends) < value


def test_the_way_to_widen_keeps_what_an_argument_waits_for() -> None:
    span = Range(choices=(1, 2, 3), when={"clusterer.linkage": ("average", "single")})
    edge = edge_of("clusterer.n_clusters", 3, span)
    assert edge is not None
    linkage = "search.space.clusterer.linkage=[ward,average,single]"
    config = resolve(compose_search([linkage, *shlex.split(edge.widen)]))
    ranges, problems = read_space(config["search"]["space"])
    assert not problems
    assert ranges["clusterer.n_clusters"] == dataclasses.replace(span, choices=(1, 2, 3, 6))


@pytest.mark.parametrize(
    ("value", "span"),
    [
        (19, Range(low=2, high=20, integer=True)),
        (0.1, Range(low=0.001, high=10, log=True)),
        (10, Range(choices=(5, 10, 50))),
        (2, Range(choices=(2, 3))),
        ("eom", Range(choices=("eom", "leaf", "other"))),
        (True, Range(choices=(True, False))),
        (None, Range(low=0, high=1)),
        (3, Range(low=3, high=3, integer=True)),
    ],
)
def test_what_is_inside_or_no_number_is_no_edge(value: object, span: Range) -> None:
    assert edge_of("a.b", value, span) is None


def test_an_optimum_on_the_edge_is_a_warning() -> None:
    inside = kmeans_search()
    assert not told(inside, "better may lie beyond")
    best = inside.trials[inside.best[0]].parameters["clusterer.n_clusters"]
    narrow = dataclasses.replace(
        inside, ranges={"clusterer.n_clusters": Range(low=3, high=best, integer=True)}
    )
    text = told(narrow, "better may lie beyond")
    assert f"n_clusters={best}, at the upper end of its range (3 to {best})" in text
    assert text.endswith(f"'search.space.clusterer.n_clusters={{low: 3, high: {2 * best}}}'")


def test_scores_of_different_spaces_are_a_warning(search: Search) -> None:
    assert not told(search, "different spaces")
    reductions = hdbscan_search(40, reductions=(2, 4, 8))
    text = told(reductions, "different spaces")
    assert "3 different spaces (set by reducer.n_components)" in text
    assert "search.scored_in=features" in text
    free = [Objective(name="silhouette", maximize=True)]
    assert not told(dataclasses.replace(reductions, objectives=free), "different spaces")


def test_labels_that_chose_are_a_warning(search: Search) -> None:
    supervised = [Objective(name="silhouette", maximize=True, column="kind")]
    text = told(dataclasses.replace(search, objectives=supervised), "supervised")
    assert "“kind”" in text
    assert "optimistic" in text
    assert not told(search, "supervised")


def test_much_noise_and_free_noise_are_warnings(search: Search) -> None:
    number = search.best[0]
    assert "throws 45%" in told(with_trial(search, number, noise_share=0.45), "throws")
    assert not told(with_trial(search, number, noise_share=0.3), "throws")
    assert not told(search, "noise_penalty is 0")
    free = hdbscan_search(30, penalty=0.0)
    assert "search.noise_penalty=0.3" in told(free, "noise_penalty is 0")
    dbcv = [dataclasses.replace(SILHOUETTE, name="dbcv")]
    trials = [
        dataclasses.replace(trial, values={"dbcv": trial.values["silhouette"]})
        for trial in free.trials
    ]
    weighed = dataclasses.replace(free, objectives=dbcv, trials=trials)
    assert not told(weighed, "noise_penalty is 0")


def test_clusters_outside_the_wanted_range_are_a_warning(search: Search) -> None:
    asked = dataclasses.replace(search, settings={**search.settings, "n_clusters": [50, 300]})
    number = search.best[0]
    paid = with_trial(asked, number, penalties={"noise": 0.1, "n_clusters": 0.4})
    assert "outside the 50 to 300" in told(paid, "asked for")
    assert not told(asked, "asked for")


def test_few_trials_are_a_warning_unless_they_are_all() -> None:
    assert "2 scored trials for 1 parameter" in told(kmeans_search((3, 30)), "few")
    every = dataclasses.replace(
        kmeans_search((3, 4)),
        ranges={"clusterer.n_clusters": Range(low=3, high=4, integer=True)},
    )
    assert not told(every, "few")
    assert not told(kmeans_search(), "few")


def test_mostly_bad_trials_are_a_warning(search: Search) -> None:
    bad = [dataclasses.replace(t, bad="one cluster") for t in search.trials[:45]]
    mostly = dataclasses.replace(search, trials=[*bad, *search.trials[45:]])
    assert "one cluster (45)" in told(mostly, "could not be scored")
    assert not told(search, "could not be scored")


def test_ties_with_other_numbers_of_clusters_are_a_warning() -> None:
    found = conditional_search()
    result = tied(found)
    assert result is not None
    alike, spread = result
    values = {trial.number: trial.values["silhouette"] for trial in found.trials}
    top = max(values.values())
    assert {t.number for t in alike} == {n for n, v in values.items() if v >= top - spread}
    counts = [trial.n_clusters for trial in alike]
    assert max(counts) > 1.5 * min(counts)
    text = told(found, "does not settle")
    assert f"{min(counts)} to {max(counts)} clusters" in text
    # Where one value stands far above the rest there is no tie.
    best = found.best[0]
    assert not told(with_trial(found, best, values={"silhouette": 0.9}), "does not settle")


def test_hindsight_agrees_with_the_numbers(search: Search, folder: Path) -> None:
    (back,) = hindsights(search)
    good = scored(search)
    ari = [trial.hindsight["ari/label"] for trial in good]
    values = [trial.values["silhouette"] for trial in good]
    chosen = search.trials[search.best[0]].hindsight["ari/label"]
    assert back.best_value == max(ari)
    assert back.median == pytest.approx(np.median(ari))
    assert back.rank(back.chosen[0]) == 1 + sum(one > chosen for one in ari)
    assert back.correlation["silhouette"] == pytest.approx(spearmanr(values, ari).statistic)
    page, text = Page(folder / "report.html").text, " ".join(summary(search, folder).split())
    assert "took no part in choosing" in page
    assert f"adjusted Rand index of {chosen:.3f}" in page
    assert f"has {max(ari):.3f}, and only somebody with the labels could have chosen it" in page
    assert f"ARI {chosen:.3f} chosen, {max(ari):.3f} best reachable" in text


def test_hindsight_of_what_is_better_when_lower(two: Search) -> None:
    (back,) = hindsights(two)
    ari = [trial.hindsight["ari/label"] for trial in two.trials]
    for objective, sign in ((SILHOUETTE, 1), (DAVIES_BOULDIN, -1)):
        values = [sign * trial.values[objective.name] for trial in two.trials]
        assert back.correlation[objective.name] == pytest.approx(spearmanr(values, ari).statistic)


def test_labels_that_chose_are_no_hindsight(search: Search, tmp_path: Path) -> None:
    used = [dataclasses.replace(SILHOUETTE, column="label")]
    supervised = dataclasses.replace(search, objectives=used)
    assert hindsights(supervised) == []
    assert "afterwards" not in summary(supervised, tmp_path)


def planted(n: int, *, parameters: int = 3) -> Search:
    """Trials whose value is one parameter, close to its middle the best, and no other."""
    rng = np.random.default_rng(0)
    names = [f"clusterer.p{at}" for at in range(parameters)]
    trials = []
    for number in range(n):
        settings = {name: float(rng.uniform(0, 1)) for name in names}
        value = 1 - abs(settings[names[0]] - 0.5)
        trials.append(
            Trial(
                number=number,
                parameters=settings,
                raw={"silhouette": value},
                penalties={},
                values={"silhouette": value},
                n_clusters=5,
            )
        )
    return Search(
        name="planted",
        objectives=[SILHOUETTE],
        ranges={name: Range(low=0.0, high=1.0) for name in names},
        trials=trials,
        best=[max(trials, key=lambda t: t.values["silhouette"]).number],
    )


def test_importance_finds_the_parameter_that_matters(capfd: pytest.CaptureFixture[str]) -> None:
    found = importances(planted(120))
    assert isinstance(found, Importances)
    assert next(iter(found.shares)) == "clusterer.p0"
    assert found.shares["clusterer.p0"] > 0.6
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.shares["clusterer.p0"] > 3 * found.chance["clusterer.p0"]
    assert found.shares["clusterer.p1"] < 3 * found.chance["clusterer.p1"]
    assert found.n_top == 12
    assert capfd.readouterr() == ("", "")


def test_what_was_not_run_is_still_chosen(search: Search, tmp_path: Path) -> None:
    none_run = dataclasses.replace(search, best=[])
    write_search(none_run, tmp_path)
    assert f"Chosen: trial {search.best[0]}," in Page(tmp_path / "report.html").text
    assert f"\n   1 {search.best[0]:>6}" in summary(none_run, tmp_path)


@pytest.mark.parametrize(
    ("told", "command"),
    [
        ({"n_trials": 100, "sampler": "tpe"}, "--resume FOLDER"),
        ({"n_trials": 24, "sampler": "tpe"}, "--resume FOLDER search.n_trials=48"),
        ({"n_trials": 100, "sampler": "grid"}, "--resume FOLDER"),
        ({"n_trials": 24, "sampler": "grid"}, ""),
    ],
)
def test_the_way_on_is_the_one_there_is(told: dict[str, object], command: str) -> None:
    search = dataclasses.replace(kmeans_search(), settings=told)
    found = [line.removeprefix("clusterlab tune ") for _, line in commands(search, Path("FOLDER"))]
    assert found == ([command] if command else [])


def test_importance_is_measured_where_parameters_come_and_go() -> None:
    found = importances(conditional_search())
    assert isinstance(found, Importances)
    assert set(found.shares) == {"clusterer.n_clusters", "clusterer.linkage", "clusterer.metric"}


def test_importance_bears_trials_from_before_a_range_was_changed() -> None:
    moved = dataclasses.replace(
        planted(60), ranges={f"clusterer.p{at}": Range(low=0.4, high=0.6) for at in range(3)}
    )
    assert isinstance(importances(moved), Importances)


def test_too_few_trials_have_no_importance(tmp_path: Path) -> None:
    few = planted(19)
    assert importances(few) == "To say what matters takes 20 scored trials; there are 19."
    write_search(few, tmp_path)
    assert "takes 20 scored trials; there are 19" in Page(tmp_path / "report.html").text
    assert not (tmp_path / "figures" / "importance.png").exists()


def test_a_search_without_a_scored_trial_has_a_report(search: Search, tmp_path: Path) -> None:
    trials = [
        dataclasses.replace(t, bad="all noise", raw={}, values={"silhouette": -np.inf})
        for t in search.trials
    ]
    nothing = dataclasses.replace(search, trials=trials, best=[])
    for number, one in enumerate((nothing, dataclasses.replace(nothing, trials=[]))):
        place = tmp_path / str(number)
        place.mkdir()
        write_search(one, place)
        assert "Nothing was chosen" in Page(place / "report.html").text
        assert len(pd.read_csv(place / "trials.csv")) == len(one.trials)
        assert summary(one, place).splitlines()[-1].startswith("report: ")
    assert "60 without a score: 60 “all noise”" in summary(nothing, tmp_path)
    assert warnings_of(nothing)[0] == "No trial could be scored, so nothing was chosen."


def test_far_worse_trials_and_infinite_ones_do_not_break_the_figures(tmp_path: Path) -> None:
    found = kmeans_search(objectives=(DAVIES_BOULDIN,))
    far = with_trial(found, 20, values={"davies_bouldin": 900.0})
    endless = with_trial(far, 21, values={"davies_bouldin": np.inf})
    write_search(endless, tmp_path)
    assert "the score is not a finite number" in Page(tmp_path / "report.html").text
    for name in ("history.png", "parallel.png"):
        with Image.open(tmp_path / "figures" / name) as picture:
            assert picture.width == 1200


def test_marks_stand_everywhere(search: Search, tmp_path: Path) -> None:
    marked = dataclasses.replace(search, marks=("random weights",))
    write_search(marked, tmp_path)
    page = Page(tmp_path / "report.html")
    assert "digits_hdbscan (random weights)" in page.text
    assert warnings_of(marked)[0].startswith("Random weights: a model was never trained")
    assert (pd.read_csv(tmp_path / "trials.csv")["marks"] == "random weights").all()
    assert "Random weights" in summary(marked, tmp_path)


@pytest.fixture(scope="module")
def hostile(search: Search) -> Search:
    """A search whose names and words, wherever a user's data can put one, try to become code."""
    trials = [
        dataclasses.replace(
            trial,
            parameters={HOSTILE[0]: HOSTILE[trial.number % 5], HOSTILE[4]: trial.number},
            bad=HOSTILE[1] if trial.bad else "",
            values={HOSTILE[4]: trial.values["silhouette"]},
            raw={HOSTILE[4]: trial.values["silhouette"]},
            penalties={HOSTILE[0]: 0.1},
            hindsight={f"ari/{HOSTILE[1]}": trial.hindsight["ari/label"]},
            space=HOSTILE[0],
        )
        for trial in search.trials
    ]
    return dataclasses.replace(
        search,
        name=HOSTILE[0],
        objectives=[Objective(name=HOSTILE[4], maximize=True, space=HOSTILE[1])],
        ranges={
            HOSTILE[0]: Range(choices=HOSTILE, when={HOSTILE[1]: (HOSTILE[0],)}),
            HOSTILE[4]: Range(low=0, high=20, integer=True),
        },
        trials=trials,
        settings={HOSTILE[0]: HOSTILE[1]},
        config={HOSTILE[1]: {HOSTILE[0]: HOSTILE[3]}},
        choices={"clusterer": HOSTILE[1]},
        stopped=HOSTILE[0],
        marks=HOSTILE[:2],
    )


def test_names_and_reasons_never_become_code(hostile: Search, tmp_path: Path) -> None:
    write_search(hostile, tmp_path)
    page = Page(tmp_path / "report.html")
    assert not {"script", "iframe"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert all((attrs["src"] or "").startswith("data:") for tag, attrs in page.tags if tag == "img")
    assert HOSTILE[0] in page.text
    assert f"no score: {HOSTILE[1]}" in page.text
    assert "{{ 7 * 7 }}" in page.text


def test_the_terminal_is_not_told_to_move(hostile: Search, tmp_path: Path) -> None:
    text = summary(hostile, tmp_path)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert all(len(line) <= 80 for line in text.splitlines()[:-1])


def test_the_same_search_gives_the_same_files(search: Search, tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "s", tmp_path / "b" / "s"
    for place in (first, second):
        place.mkdir(parents=True)
        write_search(search, place)
    for path in sorted(first.rglob("*.*")):
        other = second / path.relative_to(first)
        here = path.read_bytes().replace(str(first).encode(), b"")
        assert here == other.read_bytes().replace(str(second).encode(), b""), path.name


def test_a_report_is_replaced_whole(search: Search, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "old.png").write_bytes(b"old")
    write_search(search, tmp_path)
    assert not (tmp_path / "figures" / "old.png").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"figures", "report.html", "trials.csv"}
    with pytest.raises(OutputError, match="Cannot write"):
        write_search(search, tmp_path / "nowhere")
