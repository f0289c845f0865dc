"""The figures of a run, drawn from real photos."""

from __future__ import annotations

import dataclasses
import io
import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image
from sklearn.datasets import load_digits

from clusterlab.images import decode
from clusterlab.members import showcase
from clusterlab.outcome import Outcome
from clusterlab.reports.classes import Group, classes_of, legend
from clusterlab.reports.figures import write_figures
from clusterlab.reports.maps import draw_cluster_map, draw_label_map
from clusterlab.reports.members import by_centrality, spread
from clusterlab.reports.names import slugs
from clusterlab.reports.palette import NOISE_GREY, PALETTE, cluster_colours
from clusterlab.reports.plots.bars import draw_bars
from clusterlab.reports.plots.canvas import render
from clusterlab.reports.plots.contingency import draw_contingency
from clusterlab.reports.plots.numbers import push_apart
from clusterlab.reports.plots.projection import draw_projection
from clusterlab.reports.thumbnails import pixels, thumbnail
from clusterlab.types import NOISE, Collection, MemoryImage
from tests.report_fixtures import clothing, outcome_of


@pytest.fixture(scope="module")
def outcome(shared_data: Path) -> Outcome:
    return outcome_of(clothing(shared_data))


def labelled(values: list[str | None], outcome: Outcome) -> Collection:
    """The photos again, each with one of these labels in turn."""
    n = len(outcome.collection)
    column = pd.Series(list(itertools.islice(itertools.cycle(values), n)), dtype=object)
    return dataclasses.replace(outcome.collection, labels=pd.DataFrame({"kind": column}))


@pytest.fixture(scope="module")
def paths(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_figures(outcome, tmp_path_factory.mktemp("figures"))


def test_every_figure_is_there_and_shows_something(paths: list[Path]) -> None:
    assert {path.name for path in paths} == {
        "projection_pca_cluster.png",
        "projection_pca_label_label.png",
        "projection_pca_2_3_cluster.png",
        "projection_pca_2_3_label_label.png",
        "cluster_sizes.png",
        "classes_label.png",
        "contingency_label.png",
        "explained_variance.png",
        "image_sizes.png",
        "samples.png",
        *(f"contact_sheet_cluster_{cluster}.png" for cluster in range(6)),
        "contact_sheet_noise.png",
    }
    for path in paths:
        with Image.open(path) as image:
            assert image.width == 1200
            assert len(image.convert("RGB").getcolors(2**21) or []) > 20, path.name
            dark = np.asarray(image.convert("L")) < 110
        assert dark[:60].mean() > 0.005, f"{path.name} has no title"
        assert dark[60:].any(), f"{path.name} is blank below its title"


def test_the_same_run_gives_the_same_bytes(
    outcome: Outcome, paths: list[Path], tmp_path: Path
) -> None:
    again = write_figures(outcome, tmp_path)
    assert [path.name for path in again] == [path.name for path in paths]
    for one, other in zip(paths, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_noise_lies_under_the_clusters_in_its_own_grey() -> None:
    points = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    groups = [Group("a", "#0072b2", 2, "class"), Group("noise", NOISE_GREY, 2, "noise")]
    figure = draw_projection(points, np.array([0, 1, 1, 0]), groups, title="t", caption="c")
    values = np.asarray(render(figure)).astype(int)
    x, y = figure.axes[0].transData.transform((0.0, 0.0))
    red, _, blue = values[values.shape[0] - 1 - int(y), int(x)]
    assert blue - red > 80, "the grey noise point covers the blue one"
    x, y = figure.axes[0].transData.transform((1.0, 1.0))
    noise = values[values.shape[0] - 1 - int(y), int(x)]
    assert np.ptp(noise) <= 2
    assert noise[0] < 240


def test_colours_follow_size_and_agree_everywhere() -> None:
    labels = np.array([7, 7, 7, 2, 2, NOISE])
    assert cluster_colours(labels) == {7: PALETTE[0], 2: PALETTE[1], NOISE: NOISE_GREY}
    assert cluster_colours(np.arange(24)) == dict(enumerate(PALETTE))


def test_the_first_colours_differ_for_colour_blind_eyes() -> None:
    """Viénot, Brettel & Mollon 1999 for deuteranopia, another model than the palette came from."""
    codes = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in PALETTE[:8]]) / 255
    linear = codes**2.2
    seen = (
        linear
        @ np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]).T
    )
    lightness_and_blue = np.cbrt(np.clip(seen, 0, 1))[:, [0, 2]]
    gaps = np.linalg.norm(lightness_and_blue[:, None] - lightness_and_blue[None], axis=2)
    assert gaps[~np.eye(8, dtype=bool)].min() > 0.05


def boxes(texts: list[Text], figure: Figure) -> list[Bbox]:
    render(figure)
    return [text.get_window_extent() for text in texts if text.get_text() and text.get_visible()]


def assert_apart(texts: list[Text], figure: Figure) -> None:
    """No two texts touch, and none leaves the paper."""
    found = boxes(texts, figure)
    assert found
    for one, other in itertools.combinations(found, 2):
        assert not (
            one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1
        )
    width, height = figure.canvas.get_width_height()
    for box in found:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_a_legend_of_35_classes_fits(outcome: Outcome) -> None:
    names = [f"quite a long class name {number:02d}" for number in range(35)]
    collection = labelled([*names, None], outcome)
    groups, codes = legend(classes_of(collection, "kind"))
    assert [group.role for group in groups] == ["class"] * 19 + ["other", "missing"]
    assert np.bincount(codes).tolist() == [group.count for group in groups]
    figure = draw_label_map(outcome.views["pca"], classes_of(collection, "kind"), view="pca")
    shown = figure.axes[0].get_legend()
    assert shown is not None
    assert_apart(shown.get_texts(), figure)


def test_thirty_clusters_fit(outcome: Outcome) -> None:
    labels = np.arange(len(outcome.collection)) % 30
    figure = draw_cluster_map(outcome.views["pca"], labels, view="pca")
    shown = figure.axes[0].get_legend()
    assert shown is not None
    assert_apart(shown.get_texts(), figure)
    table = draw_contingency(classes_of(outcome.collection, "label"), labels)
    axes = table.axes[0]
    assert_apart([*axes.get_xticklabels(), *axes.get_yticklabels()], table)


def test_bars_past_the_fortieth_are_counted_not_squeezed() -> None:
    names = [f"class {number}" for number in range(200)]
    counts = list(range(300, 100, -1))
    figure = draw_bars(
        names, counts, ["#0072b2"] * 200, title="t", caption="c", of=40_000, rest="smaller classes"
    )
    axes = figure.axes[0]
    assert_apart([*axes.get_yticklabels(), *axes.texts], figure)
    assert "and 160 smaller classes of 101 to 260 images" in [t.get_text() for t in figure.texts]


def test_contingency_counts_agree_with_pandas(outcome: Outcome) -> None:
    labels = outcome.clustering.labels
    figure = draw_contingency(classes_of(outcome.collection, "label"), labels)
    axes = figure.axes[0]
    columns = [text.get_text() for text in axes.get_xticklabels()]
    rows = [text.get_text().split()[0] for text in axes.get_yticklabels()]
    assert columns[-1] == "noise"
    expected = pd.crosstab(outcome.collection.labels["label"], labels)
    written = {tuple(map(round, text.get_position())): text.get_text() for text in axes.texts}
    for (row, name), (column, cluster) in itertools.product(enumerate(rows), enumerate(columns)):
        count = expected.loc[name, NOISE if cluster == "noise" else int(cluster)]
        assert written.get((column, row), "0") == str(count)


@pytest.mark.parametrize("name", ["$x^{$", "a$b", "two\nlines", "\x00", "<b>bold</b>", "猫 🐈"])
@pytest.mark.filterwarnings("ignore:Glyph")
def test_any_class_name_can_be_drawn(outcome: Outcome, name: str) -> None:
    collection = labelled([name, "plain"], outcome)
    classes = classes_of(collection, "kind")
    render(draw_label_map(outcome.views["pca"], classes, view=name))
    render(draw_contingency(classes, outcome.clustering.labels))


def test_all_noise_no_labels_and_unreadable_images(outcome: Outcome, tmp_path: Path) -> None:
    n = len(outcome.collection)
    clusters = outcome.evaluation.clusters
    bare = dataclasses.replace(
        outcome,
        collection=dataclasses.replace(
            outcome.collection,
            images=(MemoryImage(b"junk"),) * n,
            labels=pd.DataFrame(index=range(n)),
        ),
        clustering=dataclasses.replace(outcome.clustering, labels=np.full(n, NOISE)),
        evaluation=dataclasses.replace(
            outcome.evaluation, clusters=clusters[clusters["cluster"] == NOISE]
        ),
        explained_variance=None,
        summary={**outcome.summary, "labels": {}, "sizes": {"width": [], "height": []}},
    )
    names = {path.name for path in write_figures(bare, tmp_path)}
    assert "contact_sheet_noise.png" in names
    assert not [name for name in names if re.match("contact_sheet_cluster|contingency", name)]


def test_a_small_scan_keeps_its_pixels() -> None:
    scan = (load_digits().images[0] * 255 / 16).astype(np.uint8)
    made = pixels(thumbnail(MemoryImage(encode(scan))) or b"")
    assert made.shape == (112, 112, 3)
    assert (made[7::14, 7::14, 0] == scan).all()
    assert (made == np.kron(scan, np.ones((14, 14), np.uint8))[..., None]).all()


def encode(scan: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(scan).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_photo_fits_and_keeps_its_shape(outcome: Outcome) -> None:
    source = outcome.collection.images[0]
    height, width = decode(source.read()).shape[:2]
    made = pixels(thumbnail(source) or b"")
    assert max(made.shape[:2]) == 112
    assert made.shape[1] / made.shape[0] == pytest.approx(width / height, abs=0.02)
    assert thumbnail(MemoryImage(b"junk")) is None


def test_sheets_start_at_the_medoid_and_hide_no_outsider(outcome: Outcome) -> None:
    order = by_centrality(outcome)
    clusters = outcome.evaluation.clusters.set_index("cluster")
    for cluster, rows in order.items():
        assert sorted(rows) == np.flatnonzero(outcome.clustering.labels == cluster).tolist()
        if cluster != NOISE:
            assert outcome.collection.ids[rows[0]] == clusters.loc[cluster, "medoid"]
    rows, central = showcase(np.arange(100), 60)
    assert central == 30
    assert rows[:30].tolist() == list(range(30))
    assert len(set(rows.tolist())) == 60


def test_thumbnails_are_shared_out_fairly() -> None:
    order = {0: np.arange(900), 1: np.arange(900, 990), 2: np.arange(990, 1000)}
    chosen = spread(order, first=12, most=200)
    assert sum(map(len, chosen.values())) <= 200
    assert len(chosen[2]) == 10
    assert len(chosen[0]) > len(chosen[1]) >= 12
    assert all(len(set(rows.tolist())) == len(rows) for rows in chosen.values())
    assert sum(map(len, spread(order, first=12, most=5).values())) == 5
    assert sum(map(len, spread(order, first=12, most=5000).values())) == 1000


def test_numbers_on_the_map_are_moved_apart() -> None:
    crowded = np.zeros((12, 2))
    apart = push_apart(crowded, distance=20.0)
    gaps = np.linalg.norm(apart[:, None] - apart[None], axis=2)[~np.eye(12, dtype=bool)]
    assert gaps.min() > 12


def test_file_names_are_safe_and_different() -> None:
    found = slugs(["../../etc", "a/b", "a b", "", "Raça"])
    assert len(set(found.values())) == 5
    assert all(re.fullmatch(r"\w+", name) for name in found.values())
