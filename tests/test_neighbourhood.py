"""What lies beside what: exact neighbours, wrong labels, classes side by side, and the page."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestNeighbors

from clusterlab.metrics._class_pairs import class_pairs
from clusterlab.metrics._neighbour_search import nearest
from clusterlab.metrics.neighbourhood import neighbourhood
from clusterlab.neighbourhood import Neighbourhood
from clusterlab.outcome import Outcome
from clusterlab.reports.html import write_html
from clusterlab.reports.neighbour_tables import neighbour_tables
from clusterlab.types import Collection, Features, MemoryImage
from tests.report_fixtures import clothing, collection_of, outcome_of
from tests.test_report_html import BROWSER, HOSTILE, Page, dump_dom

RNG = np.random.default_rng(0)
POINTS = {
    "random": RNG.normal(size=(120, 5)),
    "far from the origin": RNG.normal(size=(60, 3)) + 1e4,
    "on a grid": np.round(RNG.normal(size=(150, 2))),
    "all equal": np.ones((30, 3)),
    "equally far": np.eye(60)[RNG.integers(0, 40, 90)],
    "yes and no": RNG.random((120, 10)) < 0.4,
    "with one outlier": np.r_[RNG.normal(size=(50, 3)), [[1e6] * 3]],
    "one": RNG.normal(size=(1, 4)),
    "two": RNG.normal(size=(2, 4)),
}


@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("k", [1, 4, 15])
def test_neighbours_are_those_of_brute_force_and_ties_go_by_row(points: np.ndarray, k: int) -> None:
    X = points.astype(np.float32)
    exact = X.astype(float)
    away = np.sqrt(((exact[:, None] - exact) ** 2).sum(axis=2)).astype(np.float32)
    indices, distances = nearest(X, n_neighbors=k)
    assert indices.shape == distances.shape == (len(X), min(k, len(X) - 1))
    for row, (found, far) in enumerate(zip(indices, distances, strict=True)):
        others = [other for other in range(len(X)) if other != row]
        expected = sorted(others, key=lambda other: (away[row, other], other))[:k]
        assert found.tolist() == expected
        np.testing.assert_allclose(far, away[row, expected], rtol=1e-6)


def test_threads_do_not_change_the_neighbours() -> None:
    X = RNG.normal(size=(700, 96)).astype(np.float32)
    threads = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(1)
        one = nearest(X, n_neighbors=20)
        faiss.omp_set_num_threads(4)
        four = nearest(X, n_neighbors=20)
    finally:
        faiss.omp_set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(one, four, strict=True))
    away, _ = NearestNeighbors(n_neighbors=21).fit(X.astype(float)).kneighbors(X)
    np.testing.assert_allclose(one[1], away[:, 1:], rtol=1e-6)


def scans(
    labels: Sequence[str | None], *, copies: Sequence[int] = (), **others: Sequence[object]
) -> tuple[Collection, Features]:
    """The digits with these labels; copies: rows that are there again, with the same label."""
    pixels = load_digits().data.astype(np.float32)[: len(labels)]
    rows = [*range(len(labels)), *copies]
    images = {
        f"scan {place:04}, {row}": MemoryImage(pixels[row].tobytes())
        for place, row in enumerate(rows)
    }
    columns = {"digit": [labels[row] for row in rows], **others}
    multi = frozenset(name for name, cells in others.items() if isinstance(cells[0], tuple))
    collection = collection_of(images, columns, multi_valued=multi)
    return collection, Features(ids=collection.ids, values=pixels[rows], space="features")


def digits(n: int = 1797) -> list[str | None]:
    return [str(one) for one in load_digits().target[:n]]


def found_in(collection: Collection, features: Features, n_neighbors: int = 10) -> Neighbourhood:
    found = neighbourhood(collection, features, n_neighbors=n_neighbors)
    assert found is not None
    return found


def flipped(share: float, n: int = 1797) -> tuple[list[str | None], list[int]]:
    rng = np.random.default_rng(1)
    labels = digits(n)
    rows = rng.choice(n, round(share * n), replace=False).tolist()
    for row in rows:
        labels[row] = str((int(str(labels[row])) + int(rng.integers(1, 10))) % 10)
    return labels, rows


def test_flipped_labels_are_found_and_set_right() -> None:
    labels, rows = flipped(0.05)
    collection, features = scans(labels)
    found = found_in(collection, features)
    truth = dict(zip(collection.ids, digits(), strict=True))
    wrong = {collection.ids[row] for row in rows}
    named = set(found.issues["id"])
    assert len(named & wrong) / len(named) > 0.9
    assert len(named & wrong) / len(wrong) > 0.7
    hits = found.issues[found.issues["id"].isin(list(wrong))]
    assert (hits["suggested"] == hits["id"].map(truth)).mean() > 0.9
    given = dict(zip(collection.ids, labels, strict=True))
    assert (found.issues["given"] == found.issues["id"].map(given)).all()
    assert found.issues["quality"].is_monotonic_increasing
    assert found.issues["quality"].between(0, 0.5).all()
    column = found.columns.set_index("label").loc["digit"]
    assert column["n_issues"] == len(found.issues)
    # By hand: how many of the ten nearest carry the same label.
    codes = np.array(labels)
    assert column["same_share"] == pytest.approx((codes[found.indices] == codes[:, None]).mean())
    assert column["chance"] == pytest.approx(0.1, abs=0.01)


def test_right_labels_are_left_alone() -> None:
    found = found_in(*scans(digits(600)))
    assert len(found.issues) <= 3


def test_copies_are_listed_but_do_not_vote() -> None:
    labels = digits(500)
    labels[7] = "3"
    plain, features = scans(labels)
    assert plain.ids[7] in set(found_in(plain, features).issues["id"])
    collection, features = scans(labels, copies=[7] * 12)
    found = found_in(collection, features)
    same = {row for row, id_ in enumerate(collection.ids) if id_.endswith(", 7")}
    assert set(found.indices[7]) < same
    assert (found.distances[7] == 0).all()
    assert {collection.ids[row] for row in same} <= set(found.issues["id"])
    assert (found.issues.set_index("id").loc[plain.ids[7], "same_share"]) == 0


def test_pairs_are_those_of_a_permutation_test() -> None:
    rng = np.random.default_rng(3)
    centres = np.array([[0, 0], [1.5, 0], [9, 0], [9, 9], [0, 9]])
    codes = rng.choice(5, 250, p=[0.15, 0.15, 0.2, 0.25, 0.25])
    X = (centres[codes] + rng.normal(size=(250, 2))).astype(np.float32)
    near, _ = nearest(X, n_neighbors=8)
    sources, targets = np.repeat(np.arange(250), 8), near.ravel()
    found = class_pairs(codes, sources, targets)
    assert list(zip(found.one, found.other, strict=True)) == [(0, 1)]
    draws = np.array(
        [
            _between(shuffled, sources, targets, 0, 1)
            for shuffled in (rng.permutation(codes) for _ in range(2000))
        ]
    )
    links = _between(codes, sources, targets, 0, 1)
    assert found.links.tolist() == [links]
    assert found.expected[0] == pytest.approx(draws.mean(), rel=0.02)
    assert found.p_value[0] < 1e-3
    assert draws.max() < links


def test_shuffled_labels_make_no_pairs() -> None:
    """A binomial test would find some in most draws: links share images and come in clumps."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(300, 3)).astype(np.float32)
    near, _ = nearest(X, n_neighbors=10)
    sources, targets = np.repeat(np.arange(300), 10), near.ravel()
    with_pairs = sum(
        len(class_pairs(rng.integers(0, 8, 300), sources, targets).one) > 0 for _ in range(200)
    )
    assert with_pairs <= 20


def _between(codes: np.ndarray, sources: np.ndarray, targets: np.ndarray, a: int, b: int) -> int:
    ends = np.sort(np.stack([codes[sources], codes[targets]]), axis=0)
    return int(((ends[0] == a) & (ends[1] == b)).sum())


def test_after_learning_only_unseen_images_are_judged() -> None:
    labels, _ = flipped(0.1, n=800)
    collection, features = scans(labels)
    split = np.where(np.arange(800) % 2, "train", "test")
    collection = dataclasses.replace(collection, split=split)
    learned = dataclasses.replace(features, seen_labels=("digit",), seen_splits=("train",))
    found = found_in(collection, learned)
    unseen = {id_ for id_, one in zip(collection.ids, split, strict=True) if one == "test"}
    assert set(found.issues["id"]) <= unseen
    assert len(found.issues) > 20
    assert found.columns["n"].tolist() == [400]
    assert any("learned from the labels of 400 images" in note for note in found.notes)
    # As if the others were not there at all.
    alone = found_in(collection.take(sorted(unseen)), features.take(sorted(unseen)))
    pd.testing.assert_frame_equal(found.issues, alone.issues)
    assert len(found.indices) == 800


def test_columns_that_cannot_be_judged_say_why() -> None:
    n = 300
    names: list[str | None] = ["rare" if row < 2 else None if row < 12 else d for row, d in
                               enumerate(digits(n))]  # fmt: skip
    collection, features = scans(
        names,
        parts=[("a", "b") if row % 2 else () for row in range(n)],
        same=["one"] * n,
        made=[str(row % 3) for row in range(n)],
    )
    found = found_in(collection, dataclasses.replace(features, seen_labels=("made",)))
    notes = " ".join(found.notes)
    assert "digit: 10 images have no label" in notes
    assert "digit: 1 class has fewer than 3 different pictures" in notes
    assert "its 2 images are left out" in notes
    assert "parts: an image has several values" in notes
    assert "same: fewer than two classes" in notes
    assert "made: the features were made from it" in notes
    assert found.columns["label"].tolist() == ["digit"]
    assert "rare" not in {*found.issues["given"], *found.issues["suggested"]}


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("width", [2, 40])
def test_few_or_equal_images_make_no_trouble(n: int, width: int) -> None:
    images = {str(row): MemoryImage(bytes([row])) for row in range(n)}
    collection = collection_of(images, {"kind": [str(row % 2) for row in range(n)]})
    values = np.zeros((n, width), np.float32)
    found = found_in(collection, Features(ids=collection.ids, values=values, space="features"))
    assert found.indices.shape == (n, n - 1)
    assert found.issues.empty
    assert found.pairs.empty
    assert all(row not in near for row, near in enumerate(found.indices))


def test_zero_neighbours_turn_it_off() -> None:
    assert neighbourhood(*scans(digits(20)), n_neighbors=0) is None


@pytest.fixture(scope="module")
def outcome(shared_data: Path) -> Outcome:
    """Photographs whose ids and labels try to become code; one of each class has a wrong label."""
    plain = clothing(shared_data, per_class=8)
    kinds = sorted(set(plain.labels["label"]))
    labels = [
        HOSTILE[kinds.index(kind) % 5] + (", more" if kinds.index(kind) > 4 else "")
        for kind in plain.labels["label"]
    ]
    images = {f"{row:02d}{HOSTILE[row % 5]}": image for row, image in enumerate(plain.images)}
    made = outcome_of(collection_of(images, {HOSTILE[3]: labels}), n_clusters=3)
    found = found_in(made.collection, made.features, n_neighbors=6)
    worst = pd.DataFrame(
        {"label": HOSTILE[3], "id": made.collection.ids[:3], "path": "", "given": labels[:3],
         "suggested": labels[-3:], "quality": [0.1, 0.25, 0.4], "same_share": [0, 0.1, 0.2]}
    )  # fmt: skip
    pair = pd.DataFrame(
        {"label": [HOSTILE[3]], "one": [labels[0]], "other": [labels[-1]], "links": [31],
         "expected": [10.0], "ratio": [3.1], "p_value": [0.0001]}
    )  # fmt: skip
    found = dataclasses.replace(found, issues=worst, pairs=pair)
    evaluation = dataclasses.replace(made.evaluation, neighbourhood=found)
    return dataclasses.replace(made, evaluation=evaluation)


@pytest.fixture(scope="module")
def written(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_html(outcome, path, figures=path.parent / "none_drawn")
    return path


def test_the_tables_hold_every_neighbour_whatever_its_name(
    outcome: Outcome, tmp_path: Path
) -> None:
    found = outcome.evaluation.neighbourhood
    assert found is not None
    tables = neighbour_tables(outcome)
    assert set(tables) == {"neighbours", "label_issues", "class_neighbours"}
    path = tmp_path / "neighbours.csv"
    tables["neighbours"].to_csv(path, index=False)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ids = outcome.collection.ids
    assert len(rows) == len(ids) * 6
    assert [row["id"] for row in rows[:6]] == [ids[0]] * 6
    assert [int(row["rank"]) for row in rows[:6]] == [1, 2, 3, 4, 5, 6]
    assert [row["neighbour"] for row in rows[:6]] == [ids[near] for near in found.indices[0]]
    distances = [float(row["distance"]) for row in rows[:6]]
    np.testing.assert_allclose(distances, found.distances[0], rtol=1e-5)
    assert list(tables["label_issues"])[:7] == [
        "label", "id", "path", "given", "suggested", "quality", "same_share"
    ]  # fmt: skip
    assert list(tables["class_neighbours"])[:7] == [
        "label", "one", "other", "links", "expected", "ratio", "p_value"
    ]  # fmt: skip


def test_a_synthetic_column_is_marked_in_the_tables(outcome: Outcome) -> None:
    collection = dataclasses.replace(outcome.collection, synthetic=frozenset({HOSTILE[3]}))
    tables = neighbour_tables(dataclasses.replace(outcome, collection=collection))
    assert (tables["label_issues"]["marks"] == "synthetic").all()
    assert (tables["class_neighbours"]["marks"] == "synthetic").all()


def test_the_page_says_what_is_beside_what(outcome: Outcome, written: Path) -> None:
    source = written.read_text("utf-8")
    text = Page(source.split('<section id="neighbours">')[1].split("</section>")[0]).text
    for sentence in (
        "very likely wrong",
        "likely wrong",
        "worth a look",
        "a suggestion is no proof",
        "3.1 times",
        "would by chance",
    ):
        assert sentence in text
    near = Page(source).data["neighbours"]
    found = outcome.evaluation.neighbourhood
    assert found is not None
    for name in (*found.issues["given"], *found.issues["suggested"], *found.pairs["other"]):
        assert " ".join(name.split()) in text
    assert near["rows"] == found.indices.ravel().tolist()  # type: ignore[index]


def test_without_neighbours_the_page_has_no_such_section(outcome: Outcome, tmp_path: Path) -> None:
    evaluation = dataclasses.replace(outcome.evaluation, neighbourhood=None)
    plain = dataclasses.replace(outcome, evaluation=evaluation)
    path = tmp_path / "report.html"
    write_html(plain, path, figures=tmp_path / "none_drawn", max_thumbnails=1)
    page = path.read_text("utf-8")
    assert 'id="neighbours"' not in page
    assert Page(page).data["neighbours"] is None
    assert neighbour_tables(plain) == {}


@pytest.mark.skipif(BROWSER is None, reason="no chromium here to open the page in")
def test_a_curator_finds_an_image_by_its_id_and_walks_on(
    outcome: Outcome, written: Path, tmp_path: Path
) -> None:
    """Types a part of an id, takes the first hit, and goes to its nearest neighbour."""
    walk = """<script>
      const box = document.getElementById("map-search");
      const until = (test, then) => (test() ? then() : setTimeout(() => until(test, then), 100));
      until(() => document.querySelector(".gl-canvas"), () => setTimeout(() => {
        box.value = "17";
        box.dispatchEvent(new Event("input"));
        document.body.dataset.hits = document.querySelectorAll("#map-found button").length;
        box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
        document.body.dataset.first = document.getElementById("near-id").textContent;
        document.querySelector("#near-list button").click();
      }, 300));
    </script>"""
    source = re.sub(r"<meta http-equiv=[^>]*>", "", written.read_text("utf-8"))
    copy = tmp_path / "walked.html"
    copy.write_text(source.replace("</body>", f"{walk}</body>"), encoding="utf-8")
    dom = dump_dom(copy, tmp_path / "profile")
    found = outcome.evaluation.neighbourhood
    assert found is not None
    ids = outcome.collection.ids
    page = Page(dom)
    assert page.values("data-hits") == ["1"]
    assert page.values("data-first") == [ids[17]]
    second = int(found.indices[17, 0])
    panel = Page(dom.split('id="map-near"')[1].split("</ol>")[0])
    titles = panel.values("title")
    assert titles == [ids[row] for row in found.indices[second]]
    assert len([src for src in panel.values("src") if src.startswith("data:image")]) == 6
    assert " ".join(ids[second].split()) in panel.text
    assert "taken" not in page.title
