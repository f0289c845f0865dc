"""The page where labels are missing or sets, Q has no bound, or the clusters hardly stand."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from clusterlab.clusterers.recluster import Recluster
from clusterlab.labelling import Answer
from clusterlab.meaning import Naming
from clusterlab.metrics.stability import stability
from clusterlab.outcome import Outcome
from clusterlab.reports.console import summary
from clusterlab.reports.html import write_html
from clusterlab.stability import Stability, verdict
from clusterlab.types import NOISE, Clustering
from tests.meaning_fixtures import ONE, OTHER, evaluated, understood
from tests.report_fixtures import scans
from tests.test_report_texts import Page


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return understood(scans(n=120))


def page_of(outcome: Outcome, folder: Path) -> Page:
    write_html(outcome, folder / "report.html", figures=folder / "none_drawn", max_thumbnails=0)
    return Page(folder / "report.html")


def answered(outcome: Outcome, column: str, answers: list[Answer]) -> Outcome:
    """The outcome with other answers, and so other labels, in a column; scored anew."""
    assert outcome.labelling is not None
    others = [row for row in outcome.labelling.answers if row.column != column]
    cells = pd.Series([row.label or None for row in answers], dtype=object)
    labels = outcome.collection.labels.assign(**{column: cells})
    collection = dataclasses.replace(outcome.collection, labels=labels)
    changed = dataclasses.replace(
        outcome,
        collection=collection,
        labelling=dataclasses.replace(
            outcome.labelling, collection=collection, answers=(*others, *answers)
        ),
    )
    return dataclasses.replace(changed, evaluation=evaluated(changed))


def steady(outcome: Outcome, found: Stability) -> Outcome:
    evaluation = dataclasses.replace(outcome.evaluation, stability=found, notes=found.notes)
    return dataclasses.replace(outcome, evaluation=evaluation, notes=found.notes)


def test_a_labelling_that_failed_altogether_is_told(outcome: Outcome, tmp_path: Path) -> None:
    ids = outcome.collection.ids
    said = ["a word that is none", "quite another"]
    rows = [Answer(one, ONE, said[at % 3 == 0], "", "invalid") for at, one in enumerate(ids)]
    rows[5] = dataclasses.replace(rows[5], answer="TimeoutError: too slow", status="failed")
    failed = answered(outcome, ONE, rows)
    assert ONE not in {one.column for one in failed.evaluation.homogeneity}
    page = page_of(failed, tmp_path)
    text = page.within("#meaning")
    assert f"{ONE} synthetic No image that is scored has a label here" in text
    counts = Counter(row.answer for row in rows if row.status == "invalid")
    for answer, n in counts.items():
        assert f"{answer} {n}" in text
    assert "invalid outside the list 119 99%" in text
    assert "TimeoutError: too slow 1" in text
    assert page.within("#meaning", "h3").count(ONE) == 1


def test_nothing_is_from_the_store_where_no_answer_has_seconds(
    outcome: Outcome, tmp_path: Path
) -> None:
    assert outcome.labelling is not None
    answers = [row for row in outcome.labelling.answers if row.column == ONE]
    silent = answered(outcome, ONE, [dataclasses.replace(row, seconds=math.nan) for row in answers])
    # Of the other labeler half of the answers have seconds.
    assert page_of(outcome, tmp_path).within("#meaning").count("From the store 60") == 2
    assert page_of(silent, tmp_path).within("#meaning").count("From the store") == 1
    assert OTHER in silent.collection.synthetic


def test_sets_of_values_say_that_two_units_are_mixed(outcome: Outcome, tmp_path: Path) -> None:
    text = page_of(outcome, tmp_path).within("#meaning")
    assert outcome.collection.multi_valued == {"strokes"}
    assert text.count("Entropy is of the whole sets of values") == 1
    assert "Q has no bound" not in text


def test_q_without_a_bound_is_no_number(outcome: Outcome, tmp_path: Path) -> None:
    rows = [Answer(one, ONE, "digit", "digit", "exact") for one in outcome.collection.ids]
    same = answered(outcome, ONE, rows)
    (found,) = [one for one in same.evaluation.homogeneity if one.column == ONE]
    assert found.summary["q"].min() > 1e5
    text = page_of(same, tmp_path).within("#meaning")
    assert "> 1,000" in text
    assert "1,000,000" not in text
    assert text.count("Q has no bound where entropy comes to 0") == 1


def test_all_noise_has_no_names_and_does_not_say_what_they_are_made_of(
    outcome: Outcome, tmp_path: Path
) -> None:
    n = len(outcome.collection)
    noise = dataclasses.replace(
        outcome,
        clustering=Clustering(labels=np.full(n, NOISE), strength=None),
        naming=Naming(names=(), namer="the labels of “ridge”"),
    )
    noise = dataclasses.replace(noise, evaluation=evaluated(noise))
    text = page_of(noise, tmp_path).within("#meaning")
    assert "No cluster has a name: there is no cluster to name, all images are noise." in text
    assert "Made of" not in text


def test_clusters_of_noise_are_called_doubtful_on_page_and_terminal(
    outcome: Outcome, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(len(outcome.collection), 8)).astype(np.float32)
    again = Recluster(KMeans(3, n_init=3, random_state=0))
    labels = again(X)
    found = stability(X, labels, again, n_repeats=8)
    clustering = dataclasses.replace(outcome.clustering, labels=labels)
    cloud = steady(dataclasses.replace(outcome, clustering=clustering, naming=None), found)
    said = Counter(map(verdict, found.clusters["jaccard"]))
    assert not said["stable"], "the case should be one of noise"
    verb = "dissolves" if said["dissolves"] == 1 else "dissolve"
    verdicts = f"{said['dissolves']} {verb}, {said['doubtful']} doubtful, 0 stable"
    least = found.clusters.sort_values(["survival", "jaccard"]).iloc[0]
    text = page_of(cloud, tmp_path).within("#stability")
    assert f"Of 3 clusters: {verdicts}." in text
    assert f"Least firm is cluster {least['cluster']:.0f}, which comes again in" in text
    assert f"{np.nanmean(found.confidence):.3f} of the samples that hold it" in text
    for row in found.clusters.itertuples():
        assert f"{row.jaccard:.3f} {row.jaccard_chance:.3f} {verdict(row.jaccard)}" in text
    assert "Every cluster comes again" not in text
    for note in found.notes:
        assert note in text
    lines = summary(cloud, Path("runs/x")).splitlines()
    assert max(map(len, lines)) <= 80
    told = " ".join(" ".join(lines).split())
    assert f"of 3 clusters {verdicts}: mean Jaccard" in told
    assert f"mean confidence {np.nanmean(found.confidence):.2f}; least firm: cluster" in told
    assert f"in {least['survival']:.0%} of the samples" in told
    assert "drawn with replacement" not in told, "what is always so stands on the page"


def test_what_went_wrong_is_still_told_in_the_terminal(outcome: Outcome, tmp_path: Path) -> None:
    X = np.random.default_rng(0).random((len(outcome.collection), 2)).astype(np.float32)
    calls = iter(range(99))

    class Alone(Recluster):
        """Finds one cluster, every other time."""

        def __call__(self, X: np.ndarray, random_state: int | None = None) -> np.ndarray:
            return super().__call__(X, random_state) * (next(calls) % 2)

    alone = Alone(KMeans(2, n_init=1, random_state=0))
    found = stability(X, outcome.clustering.labels, alone, n_repeats=2)
    assert set(found.standing) < set(found.notes)
    told = " ".join(summary(steady(outcome, found), tmp_path).split())
    assert "1 of 2 re-clusterings (bootstrap) found one cluster" in told


def test_one_cluster_is_no_plural(outcome: Outcome, tmp_path: Path) -> None:
    labels = np.zeros(len(outcome.collection), dtype=int)
    one = dataclasses.replace(outcome, clustering=Clustering(labels=labels, strength=None))
    assert "120 images in 1 cluster\n" in summary(one, tmp_path)
