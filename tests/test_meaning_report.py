"""What labelers, homogeneity, stability and names leave: tables, figures, page and terminal."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clusterlab import api
from clusterlab.meaning import ClusterName
from clusterlab.outcome import Outcome
from clusterlab.reports.classes import classes_of
from clusterlab.reports.console import summary
from clusterlab.reports.figures import write_figures
from clusterlab.reports.html import write_html
from clusterlab.reports.meaning_tables import TABLES
from clusterlab.reports.metrics_file import metrics
from clusterlab.reports.page.headline import headline
from clusterlab.reports.page.named import shown_name
from clusterlab.reports.plots.canvas import render
from clusterlab.reports.plots.stacked import draw_stacked
from clusterlab.reports.synthetic import circular
from clusterlab.reports.tables import write_tables
from clusterlab.reports.write import write_report
from clusterlab.types import NOISE
from tests.meaning_fixtures import ONE, OTHER, evaluated, understood
from tests.report_fixtures import DIGITS, outcome_of, scans
from tests.test_figures import assert_apart
from tests.test_report_html import BROWSER, dump_dom
from tests.test_report_texts import Page

MARK = "random weights"
DASH = "\N{EN DASH}"
HOSTILE = (
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=1">',
    "</script><!--",
    "مجموعة من الصور",
    "a very long name of a category, as a taxonomy of people in nature may well have one",
    "$x^2$ {{ 7 * 7 }}",
    *DIGITS[6:],
)


def write(outcome: Outcome, folder: Path) -> Path:
    write_tables(outcome, folder)
    write_report(outcome, folder, max_thumbnails=2000)
    numbers = metrics(outcome, seconds=1.0)
    (folder / "metrics.json").write_text(json.dumps(numbers), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return understood(scans(n=260), marks=(MARK,))


@pytest.fixture(scope="module")
def run(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(outcome, tmp_path_factory.mktemp("understood"))


@pytest.fixture(scope="module")
def result(run: Path) -> api.Result:
    return api.read(run)


@pytest.fixture(scope="module")
def page(run: Path) -> Page:
    return Page(run / "report.html")


@pytest.fixture(scope="module")
def plain() -> Outcome:
    """Labels that people made, and their homogeneity; no labeler, no names, no stability."""
    made = outcome_of(scans(n=60), n_clusters=3)
    return dataclasses.replace(made, evaluation=evaluated(made))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = understood(scans(n=150), n_clusters=50, categories=HOSTILE, marks=HOSTILE[:1])
    assert made.labelling is not None
    answers = [
        dataclasses.replace(row, answer=HOSTILE[at % 3]) if row.status == "invalid" else row
        for at, row in enumerate(made.labelling.answers)
    ]
    labelling = dataclasses.replace(
        made.labelling,
        answers=tuple(answers),
        labelers={ONE: {"prompt": HOSTILE[0] * 9, "categories": HOSTILE, HOSTILE[1]: HOSTILE[2]}},
    )
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    # The dataset may have been summed up before models labelled it.
    labels = {name: made.summary["labels"][name] for name in ("digit", "parity", "strokes")}
    early = {**made.summary, "labels": labels}
    made = dataclasses.replace(made, labelling=labelling, summary=early)
    write_html(made, path, figures=path.parent / "none_drawn")
    return path


def test_answers_are_kept_verbatim(outcome: Outcome, result: api.Result) -> None:
    assert outcome.labelling is not None
    assert result.answers is not None
    table = result.answers
    assert list(table.columns) == [
        *("id", "column", "answer", "label", "status", "confidence", "model", "seconds")
    ]
    assert table["answer"].tolist() == [row.answer for row in outcome.labelling.answers]
    assert table["label"].fillna("").tolist() == [row.label for row in outcome.labelling.answers]
    assert table["confidence"].dtype == float
    assert table["seconds"].isna().any()


def test_homogeneity_is_told_of_every_label_column(outcome: Outcome, result: api.Result) -> None:
    found, whole = result.homogeneity, result.homogeneity_summary
    assert found is not None
    assert whole is not None
    assert found["label"].unique().tolist() == [str(c) for c in outcome.collection.labels]
    assert set(found.loc[found["synthetic"], "label"]) == {ONE, OTHER}
    labels = outcome.clustering.labels
    for row in found[found["label"] == "digit"].itertuples():
        inside = outcome.collection.labels["digit"][labels == row.cluster]
        assert row.homogeneity == pytest.approx(inside.value_counts(normalize=True).iloc[0])
        assert row.good == (row.homogeneity > 0.75 and 2 * row.n_labelled >= row.size)
    assert whole.groupby("label")["noise"].apply(list).tolist() == [["with", "without"]] * 5
    marks = whole.groupby("label")["marks"].first()
    assert marks[ONE] == f"synthetic; {MARK}"
    assert marks[OTHER] == "synthetic"
    assert pd.isna(marks["digit"])


def test_the_other_tables_are_there_and_typed(outcome: Outcome, result: api.Result) -> None:
    assert result.agreement is not None
    assert result.stability is not None
    (found,) = outcome.evaluation.agreements
    assert result.agreement.loc[0, ["n", "kappa"]].tolist() == [found.n, pytest.approx(found.kappa)]
    stability = outcome.evaluation.stability
    assert stability is not None
    pd.testing.assert_frame_equal(result.stability, stability.kinds, check_dtype=False, rtol=1e-12)
    columns = list(result.assignments)
    assert columns[3:6] == ["strength", "confidence", "split"]
    np.testing.assert_allclose(result.assignments["confidence"], stability.confidence)
    clusters = result.clusters.set_index("cluster")
    assert clusters["jaccard"].dtype == float
    assert clusters["name_verified"].dtype == "boolean"
    names = {name.cluster: name for name in outcome.naming.names}  # type: ignore[union-attr]
    for cluster, name in names.items():
        assert clusters.loc[cluster, "name"] == name.name
        verified = clusters.loc[cluster, "name_verified"]
        assert pd.isna(verified) if name.verified is None else verified == name.verified


def test_a_run_without_them_has_no_such_table(plain: Outcome, tmp_path: Path) -> None:
    for name in TABLES:
        (tmp_path / f"{name}.csv").write_text("left by a run that failed here before")
    labels = plain.collection.labels.rename(columns={"parity": "confidence"})
    named = dataclasses.replace(plain.collection, labels=labels)
    write_tables(dataclasses.replace(plain, collection=named), tmp_path)
    there = {path.stem for path in tmp_path.glob("*.csv")}
    assert there & set(TABLES) == {"homogeneity", "homogeneity_summary"}
    (tmp_path / "metrics.json").write_text("{}")
    found = api.read(tmp_path)
    assert found.answers is None
    assert found.stability is None
    assert set(found.assignments["confidence"]) == {"even", "odd"}


def test_metrics_count_what_was_left_undone(outcome: Outcome, result: api.Result) -> None:
    assert outcome.labelling is not None
    assert outcome.naming is not None
    for column in (ONE, OTHER):
        rows = [row for row in outcome.labelling.answers if row.column == column]
        labels = sum(row.status in ("exact", "mapped") for row in rows)
        states = Counter(row.status for row in rows)
        assert result.metrics[f"n_invalid/{column}"] == states["invalid"] > 0
        assert result.metrics[f"coverage/{column}"] == pytest.approx(labels / len(rows))
    verified = [name.verified for name in outcome.naming.names]
    assert result.metrics["n_names_verified"] == verified.count(True)
    assert {True, False, None} == set(verified), "the fixture should have names of every kind"
    assert result.metrics["marks"] == [f"labels of {ONE}: {MARK}"]


def test_a_score_against_synthetic_labels_says_so(result: api.Result) -> None:
    scores = result.scores
    marks = scores["marks"].fillna("").groupby(scores["label"].fillna("")).agg(set)
    assert marks[ONE] == {f"synthetic; {MARK}"}
    assert marks[OTHER] == {"synthetic"}
    assert marks["digit"] == marks[""] == {""}


def test_values_of_a_multi_valued_column_carry_its_tags(outcome: Outcome, tmp_path: Path) -> None:
    scores = outcome.evaluation.scores
    scores = scores[scores["label"].isin(["digit", "strokes"])].head(2)
    scores = scores.assign(label=["strokes=bar", "digit=one"], marks=["supervised", ""])
    collection = dataclasses.replace(outcome.collection, synthetic=frozenset({"strokes", "digit"}))
    evaluation = dataclasses.replace(outcome.evaluation, scores=scores)
    write_tables(
        dataclasses.replace(outcome, collection=collection, evaluation=evaluation), tmp_path
    )
    found = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False).set_index("label")["marks"]
    assert found["strokes=bar"] == "synthetic; supervised"
    assert found["digit=one"] == "", "only a multi-valued column has rows of its values"


def test_every_number_against_a_marked_column_bears_its_marks(page: Page) -> None:
    cells = {
        target: page.within("#scores", "cell", "target").count(f"{target} synthetic {MARK}")
        for target in (ONE, OTHER)
    }
    n_metrics = page.within("#scores", "cell", "target").count("digit")
    assert cells == {ONE: n_metrics, OTHER: 0}
    assert page.within("#scores", "cell", "target").count(f"{OTHER} synthetic") == n_metrics
    options = [text for around, text in page.texts if "option" in around]
    assert f"{ONE} (synthetic, {MARK})" in options
    assert f"{OTHER} (synthetic)" in options
    assert "digit" in options
    cards = page.within("card", "caption")
    n_cards = sum(tag == "article" and "card" in str(a.get("class")) for tag, a in page.tags)
    assert cards.count(f"{ONE} synthetic {MARK}") == cards.count(f"{OTHER} synthetic") == n_cards
    assert page.within("#meaning", "h3").count(f"{ONE} synthetic {MARK}") == 1
    assert f"{OTHER} (synthetic)" in page.within("#dataset", "td")
    assert f"Labels of {ONE}: {MARK}: a model was never trained" in page.within("warnings")
    tags = {c["name"]: c.get("tags", []) for c in page.data()["colourings"]}
    assert tags[ONE] == ["synthetic", MARK]
    assert tags["digit"] == tags["cluster"] == []


def test_the_page_says_what_the_homogeneity_is_worth(outcome: Outcome, page: Page) -> None:
    text = page.within("#meaning")
    for found in outcome.evaluation.homogeneity:
        row = found.summary.set_index("noise").loc["with"]
        assert (
            f"{row['homogeneity']:.0%} of the labelled images carry the commonest label of their "
            f"cluster. One label for everything would reach {row['majority']:.0%}, and the same "
            f"clusters with the labels shuffled {row['chance']:.0%}." in text
        )
        for policy in ("with", "without"):
            row = found.summary.set_index("noise").loc[policy]
            assert f"{row['q']:.3f} {row['coverage']:.0%}" in text


def test_clusters_that_are_not_good_are_listed_with_a_way_to_them(
    outcome: Outcome, page: Page
) -> None:
    links = [str(a["href"]) for tag, a in page.tags if tag == "a" and "cluster-" in str(a)]
    ids = {a.get("id") for _, a in page.tags}
    assert {link.removeprefix("#") for link in links} <= ids
    inside = [around for around, _ in page.texts if {"review", "a"} <= set(around)]
    expected = [
        found.clusters.query("cluster != -1 and not good")
        for found in outcome.evaluation.homogeneity
    ]
    assert len(inside) == sum(map(len, expected))
    row = expected[3].sort_values("size", ascending=False).iloc[0]
    said = f"{row['top']} {row['homogeneity']:.0%}"
    assert said in page.within("#meaning", "review")


def test_answers_are_counted_and_the_invalid_ones_quoted(outcome: Outcome, page: Page) -> None:
    assert outcome.labelling is not None
    rows = [row for row in outcome.labelling.answers if row.column == ONE]
    text = page.within("#meaning", "stage")
    for state, n in Counter(row.status for row in rows).items():
        assert state in text
        assert f"{n} {n / len(rows):.0%}" in text
    said = Counter(row.answer for row in rows if row.status == "invalid")
    for answer, n in said.most_common(3):
        assert f"{answer} {n}" in text
    assert "TimeoutError: no answer within 60 s" in text
    assert "The answer is ZERO. zero" in text, "how other words were read"
    assert "Which of these does the picture show?" in page.within("#meaning", "asked")


def test_names_stand_on_the_cards_with_what_their_images_say(outcome: Outcome, page: Page) -> None:
    assert outcome.naming is not None
    for name in outcome.naming.names:
        card = f"#cluster-{name.cluster}"
        assert f"“ {name.name} ”" in page.within(card, "h3")
        said = page.within(card, "firm")
        if name.verified is None:
            assert "Name unverified: nobody was asked" in said
        elif name.verified:
            assert f"Name verified by {name.agreement:.0%} of 12 images, by chance 10%" in said
        else:
            assert f"not borne out: {name.why}" in said
        assert bool(page.within(card, "h3", "failed")) == (name.verified is False)
    text = page.within("#meaning")
    assert "Made of the commonest label of “ridge”. Checked by the labeler “neighbours”." in text
    groups = {g["name"]: g for g in page.data()["colourings"][0]["groups"]}
    for name in outcome.naming.names:
        group = groups[f"cluster {name.cluster}"]
        assert (group["called"], group["failed"]) == (name.name, name.verified is False)
    assert "called" not in groups["noise"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ({"verified": True}, "verified"),
        ({"verified": False}, "not borne out"),
        ({"why": "too few images"}, "unverified: too few images"),
        ({"name": "cluster 3"}, None),
        ({"name": " "}, None),
    ],
)
def test_a_name_with_little_known_of_it(
    outcome: Outcome, name: dict[str, object], said: str | None
) -> None:
    assert outcome.naming is not None
    own = ClusterName(**{"cluster": 3, "name": "hats", **name})  # type: ignore[arg-type]
    naming = dataclasses.replace(outcome.naming, names=(own,))
    shown = shown_name(dataclasses.replace(outcome, naming=naming), 3)
    assert (shown and shown["says"]) == said


def test_stability_is_told_in_words_and_for_each_cluster(outcome: Outcome, page: Page) -> None:
    stability = outcome.evaluation.stability
    assert stability is not None
    text = page.within("#stability")
    for row in stability.kinds.itertuples():
        assert f"{row.ari:.3f} ± {row.ari_std:.3f}" in text
    assert "random samples of the images" in text
    assert stability.notes
    for note in stability.notes:
        assert note in text
        assert note not in page.within("warnings"), "it stands beside its numbers"
    for row in stability.clusters.itertuples():
        said = page.within(f"#cluster-{row.cluster}", "firm")
        assert (
            f"comes again in {row.survival:.0%} of the samples (Jaccard {row.jaccard:.3f})" in said
        )
        assert ("unstable" in said) == (row.survival < 0.5)
    known = np.array(page.data()["confidence"], dtype=float)
    np.testing.assert_allclose(known, stability.confidence, atol=5e-4)


def test_clusters_that_dissolve_are_listed(outcome: Outcome, tmp_path: Path) -> None:
    stability = outcome.evaluation.stability
    assert stability is not None
    others = len(stability.clusters) - 2
    weak = stability.clusters.assign(
        jaccard=[0.4, np.nan, *[0.9] * others], survival=[0.25, np.nan, *[0.9] * others]
    )
    confidence = stability.confidence.copy()
    confidence[0] = np.nan
    changed = dataclasses.replace(stability, clusters=weak, confidence=confidence)
    evaluation = dataclasses.replace(outcome.evaluation, stability=changed)
    path = tmp_path / "report.html"
    write_html(dataclasses.replace(outcome, evaluation=evaluation), path, figures=tmp_path / "none")
    page = Page(path)
    assert "1 of 6 clusters comes again in fewer than half of the samples" in page.within(
        "#stability"
    )
    assert page.within("#stability", "a") == "cluster 0"
    assert page.data()["confidence"][0] is None
    assert not page.within("#cluster-1", "firm").count("comes again")


def test_the_labelers_agree_as_far_as_they_do(outcome: Outcome, page: Page) -> None:
    (found,) = outcome.evaluation.agreements
    row = f"{ONE} {OTHER} {found.n} {found.share:.0%} {found.kappa:.3f} {found.ari:.3f}"
    assert row in page.within("#meaning")


def test_who_took_part_is_told_with_their_arguments(page: Page) -> None:
    stages = page.within("#made", "stage")
    for words in (
        "taxonomy digits",
        f"labeler {ONE} sklearn.linear_model.RidgeClassifier alpha 1.0",
        f"labeler {OTHER} sklearn.neighbors.KNeighborsClassifier n_neighbors 1",
        "namer labels clusterlab.namers.labels.FromLabels column ridge",
    ):
        assert words in stages, words
    assert f"'labeler=[{ONE},{OTHER}]'" in page.within("#made", "pre")


def test_a_labeler_that_is_also_the_extractor_is_told(outcome: Outcome) -> None:
    config = {"source": {"sha256": "ab" * 32}}
    features = dataclasses.replace(outcome.features, provenance={"config": config})
    assert outcome.labelling is not None
    assert not list(circular(outcome.labelling, outcome.features))
    notes = tuple(circular(outcome.labelling, features))
    assert len(notes) == 2
    told = dataclasses.replace(outcome, notes=notes)
    assert all(headline(told)["warnings"].count(note) == 1 for note in notes)
    text = " ".join(summary(told, Path("runs/x")).split())
    assert text.count("The model that made the features also made the labels") == 2


def test_labelers_of_different_categories_have_no_number_for_it(
    outcome: Outcome, tmp_path: Path
) -> None:
    (found,) = outcome.evaluation.agreements
    for ari, row, line in (
        (0.5, f"{DASH} {DASH} 0.500", f"labels of both on {found.n} images; ARI 0.50"),
        (math.nan, f"{DASH} {DASH} {DASH}", f"labels of both on {found.n} images"),
    ):
        apart = dataclasses.replace(found, share=math.nan, kappa=math.nan, ari=ari)
        evaluation = dataclasses.replace(outcome.evaluation, agreements=(apart,))
        changed = dataclasses.replace(outcome, evaluation=evaluation)
        write_html(changed, tmp_path / "report.html", figures=tmp_path / "none")
        page = Page(tmp_path / "report.html")
        assert f"{ONE} {OTHER} {found.n} {row}" in page.within("#meaning")
        assert "nan" not in page.within("#meaning").split()
        assert line in " ".join(summary(changed, tmp_path).split())


def test_a_good_cluster_is_explained_by_its_labelled_half(outcome: Outcome, page: Page) -> None:
    text = page.within("#meaning")
    assert "of its labelled images under one label, and at least half of all its images" in text
    row = outcome.evaluation.homogeneity[0].summary.set_index("noise").loc["with"]
    assert f"labelled images are {row['good_share']:.0%} of all images." in text


def test_a_mark_of_the_run_and_of_a_row_is_there_once(outcome: Outcome, tmp_path: Path) -> None:
    features = dataclasses.replace(outcome.features, marks=("seen in training",))
    marks = ["", "supervised; seen in training"]
    scores = outcome.evaluation.scores.head(2).assign(label="digit", marks=marks)
    evaluation = dataclasses.replace(outcome.evaluation, scores=scores)
    write_tables(dataclasses.replace(outcome, features=features, evaluation=evaluation), tmp_path)
    found = pd.read_csv(tmp_path / "scores.csv")["marks"].tolist()
    assert found == ["seen in training", "seen in training; supervised"]


def test_why_names_were_not_checked_is_said_with_their_number(outcome: Outcome) -> None:
    assert outcome.naming is not None
    names = tuple(
        ClusterName(cluster=one.cluster, name=one.name, why="no image is left to check it on")
        for one in outcome.naming.names
    )
    naming = dataclasses.replace(outcome.naming, names=names)
    text = summary(dataclasses.replace(outcome, naming=naming), Path("runs/x"))
    n = len(names)
    assert f"names: {n} names not checked (no image is left to check it on)" in text


def test_what_only_people_labelled_stays_short(plain: Outcome, tmp_path: Path) -> None:
    figures = {path.name for path in write_figures(plain, tmp_path)}
    assert not [name for name in figures if name.startswith("stacked")]
    write_html(plain, tmp_path / "report.html", figures=tmp_path)
    page = Page(tmp_path / "report.html")
    ids = {a.get("id") for _, a in page.tags}
    assert not ids & {"meaning", "stability"}
    assert "How much of one mind each cluster is" in page.within("#labels", "details")
    folded = [a for tag, a in page.tags if tag == "details"]
    assert not [a for a in folded if "open" in a]
    for word in ("synthetic", "Meaning", "Stability", "unverified", "comes again"):
        assert word not in page.within("body"), word
    assert "confidence" not in page.data()
    text = summary(plain, tmp_path)
    assert not [word for word in ("stability", "names:", "labelled,") if word in text]


def test_figures_of_synthetic_labels_carry_a_band(run: Path) -> None:
    def has_band(name: str) -> bool:
        with Image.open(run / "figures" / name) as image:
            return bool((np.asarray(image)[-20:, :20] == [251, 231, 184]).all())

    for kind in ("classes", "contingency", "stacked", "projection_pca_label"):
        assert has_band(f"{kind}_{ONE}.png"), kind
        assert not has_band(f"{kind}_digit.png"), kind


def test_stacked_bars_show_the_shares(outcome: Outcome) -> None:
    labels = outcome.clustering.labels
    (found,) = [one for one in outcome.evaluation.homogeneity if one.column == ONE]
    shares = dict(found.clusters[["cluster", "homogeneity"]].itertuples(index=False))
    called = {int(c): f"cluster {c}" for c in np.unique(labels)}
    figure = draw_stacked(
        classes_of(outcome.collection, ONE), labels, shares, threshold=0.5, called=called
    )
    axes = figure.axes[0]
    sizes = pd.Series(labels[labels != NOISE]).value_counts()
    order = [*sorted(sizes.index, key=lambda c: (-sizes[c], c)), NOISE]
    assert [t.get_text() for t in axes.get_yticklabels()] == [called[c] for c in order]
    cells = outcome.collection.labels[ONE].fillna("no value")
    for at, cluster in enumerate(order):
        bars = [bar for bar in axes.patches if round(bar.get_y() + bar.get_height() / 2) == at]  # type: ignore[attr-defined]
        widths = [bar.get_width() for bar in bars]  # type: ignore[attr-defined]
        inside = cells[labels == cluster].value_counts(normalize=True)
        assert sorted(widths) == pytest.approx(sorted(inside))
        top = inside.drop("no value", errors="ignore").max()
        assert widths[0] == pytest.approx(top), "the commonest label comes first"
        assert all(bool(bar.get_hatch()) == (cluster == NOISE) for bar in bars)
    written = {(round(t.xy[1]), t.get_text()): t.get_weight() for t in axes.texts}  # type: ignore[attr-defined]
    for at, cluster in enumerate(order):
        good = shares[cluster] > 0.5 and cluster != NOISE
        assert written[at, f"{shares[cluster]:.0%}"] == ("bold" if good else "normal")


@pytest.mark.parametrize("n_clusters", [1, 3, 60])
def test_stacked_bars_of_many_or_few_clusters_fit(n_clusters: int) -> None:
    names = [
        f"{digit} as {how}" for how in ("written by hand", "print", "a sign") for digit in DIGITS
    ]
    collection = scans(n=400, names=names)
    labels = np.arange(400) % n_clusters
    labels[:20] = NOISE
    called = {c: f"cluster {c}: a rather long name of it" for c in range(-1, n_clusters)}
    shares = dict.fromkeys(range(-1, n_clusters), 0.123)
    figure = draw_stacked(
        classes_of(collection, "digit"), labels, shares, threshold=0.75, called=called
    )
    legend = figure.legends[0]
    axes = figure.axes[0]
    numbers = [text for text in axes.texts if text.get_text()[0].isdigit()]
    assert_apart([*axes.get_yticklabels(), *numbers, *legend.get_texts()], figure)
    notes = [text.get_text() for text in figure.texts]
    assert ("and 20 smaller clusters" in notes) == (n_clusters == 60)
    dark = np.asarray(render(figure).convert("L")) < 110
    assert dark.any()


def test_the_terminal_says_it_in_a_line_each(outcome: Outcome) -> None:
    lines = summary(outcome, Path("runs/x")).splitlines()
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    found = outcome.evaluation.homogeneity[3]
    row = found.summary.set_index("noise").loc["with"]
    answers = Counter(row.status for row in outcome.labelling.answers if row.column == ONE)  # type: ignore[union-attr]
    assert (
        f"{ONE} ({MARK}): {(answers['exact'] + answers['mapped']) / 260:.0%} labelled, "
        f"{answers['invalid']} invalid, {answers['failed']} failed; homogeneity "
        f"{row['homogeneity']:.2f} (majority {row['majority']:.2f}, chance {row['chance']:.2f})"
    ) in text
    kinds = outcome.evaluation.stability.kinds  # type: ignore[union-attr]
    assert f"stability: bootstrap {kinds['ari'][0]:.2f} ± {kinds['ari_std'][0]:.2f}" in text
    assert "names borne out by the images, 1 name not checked" in text
    assert lines[0].startswith(f"Labels of {ONE}: {MARK}")
    tagged = [line for line in lines if line.startswith("purity")]
    assert [("synthetic" in line, MARK in line) for line in tagged] == [
        *[(False, False)] * 3,
        (True, True),
        (True, False),
    ]


def test_hostile_answers_names_and_categories_stay_text(hostile: Path) -> None:
    page = Page(hostile)
    assert sum(tag == "script" for tag, _ in page.tags) == 3
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all(str(a["src"]).startswith("data:") for _, a in page.tags if "src" in a)
    for text in HOSTILE[:6]:
        assert text in page.within("#meaning"), text
    assert "49" not in page.within("#meaning", "asked", "categories")


@pytest.mark.skipif(BROWSER is None, reason="no chromium here to open the page in")
def test_a_browser_writes_names_into_the_legend(hostile: Path, tmp_path: Path) -> None:
    dom = tmp_path / "dom.html"
    dom.write_text(dump_dom(hostile, tmp_path / "profile"), encoding="utf-8")
    page = Page(dom)
    assert "taken" not in page.within("title")
    legend = page.within("#map-legend")
    assert any(f"“ {text} ”" in legend for text in HOSTILE)
    struck = page.within("#map-legend", "s")
    assert any(text in struck for text in HOSTILE)
