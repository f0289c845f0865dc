"""Texts, marks and provenance: in the tables, the figures, the page and the terminal."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clusterlab.outcome import Outcome
from clusterlab.reports.console import summary
from clusterlab.reports.html import write_html
from clusterlab.reports.metrics_file import metrics
from clusterlab.reports.page.captions import authors
from clusterlab.reports.page.headline import sentence
from clusterlab.reports.tables import write_tables
from clusterlab.reports.write import write_report
from clusterlab.types import Text
from tests.report_fixtures import clothing, deep, outcome_of, written_about

MARK = "random weights"
HOSTILE = '<script>document.title=1</script>"><img src=x onerror="alert(1)">\n\u2028</script>'
LONG = "a striped shirt on a chair " * 20


class Page(HTMLParser):
    """The text of a page by the ids and classes of the elements around it."""

    VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self._open: list[tuple[str, tuple[str, ...]]] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append((tag, known))
        if tag not in self.VOID:
            names = (tag, *(known.get("class") or "").split(), f"#{known.get('id')}")
            self._open.append((tag, names))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(n for _, names in self._open for n in names), data))

    def within(self, *names: str) -> str:
        """The text inside elements that have, or are inside one with, each of these names."""
        found = [text for around, text in self.texts if set(names) <= set(around)]
        return " ".join(" ".join(found).split())

    def data(self) -> dict[str, Any]:
        """What the interactive map is given."""
        raw = "".join(text for around, text in self.texts if "#map-data" in around)
        content: dict[str, Any] = json.loads(raw)
        return content


@pytest.fixture(scope="module")
def plain(shared_data: Path) -> Outcome:
    return outcome_of(clothing(shared_data, per_class=3), n_clusters=3, n_noise=2)


@pytest.fixture(scope="module")
def marked(plain: Outcome) -> Outcome:
    texts = list(written_about(plain.collection))
    texts[3] = dataclasses.replace(texts[3], text=HOSTILE)
    texts[4] = dataclasses.replace(texts[4], text=LONG)
    return deep(plain, texts=tuple(texts), marks=(MARK,))


def write(outcome: Outcome, folder: Path) -> Path:
    write_tables(outcome, folder)
    write_report(outcome, folder, max_thumbnails=2000)
    return folder


@pytest.fixture(scope="module")
def plain_run(plain: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(plain, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def marked_run(marked: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(marked, tmp_path_factory.mktemp("marked"))


@pytest.fixture(scope="module")
def page(marked_run: Path) -> Page:
    return Page(marked_run / "report.html")


def rows_of(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        return list(reader.fieldnames or []), rows


def test_captions_hold_every_text_as_it_was_written(
    plain: Outcome, marked: Outcome, tmp_path: Path
) -> None:
    write_tables(dataclasses.replace(plain, texts=marked.texts), tmp_path)
    columns, rows = rows_of(tmp_path / "captions.csv")
    assert columns == ["id", "text", "model", "seconds", "note"]
    assert [row["id"] for row in rows] == list(marked.collection.ids)
    assert [row["text"] for row in rows] == [text.text for text in marked.texts]
    assert rows[3]["text"] == HOSTILE
    assert (rows[1]["text"], rows[1]["note"]) == ("", "empty")
    assert rows[2]["note"].startswith("repeats itself")
    assert {(row["model"], row["seconds"]) for row in rows} == {("Salesforce/blip", "0.5")}


def test_no_captions_where_no_model_wrote(plain: Outcome, tmp_path: Path) -> None:
    (tmp_path / "captions.csv").write_text("left by a run that failed here before")
    own = tuple(Text(id_, "from the table", "description") for id_ in plain.collection.ids)
    write_tables(dataclasses.replace(plain, texts=own), tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == [
        *("assignments.csv", "clusters.csv", "explained_variance.csv", "failures.csv", "scores.csv")
    ]


def test_a_column_s_texts_stand_beside_a_model_s(plain: Outcome, tmp_path: Path) -> None:
    ids = plain.collection.ids
    texts = (Text(ids[0], "a hat", "blip", 0.1), Text(ids[0], "Hut", "description"))
    write_tables(dataclasses.replace(plain, texts=texts), tmp_path)
    _, rows = rows_of(tmp_path / "captions.csv")
    assert [(row["model"], row["seconds"]) for row in rows] == [
        ("blip", "0.1"),
        ("description", ""),
    ]


def test_every_table_of_a_marked_run_ends_with_the_mark(marked_run: Path) -> None:
    tables = {path.name: rows_of(path) for path in marked_run.rglob("*.csv")}
    assert {"assignments.csv", "clusters.csv", "scores.csv", "failures.csv", "captions.csv"} <= set(
        tables
    )
    for name, (columns, rows) in tables.items():
        assert columns[-1] == "marks", name
        assert all(row["marks"] == MARK for row in rows), name
    assert json.loads((marked_run / "model" / "model.json").read_text())["marks"] == [MARK]


def test_several_marks_are_joined(plain: Outcome, tmp_path: Path) -> None:
    both = deep(plain, marks=(MARK, "mine"))
    write_tables(both, tmp_path)
    assert set(pd.read_csv(tmp_path / "scores.csv")["marks"]) == {"random weights; mine"}
    assert metrics(both, seconds=1.0)["marks"] == [MARK, "mine"]


def test_an_unmarked_run_says_nothing_of_marks(plain: Outcome, plain_run: Path) -> None:
    for path in plain_run.rglob("*.csv"):
        assert "marks" not in rows_of(path)[0], path.name
    assert not (plain_run / "captions.csv").exists()
    assert "marks" not in metrics(plain, seconds=1.0)
    assert "marks" not in json.loads((plain_run / "model" / "model.json").read_text())
    page = Page(plain_run / "report.html")
    assert not page.within("mark")
    assert not page.within("#texts")
    assert not page.within("said")
    assert "How the features came to be" not in page.within("body")
    assert MARK not in summary(plain, plain_run)


def test_a_label_called_marks_keeps_its_values(plain: Outcome, tmp_path: Path) -> None:
    labels = plain.collection.labels.set_axis(["marks"], axis=1)
    collection = dataclasses.replace(plain.collection, labels=labels)
    for marks, column in (((), "marks"), ((MARK,), "label_marks")):
        own = deep(dataclasses.replace(plain, collection=collection), marks=marks)
        write_tables(own, tmp_path)
        assert pd.read_csv(tmp_path / "assignments.csv")[column].tolist() == labels.marks.tolist()


def test_every_figure_of_a_marked_run_carries_a_band(plain_run: Path, marked_run: Path) -> None:
    names = sorted(path.name for path in (marked_run / "figures").iterdir())
    assert names == sorted(path.name for path in (plain_run / "figures").iterdir())
    for name in names:
        with Image.open(plain_run / "figures" / name) as one:
            without = np.asarray(one)
        with Image.open(marked_run / "figures" / name) as one:
            whole = np.asarray(one)
        height = len(without)
        np.testing.assert_array_equal(whole[:height], without)
        band = whole[height:]
        assert 30 <= len(band) <= 60
        assert (band.mean(axis=2) < 90).mean() > 0.01, "nothing is written on the band"
        assert not (band == 255).all(axis=2).any(), "the band is as white as the figure"


def test_the_page_names_the_mark_before_any_number(page: Page) -> None:
    assert page.within("h1") == f"clothing {MARK}"
    assert f"({MARK})" in page.within("title")
    assert page.within("warnings", "li").startswith("Random weights: a model was never trained")
    for section in ("#scores", "#map-section", "#clusters", "#labels", "#texts"):
        heading = "h3" if section == "#texts" else "h2"
        assert MARK in page.within(section, heading), section
    cells = sum(attrs.get("class") == "cell" for _, attrs in page.tags)
    assert cells > 10
    assert page.within("cell", "target", "mark").split(MARK) == ["", *[" "] * (cells - 1), ""]
    assert page.within("#scores", "lead", "mark") == MARK
    in_table = [t for around, t in page.texts if {"#scores", "td"} <= set(around) and t == MARK]
    assert f"All scores ({len(in_table)})" in page.within("#scores")


def test_the_hover_card_has_each_image_s_text(marked: Outcome, page: Page) -> None:
    (voice,) = page.data()["texts"]
    assert voice["name"] == "Salesforce/blip"
    shown = [voice["values"][at] if at >= 0 else "" for at in voice["value"]]
    expected = [" ".join(text.text.split()) for text in marked.texts]
    assert shown[:4] == expected[:4]
    assert shown[5:] == expected[5:]
    assert len(shown[4]) <= 200
    assert expected[4].startswith(shown[4].removesuffix("…").rstrip())
    assert len(voice["values"]) == len(set(shown) - {""})


def test_thumbnails_say_what_is_said_of_them(marked: Outcome, page: Page) -> None:
    thumbs = {
        int(str(a["data-row"])): a for tag, a in page.tags if tag == "img" and "data-row" in a
    }
    assert set(thumbs) == set(range(len(marked.texts)))
    for row, image in thumbs.items():
        id_, text = marked.collection.ids[row], " ".join(marked.texts[row].text.split())
        assert str(image["title"]).startswith(id_)
        assert str(image["title"])[len(id_) :].strip()[:150] == text[:150]
        assert str(image["alt"])[:150] == (text or id_)[:150]


def test_each_cluster_quotes_its_most_central_images(marked: Outcome, page: Page) -> None:
    for cluster in marked.clustering.clusters.tolist():
        rows = np.flatnonzero(marked.clustering.labels == cluster)
        points = marked.reduced.values[rows].astype(float)
        order = rows[np.argsort(np.linalg.norm(points - points.mean(axis=0), axis=1))]
        said = [" ".join(marked.texts[row].text.split()) for row in order]
        expected = list(dict.fromkeys(text for text in said if text))[:3]
        around = {f"#cluster-{cluster}", "said", "p"}
        quoted = [text for names, text in page.texts if around <= set(names)]
        assert [text[:150] for text in quoted] == [text[:150] for text in expected]


def test_the_page_counts_the_texts(marked: Outcome, page: Page) -> None:
    lines = [" ".join(text.text.split()) for text in marked.texts]
    section = page.within("#dataset", "stages")
    assert "written by Salesforce/blip" in section
    assert f"Texts {len(lines)} Different {len(set(lines) - {''})} Empty 1 (3%)" in section
    assert "Repeats itself, shortened 1" in section
    cells = [t for around, t in page.texts if {"frequent", "td"} <= set(around) and t.strip()]
    counted = Counter(line for line in lines if line)
    shown = dict(zip(cells[::2], map(int, cells[1::2]), strict=True))
    assert shown == {line: n for line, n in counted.items() if n > 1}
    assert list(shown.values()) == sorted(shown.values(), reverse=True)


def test_a_text_never_becomes_code(page: Page) -> None:
    assert sum(tag == "script" for tag, _ in page.tags) == 3
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all(str(a["src"]).startswith("data:") for _, a in page.tags if "src" in a)


def test_long_texts_do_not_swell_the_page(plain: Outcome, tmp_path: Path) -> None:
    texts = tuple(
        Text(id_, f"{model} " + "x" * 5000, f"model {model}", 0.1)
        for id_ in plain.collection.ids
        for model in range(3)
    )
    sizes = []
    for some in ((), texts):
        path = tmp_path / "report.html"
        described = dataclasses.replace(plain, texts=some)
        write_html(described, path, figures=tmp_path / "none", max_thumbnails=0)
        sizes.append(path.stat().st_size)
    assert sizes[1] - sizes[0] < 150_000


@pytest.mark.parametrize(("n_texts", "longest"), [(100, 200), (40_000, 100), (10**6, 40)])
def test_the_more_texts_the_shorter_each(plain: Outcome, n_texts: int, longest: int) -> None:
    text = Text(plain.collection.ids[0], "x" * 500, "blip", 0.1)
    (voice,) = authors(dataclasses.replace(plain, texts=(text,) * n_texts))
    assert [len(said) for said in voice.said.values()] == [longest]


def test_what_made_the_features_can_be_read(page: Page) -> None:
    made = page.within("#made", "stage")
    digest = hashlib.sha256(b"weights").hexdigest()
    for words in (
        "model facebook/dinov2-base",
        "revision f9e44c814b77…",
        "weights hub",
        f"SHA-256 {digest[:12]}…",
        "resize 256",
        "crop 224, 224",
        "mean 0.485, 0.456, 0.406",
        "standard deviation 0.229, 0.224, 0.225",
        "output cls",
        "normalize none",
        "device cpu",
        "precision bf16",
        "cosine to FP32 0.99993",
    ):
        assert words in made, words
    assert digest not in made
    assert digest in [attrs.get("title") for _, attrs in page.tags]


def test_provenance_of_any_depth_is_shown(plain: Outcome, tmp_path: Path) -> None:
    config = {
        "parts": {"image": {"source": {"model": "one"}}, "caption": {"source": {"model": "two"}}},
        "weighted": [{"weight": 0.25}, {"weight": 2}],
        "odd": {},
        "HTML": "<b>bold</b>",
    }
    features = dataclasses.replace(plain.features, provenance={"config": config})
    path = tmp_path / "report.html"
    write_html(dataclasses.replace(plain, features=features), path, figures=tmp_path / "none")
    made = Page(path).within("#made", "stage")
    for words in (
        "parts · image · source model one",
        "parts · caption · source model two",
        "weighted · 1 weight 0.25 weighted · 2 weight 2",
        "odd none",
        "HTML <b>bold</b>",
    ):
        assert words in made, words


def test_an_extractor_s_own_arguments_are_not_told_twice(plain: Outcome, tmp_path: Path) -> None:
    arguments = dict(plain.components["extractor"])
    features = dataclasses.replace(plain.features, provenance={"config": arguments})
    path = tmp_path / "report.html"
    write_html(dataclasses.replace(plain, features=features), path, figures=tmp_path / "none")
    assert Page(path).within("#made").count("bins") == 1


def test_the_terminal_names_the_mark_above_the_scores(marked: Outcome) -> None:
    lines = summary(marked, Path("runs/x")).splitlines()
    assert lines[0].startswith("Random weights: a model was never trained")
    head = next(row for row, line in enumerate(lines) if "by chance" in line)
    assert lines[head].split() == ["score", "by", "chance"], "no column without values"
    rows = [line for line in lines[head:] if line.startswith(("ari", "purity", "silhouette"))]
    assert rows
    assert all(MARK in row for row in rows)
    assert max(map(len, lines)) <= 80


def test_a_supervised_score_with_several_marks_fits_a_terminal(marked: Outcome) -> None:
    seen = tuple(map(str, marked.collection.labels.columns))
    for marks in ((MARK,), (MARK, "made of something rather long")):
        features = dataclasses.replace(marked.features, marks=marks, seen_labels=seen)
        lines = summary(dataclasses.replace(marked, features=features), Path("x")).splitlines()
        assert max(map(len, lines)) <= 80
        assert [line for line in lines if line.startswith("ari") and MARK in line]
    features = dataclasses.replace(marked.features, seen_labels=seen)
    text = summary(dataclasses.replace(marked, features=features), Path("x"))
    assert f"{MARK}; supervised" in text


@pytest.mark.parametrize("recorded", [True, False])
def test_the_headline_names_the_parts_of_a_fusion(plain: Outcome, recorded: bool) -> None:
    parts = {
        "image": {"_target_": "clusterlab.extractors.hog.Hog"},
        "caption": {"_target_": "clusterlab.extractors.blip.ImageToText"},
    }
    own = {"extractor@extractor.parts.image": "vit", "extractor@extractor.parts.caption": "blip"}
    fused = dataclasses.replace(
        plain,
        choices={**plain.choices, "extractor": "fusion", **(own if recorded else {})},
        components={**plain.components, "extractor": {"parts": parts}},
    )
    image = "ViT" if recorded else "HOG"
    assert f"→ image: {image}, caption: BLIP captions (" in sentence(fused)
