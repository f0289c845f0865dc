"""report.html: self-contained, readable without JavaScript, and safe with hostile names."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from clusterlab.outcome import Outcome
from clusterlab.reports.figures import write_figures
from clusterlab.reports.html import write_html
from clusterlab.types import Failure, Text
from tests.report_fixtures import clothing, collection_of, outcome_of

HOSTILE = (
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "</script><!--",
    "{{ 7 * 7 }} $\u2028 &amp; 'x'",
    "<a href='javascript:document.title=1'>x</a>",
)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)


class Page(HTMLParser):
    """The tags, the attributes and the visible text of a page; scripts apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self.title = ""
        self._inside = ""
        self.feed(text)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, _tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside == "title":
            self.title += data
        elif self._inside == "style":
            self.styles.append(data)
        else:
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]

    @property
    def data(self) -> dict[str, object]:
        """What the interactive map is given."""
        found: dict[str, object] = json.loads(self.scripts[0])
        return found


def write(outcome: Outcome, folder: Path) -> Path:
    figures = folder / "figures"
    figures.mkdir()
    thumbnails: dict[int, bytes | None] = {}
    write_figures(outcome, figures, thumbnails=thumbnails)
    write_html(outcome, folder / "report.html", figures=figures, thumbnails=thumbnails)
    return folder / "report.html"


@pytest.fixture(scope="module")
def outcome(shared_data: Path) -> Outcome:
    return outcome_of(clothing(shared_data), seen_labels=("label",), notes=("Mind the gap.",))


@pytest.fixture(scope="module")
def written(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(outcome, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def hostile(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose names, wherever a user's data can put one, try to become code."""
    plain = clothing(shared_data, per_class=3)
    n = len(plain)
    images = {f"{row:02d}{HOSTILE[row % 5]}": image for row, image in enumerate(plain.images)}
    labels = [HOSTILE[row % 5] for row in range(n)]
    sets = [tuple(sorted({HOSTILE[row % 5], HOSTILE[row % 3]})) for row in range(n)]
    collection = collection_of(
        images,
        {HOSTILE[0]: labels, HOSTILE[1]: sets},
        multi_valued=frozenset({HOSTILE[1]}),
        name=HOSTILE[1],
    )
    failures = [Failure(f"{text} id", text, text, text, text) for text in HOSTILE]
    made = outcome_of(collection, n_clusters=3, failures=failures, notes=HOSTILE)
    made = dataclasses.replace(
        made,
        name=HOSTILE[2],
        features=dataclasses.replace(
            made.features,
            provenance={"config": {HOSTILE[0]: {HOSTILE[1]: HOSTILE[2]}}},
            marks=HOSTILE[:2],
        ),
        texts=tuple(
            Text(id_, HOSTILE[row % 5], HOSTILE[0], note=HOSTILE[1])
            for row, id_ in enumerate(collection.ids)
        ),
        compute={HOSTILE[0]: HOSTILE[1]},
        views={HOSTILE[0]: made.views["pca"]},
        environment={HOSTILE[0]: HOSTILE[1]},
        components={**made.components, "reducer": {HOSTILE[0]: HOSTILE[1]}},
        evaluation=dataclasses.replace(
            made.evaluation, clusters=made.evaluation.clusters.assign(name=HOSTILE[1])
        ),
    )
    return write(made, tmp_path_factory.mktemp("hostile"))


def test_nothing_is_loaded_from_anywhere(written: Path) -> None:
    page = Page(written.read_text("utf-8"))
    addresses = page.values("src") + page.values("href") + page.values("srcset")
    assert addresses
    assert all(re.match(r"data:image/(png|webp);base64,|#\w", address) for address in addresses)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {t for t, _ in page.tags}
    assert not re.search(r"url\(|@import|https?:", "".join(page.styles) + page.scripts[-1])
    assert not re.search(r"\b(fetch|XMLHttpRequest|sendBeacon|WebSocket)\b", page.scripts[-1])


def test_the_page_forbids_the_browser_to_fetch_or_run_anything_else(written: Path) -> None:
    page = Page(written.read_text("utf-8"))
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    assert "default-src 'none'" in policy
    assert "script-src 'unsafe-inline'" not in policy
    for script in page.scripts[1:]:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_a_curator_finds_what_was_done_and_how_far_to_trust_it(
    outcome: Outcome, written: Path
) -> None:
    text = Page(written.read_text("utf-8")).text
    assert "60 images → colour histogram (48 numbers each) → PCA (20) → k-means: 6 clusters" in text
    headline = outcome.evaluation.headline
    scores = outcome.evaluation.scores
    chance = scores.loc[scores["metric"] == "purity", "chance"].iloc[0]
    assert (
        f"purity {headline['purity/label']:.2f} where random groups of the same sizes would get "
        f"{chance:.2f}" in text
    )
    assert f"{headline['silhouette/reduced']:.3f}" in text
    for sentence in (
        "Mind the gap.",
        "5 of 60 images are in no cluster",
        "supervised",
        "2025-03-04 10:11",
        "clusterlab run dataset=folder extractor=color_hist reducer=pca clusterer=kmeans",
        "Exact duplicates",
        "Cluster 0",
        "Noise",
    ):
        assert sentence in text


def test_each_cluster_shows_its_pictures_and_its_labels(outcome: Outcome, written: Path) -> None:
    source = written.read_text("utf-8")
    for cluster in outcome.clustering.clusters.tolist():
        card = source.split(f'<article class="card" id="cluster-{cluster}">')[1]
        page = Page(card.split("</article>")[0])
        members = np.flatnonzero(outcome.clustering.labels == cluster)
        assert {int(row) for row in page.values("data-row")} == set(members.tolist())
        assert f"{len(members)} image" in page.text
        top = outcome.collection.labels["label"].iloc[members].value_counts()
        assert f"{top.iloc[0] / len(members):.0%}" in page.text
        assert "medoid" in " ".join(page.values("class"))


def test_the_map_knows_every_image(outcome: Outcome, written: Path) -> None:
    data = Page(written.read_text("utf-8")).data
    assert data["ids"] == list(outcome.collection.ids)
    by_cluster, by_label = data["colourings"]  # type: ignore[misc]
    names = [group["name"] for group in by_cluster["groups"]]
    shown = [names[code] for code in by_cluster["codes"]]
    expected = ["noise" if c == -1 else f"cluster {c}" for c in outcome.clustering.labels]
    assert shown == expected
    own = [by_label["values"][code] for code in by_label["value"]]
    assert own == outcome.collection.labels["label"].tolist()
    assert [view["name"] for view in data["views"]] == ["pca", "pca_2_3"]  # type: ignore[attr-defined]
    np.testing.assert_allclose(
        data["views"][0]["x"],
        outcome.views["pca"][:, 0],
        atol=1e-3,  # type: ignore[index]
    )


def test_thumbnails_stay_within_their_number_and_the_page_says_so(
    outcome: Outcome, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    write_html(outcome, path, figures=tmp_path / "none_drawn", max_thumbnails=25)
    page = Page(path.read_text("utf-8"))
    assert "Thumbnails are kept for 25 of the 60 images" in page.text
    samples = len(outcome.summary["sample_ids"])
    rows = {int(row) for row in page.values("data-row")} | set(map(int, page.data["thumbs"]))  # type: ignore[call-overload]
    assert 25 <= len(rows) <= 25 + samples


def test_without_labels_the_page_says_what_that_means(shared_data: Path, tmp_path: Path) -> None:
    labelled = clothing(shared_data, per_class=2)
    images = dict(zip(labelled.ids, labelled.images, strict=True))
    outcome = outcome_of(collection_of(images, {}), n_clusters=3, n_noise=0)
    path = tmp_path / "report.html"
    write_html(outcome, path, figures=tmp_path / "none_drawn")
    page = Page(path.read_text("utf-8"))
    assert "There are no labels to compare with" in page.text
    assert "Silhouette" in page.text
    assert "Adjusted Rand index" not in page.text


def test_hostile_names_stay_text(hostile: Path) -> None:
    page = Page(hostile.read_text("utf-8"))
    assert len(page.scripts) == 3
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all(address.startswith("data:") for address in page.values("src"))
    assert all(address.startswith("#") for address in page.values("href"))
    assert "49" not in page.text.split("Before you trust")[1][:600]
    for text in HOSTILE:
        assert " ".join(text.split()) in page.text
    colourings = page.data["colourings"]
    assert [one["name"] for one in colourings[1:]] == list(HOSTILE[:2])  # type: ignore[index]
    assert set(colourings[1]["values"]) == set(HOSTILE)  # type: ignore[index]


@pytest.mark.skipif(BROWSER is None, reason="no chromium here to open the page in")
def test_a_real_browser_draws_the_map_and_runs_no_name(hostile: Path, tmp_path: Path) -> None:
    page = Page(dump_dom(hostile, tmp_path))
    classes = page.values("class")
    assert any("gl-canvas" in value for value in classes), "the map is not drawn"
    assert "js" in classes
    titles = page.values("data-title")
    assert "Pan" in titles
    assert not [title for title in titles if re.search("share|cloud|edit|plotly", title, re.I)]
    assert page.title.startswith(HOSTILE[1]), "a name was run as code"
    assert not [attrs for tag, attrs in page.tags if tag == "img" and attrs.get("src") == "x"]
    pressed = page.values("aria-pressed")
    assert len(pressed) == 4
    assert set(pressed) == {"true"}


def dump_dom(path: Path, profile: Path) -> str:
    """The page as the browser has it after its scripts ran."""
    assert BROWSER is not None
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        f"--user-data-dir={profile}",
        "--virtual-time-budget=5000",
        "--dump-dom",
        path.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout
