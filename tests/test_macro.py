"""Macro-categories: classes joined by Ward linkage, built on some images and scored on others."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.preprocessing import StandardScaler

import clusterlab
from clusterlab import api
from clusterlab.cli.main import main
from clusterlab.errors import ConfigError, DataError
from clusterlab.macro import MacroCategories
from clusterlab.metrics._macro_labels import with_all_labels, with_macro
from clusterlab.metrics.ceiling import LogisticRegressionCeiling
from clusterlab.metrics.evaluator import Evaluator
from clusterlab.metrics.macro_categories import WardMacroCategories
from clusterlab.reports.plots.class_distances import draw_class_distances
from clusterlab.reports.plots.dendrogram import draw_dendrogram
from clusterlab.reports.plots.variance import draw_variance
from clusterlab.types import Clustering, Collection, Features, MemoryImage
from tests import runs
from tests.report_fixtures import collection_of, scans

NAMES = ["ape", "bat", "cow", "doe", "eel", "fox", "gnu", "hen"]
HOSTILE = ["<b>x</b>, y", "001", 'say "é"', "vier", "a$b$", "六", "sette", "8", "neuf", "10"]


def blobs(
    *, split: bool = True, n: int = 12, names: list[str] = NAMES, copies: bool = False
) -> tuple[Collection, Features]:
    """n images of each class, the classes at places of their own, every third image in test.

    copies: each image twice, with equal bytes.
    """
    rng = np.random.default_rng(7)
    places = rng.normal(size=(len(names), 10)) * 4
    labels = [name for name in names for _ in range(n)]
    X = np.repeat(places, n, axis=0) + rng.normal(size=(len(labels), 10))
    images = scans(n=len(labels)).images
    collection = collection_of(
        {f"{row:04}": image for row, image in enumerate(images)}, {"label": labels}
    )
    digests = tuple(f"{row // 2 if copies else row:064}" for row in range(len(labels)))
    part = np.array(["test" if row % 3 == 0 else "train" for row in range(len(labels))])
    collection = dataclasses.replace(
        collection, digests=digests, split=part if split else collection.split
    )
    return collection, Features(ids=collection.ids, values=X.astype(np.float32), space="features")


def ward(**settings: object) -> WardMacroCategories:
    return WardMacroCategories(**{"n_categories": [2, 3, 5], **settings})  # type: ignore[arg-type]


def built(collection: Collection, features: Features, **settings: object) -> MacroCategories:
    found = ward(**settings).build(collection, features)
    assert found is not None
    return found


def expected(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Ward linkage of the class means by pandas and scipy alone."""
    means = pd.DataFrame(X.astype(float)).groupby(labels).mean().to_numpy()
    return np.asarray(linkage(means, "ward"))


def test_the_tree_and_its_cuts_are_those_of_scipy() -> None:
    collection, features = blobs()
    train = collection.split == "train"
    labels = collection.labels["label"].to_numpy()[train]
    tree = expected(features.values[train], labels)
    found = built(collection, features, n_components=None)
    np.testing.assert_allclose(found.linkage, tree)
    for n in (2, 3, 5):
        groups = [str(group) for group in fcluster(tree, n, criterion="maxclust")]
        assert found.columns[f"label_macro{n}"] == dict(zip(NAMES, groups, strict=True))
    assert found.cuts["share"].tolist() == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    counts = [len({*fcluster(tree, s * tree[:, 2].max(), "distance")}) for s in found.cuts["share"]]
    assert found.cuts["n_macro"].tolist() == counts
    assert found.built_on == {id_ for id_, own in zip(collection.ids, train, strict=True) if own}


def test_scaler_and_pca_are_learned_from_the_images_that_it_is_built_on() -> None:
    collection, features = blobs()
    train = collection.split == "train"
    wild = features.values.copy()
    wild[~train] *= 1000
    other = dataclasses.replace(features, values=wild)
    found, again = (built(collection, one, n_components=3) for one in (features, other))
    np.testing.assert_array_equal(found.linkage, again.linkage)

    X = StandardScaler().fit_transform(features.values[train].astype(float))
    tree = expected(PCA(3).fit_transform(X), collection.labels["label"].to_numpy()[train])
    np.testing.assert_allclose(found.linkage, tree, rtol=1e-5)
    assert "3 principal components" in found.told
    assert "the training images with a label (64)" in found.told


def test_only_images_that_had_no_say_are_scored() -> None:
    collection, features = blobs()
    found = built(collection, features)
    scored, (space,) = with_macro(collection, (features,), found)
    cells = scored.labels["label_macro3"]
    assert [cell is None for cell in cells] == (collection.split == "train").tolist()
    test = collection.split == "test"
    group_of = found.columns["label_macro3"]
    assert cells[test].tolist() == [group_of[name] for name in collection.labels["label"][test]]
    assert scored.derived["label_macro3"] == "label"
    assert not scored.circular
    assert space.seen_labels == ()
    everyone, _ = with_all_labels(collection, features, found)
    assert not everyone.labels["label_macro3"].isna().any()


def test_what_has_learned_the_classes_knows_of_their_macro_categories() -> None:
    collection, features = blobs()
    known = dataclasses.replace(features, seen_labels=("label",), seen_splits=("train",))
    found = built(collection, known)
    scored, (space, other) = with_macro(collection, (known, features), found)
    new = ("label_macro2", "label_macro3", "label_macro5")
    assert space.seen_labels == ("label", *new)
    assert other.seen_labels == ()
    assert with_all_labels(collection, known, found)[1].seen_labels == ("label", *new)
    clusters = Clustering(np.arange(len(collection)) % 4)
    scores = Evaluator(n_permutations=2).evaluate(
        scored, {"features": space}, clusters, scored_split="test"
    )
    rows = scores.scores[(scores.scores["split"] == "test") & (scores.scores["metric"] == "ari")]
    assert dict(zip(rows["label"], rows["marks"], strict=True)) == dict.fromkeys(
        ["label", *new], "supervised"
    )


def test_without_a_split_it_is_built_on_a_half_that_no_copy_straddles() -> None:
    collection, features = blobs(split=False, copies=True)
    found = built(collection, features)
    halves = pd.DataFrame(
        {
            "label": collection.labels["label"],
            "digest": collection.digests,
            "built": [id_ in found.built_on for id_ in collection.ids],
        }
    )
    assert (halves.groupby("label")["built"].sum() == 6).all()
    assert (halves.groupby("digest")["built"].nunique() == 1).all()
    assert found.built_on == built(collection, features).built_on
    assert found.built_on != built(collection, features, random_state=1).built_on
    assert "a half of the images" in found.told
    # Who learns them is asked about the half that did not make them, and about the classes as ever.
    everyone, known = with_all_labels(collection, features, found)
    ceiling = LogisticRegressionCeiling().measure(everyone, known)
    assert ceiling is not None
    tested = ceiling.table[ceiling.table["split"] == "test"].groupby("label")["n"].first()
    half = (~halves["built"]).sum()
    assert dict(tested) == {"label": 16} | dict.fromkeys(found.columns, half)
    assert {*ceiling.table["marks"]} == {""}
    alone = LogisticRegressionCeiling().measure(collection, features)
    assert alone is not None
    assert alone.headline.items() <= ceiling.headline.items()
    assert "label: The collection has no split to test by. It learns from 80%" in ceiling.told
    macros = "label_macro2, label_macro3, label_macro5: "
    assert f"{macros}The collection has no split to test by. It learns from the i" in ceiling.told


def test_a_ceiling_is_circular_where_test_images_made_the_categories() -> None:
    collection, features = blobs(split=False)
    everyone, _ = with_all_labels(collection, features, built(collection, features))
    # Of the same seed it would test with images of the other half alone.
    meter = LogisticRegressionCeiling(split={"train": 0.8, "test": 0.2}, split_seed=1)
    ceiling = meter.measure(everyone, features)
    assert ceiling is not None
    marks = ceiling.table.groupby(["label", "split"])["marks"].unique().map(list).to_dict()
    macros = [f"label_macro{n}" for n in (2, 3, 5)]
    circular = [(name, "test") for name in macros]
    assert marks == {
        (name, half): ["circular" if (name, half) in circular else ""]
        for name in ("label", *macros)
        for half in ("train", "test")
    }
    assert {*ceiling.classes.loc[ceiling.classes["label"] != "label", "marks"]} == {"circular"}
    (note,) = [note for note in ceiling.notes if "(circular)" in note]
    assert note.startswith(", ".join(macros))
    assert "evaluator.ceiling.split=null" in note


@pytest.mark.parametrize("n", [1, 12])
def test_nothing_but_training_images_makes_circular_categories(n: int) -> None:
    collection, features = blobs(split=False, n=n)
    if n > 1:
        split = np.full(len(collection), "train")
        labels = collection.labels["label"].where(np.arange(len(collection)) > 0, None)
        collection = dataclasses.replace(collection, split=split, labels=labels.to_frame())
    found = built(collection, features)
    n_known = int(collection.labels["label"].notna().sum())
    assert found.circular
    assert f"from all images with a label ({n_known})" in found.told
    assert "they were built on every image that has a label" in " ".join(found.notes)
    scored, _ = with_macro(collection, (features,), found)
    assert scored.circular == {*found.columns}
    assert scored.labels["label_macro2"].notna().sum() == n_known
    ceiling = LogisticRegressionCeiling().measure(*with_all_labels(collection, features, found))
    assert ceiling is not None
    tested = ceiling.table[ceiling.table["split"] == "test"].set_index("label")["marks"]
    assert {*tested[list(found.columns)]} == {"circular"}


def test_the_circular_variant_scores_what_it_was_made_of_and_is_marked() -> None:
    collection, features = blobs()
    found = built(collection, features, built_on="all", n_components=None)
    np.testing.assert_allclose(
        found.linkage, expected(features.values, collection.labels["label"].to_numpy())
    )
    scored, (space,) = with_macro(collection, (features,), found)
    assert not scored.labels["label_macro3"].isna().any()
    assert scored.circular == {"label_macro2", "label_macro3", "label_macro5"}
    clusters = Clustering(np.arange(len(collection)) % 4)
    scores = Evaluator(n_permutations=2).evaluate(scored, {"features": space}, clusters).scores
    marks = scores.groupby("label")["marks"].unique().map(list).to_dict()
    circular = {label for label, own in marks.items() if own == ["circular"]}
    assert circular == scored.circular
    assert marks[""] == marks["label"] == [""]


def test_what_cannot_be_built_is_told() -> None:
    collection, features = blobs()
    found = built(collection, features, n_categories=[3, 8, 30])
    assert list(found.columns) == ["label_macro3"]
    assert "8 and 30 left out, since there are only 8 classes" in " ".join(found.notes)

    lonely = collection.labels["label"].where(np.arange(len(collection)) != 0, "zebu <i>")
    rare = dataclasses.replace(collection, labels=lonely.to_frame())
    found = built(rare, features)
    assert "“zebu <i>” has no image among the training images" in " ".join(found.notes)
    scored, _ = with_macro(rare, (features,), found)
    assert scored.labels["label_macro2"][0] is None
    assert any("zebu" in note for note in scored.notes)

    two = [*NAMES[:2]]
    collection, features = blobs(names=two)
    found = built(collection, features)
    scored, spaces = with_macro(collection, (features,), found)
    assert list(scored.labels) == ["label"]
    assert "it takes at least 3 to join some" in scored.notes[-1]
    assert with_all_labels(collection, features, found) == (collection, features)
    assert spaces == (features,)


def test_ties_give_fewer_groups_than_asked_for() -> None:
    collection, features = blobs(n=3)
    corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=np.float32)
    where = np.repeat(np.vstack([corners, corners + 50]), 3, axis=0)
    found = built(
        collection, dataclasses.replace(features, values=where), n_categories=[3], n_components=None
    )
    n = len({*found.columns["label_macro3"].values()})
    assert n < 3
    assert f"3 were asked for and there are {n}" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"column": "lable"}, ConfigError, "no such label column. Did you mean 'label'?"),
        ({"column": "tags"}, ConfigError, "several values"),
        ({"n_categories": [7]}, DataError, "a label column 'label_macro7' already"),
    ],
)
def test_a_column_that_is_not_to_be_had_is_told_before_anything_is_run(
    settings: dict[str, object], error: type[Exception], says: str
) -> None:
    collection, _ = blobs()
    labels = collection.labels.assign(
        tags=pd.Series([("a", "b")] * len(collection), dtype=object), label_macro7="1"
    )
    collection = dataclasses.replace(collection, labels=labels, multi_valued=frozenset({"tags"}))
    assert ward().check(collection) == ("label_macro2", "label_macro3", "label_macro5")
    with pytest.raises(error, match=says):
        ward(**settings).check(collection)
    bare = dataclasses.replace(collection, labels=labels[["tags"]])
    with pytest.raises(DataError, match="evaluator/macro=none"):
        ward().check(bare)


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        ward(built_on="trian", n_categories=[1, 5], n_components=0, cuts=[0.5, 1.0])
    assert len(caught.value.problems) == 4
    assert "Did you mean 'train'?" in str(caught.value)


@pytest.mark.parametrize("n", [8, 90])
def test_the_dendrogram_shows_the_groups_below_its_line(n: int) -> None:
    X = np.random.default_rng(1).normal(size=(n, 4))
    tree = linkage(X, "ward")
    names = [f"name {i}" for i in range(n)]
    figure = draw_dendrogram(tree, names, cut=0.4, column="label")
    (axes,) = figure.axes
    height = 0.4 * tree[:, 2].max()
    groups, sizes = np.unique(fcluster(tree, height, "distance"), return_counts=True)
    (brackets,) = axes.collections
    colours = {to_hex(colour) for colour in brackets.get_colors()}
    assert len(colours) == (sizes > 1).sum() + 1, "and one for what joins above"
    assert f"cuts it into {len(groups)} groups" in " ".join(
        text.get_text() for text in figure.texts
    )
    written = [tick.get_text() for tick in axes.get_yticklabels()]
    assert written == [names[leaf] for leaf in leaves_list(tree)][:: 1 if n == 8 else 2]
    assert [line.get_xdata()[0] for line in axes.lines] == pytest.approx([height])


def test_the_distances_are_drawn_in_their_order_and_the_first_hundred_alone() -> None:
    X = np.random.default_rng(1).normal(size=(120, 4))
    distances = squareform(pdist(X))
    figure = draw_class_distances(distances, [f"c{i}" for i in range(120)], column="label")
    drawn = figure.axes[0].images[0].get_array()
    assert drawn is not None
    off = ~np.eye(100, dtype=bool)
    np.testing.assert_allclose(np.asarray(drawn)[off], distances[:100, :100][off])
    caption = " ".join(text.get_text() for text in figure.texts)
    near = np.where(off, distances[:100, :100], np.inf)
    one, other = np.unravel_index(near.argmin(), near.shape)
    assert f"nearest: c{one} and c{other}" in caption
    assert "The first 100 of 120 classes" in caption


def test_the_curve_of_a_pca_says_what_the_study_reads_from_it() -> None:
    shares = np.arange(256, 0, -1) / (256 * 257 / 2)
    (axes,) = draw_variance(shares).axes
    said = " ".join(text.get_text() for text in axes.texts)
    for point in (2, 10, 50, 60, 75, 100, 120):
        assert f"first {point:>3}  {shares[:point].sum():>6.2%}" in said
    (axes,) = draw_variance(shares[:60] / 2).axes
    assert "first  75" not in " ".join(text.get_text() for text in axes.texts)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> clusterlab.Result:
    """Ten classes with odd names, joined to 2, 3 and 5."""
    folder = tmp_path_factory.mktemp("macro")
    runs.pictures(folder / "pictures", 120, classes=HOSTILE)
    words = [
        *("dataset=folder", f"dataset.path={folder / 'pictures'}", "view=none", "store=false"),
        *("evaluator/macro=ward", "evaluator.macro.n_categories=[2,3,5,12]"),
        *("report.max_thumbnails=0", 'report.highlight=["001","六","duck"]'),
        *("clusterer.n_clusters=6", "evaluator.n_permutations=5"),
    ]
    return clusterlab.run(None, words, folder=folder / "run")


def test_a_run_scores_every_granularity_on_the_other_half(run: clusterlab.Result) -> None:
    table = run.assignments
    scored = table[table["label_macro3"].notna()]
    assert len(scored) == 60
    for n in (2, 3, 5):
        found = scored[f"label_macro{n}"]
        crossed = pd.crosstab(scored["cluster"], found).to_numpy()
        purity = crossed.max(axis=1).sum() / crossed.sum()
        assert run.metrics[f"purity/label_macro{n}"] == pytest.approx(purity)
        ami = adjusted_mutual_info_score(found, scored["cluster"])
        assert run.metrics[f"ami/label_macro{n}"] == pytest.approx(ami)
        row = run.scores[(run.scores["metric"] == "purity") & (run.scores["n"] == 60)]
        row = row.set_index("label").loc[f"label_macro{n}"]
        assert row["chance"] < 1
        assert row["chance_std"] >= 0
    assert "purity/label_macro12" not in run.metrics
    assert "marks" not in run.scores


def test_a_run_writes_its_classes_its_cuts_and_its_variance(run: clusterlab.Result) -> None:
    assert run.macro is not None
    assert run.macro_cuts is not None
    assert run.explained_variance is not None
    five = run.macro[run.macro["label"] == "label_macro5"]
    assert sorted(five["class"]) == sorted(HOSTILE)
    assert five["n_images"].tolist() == [12] * 10
    group_of = dict(zip(five["class"], five["macro"], strict=True))
    scored = run.assignments[run.assignments["label_macro5"].notna()]
    assert scored["label_macro5"].tolist() == [group_of[name] for name in scored["label"]]
    assert run.macro_cuts["n_macro"].is_monotonic_decreasing
    shares = run.explained_variance
    np.testing.assert_allclose(shares["cumulative"], shares["share"].cumsum())
    assert run.metrics["explained_variance"] == pytest.approx(shares["cumulative"].iloc[-1])
    for name in ("dendrogram", "class_distances", "projection_reduced_highlight"):
        assert (run.folder / "figures" / f"{name}.png").stat().st_size > 5000


def test_the_page_says_how_the_classes_join(run: clusterlab.Result) -> None:
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="macro">') :].partition("</section>")[0]
    assert "The 10 classes of “label” were joined by Ward linkage" in section
    assert "<bdi>&lt;b&gt;x&lt;/b&gt;, y</bdi>" in section
    assert "<b>x</b>" not in section
    assert section.count("<figure") == 2
    assert "12 left out, since there are only 10 classes" in section
    assert '<span class="tag mark">circular</span>' not in page
    log = page[: page.index('<section id="scores">')]
    assert "60 of 120 images have no label and are left out of their scores" in log
    assert "no clustered image is labelled “duck” in label" in log
    scores = page[page.index('<section id="scores">') :].partition("</section>")[0]
    for n in (2, 3, 5):
        assert f"{run.metrics[f'ami/label_macro{n}']:.3f}" in scores


def test_circular_macro_categories_are_marked_wherever_a_number_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.pictures(tmp_path / "pictures", 40, classes=HOSTILE[:4])
    words = [
        *("dataset=folder", f"dataset.path={tmp_path / 'pictures'}", "view=none", "store=false"),
        *("evaluator/macro=ward", "evaluator.macro.n_categories=[2]"),
        *("evaluator.macro.built_on=all", "evaluator.n_permutations=5"),
        *("report.max_thumbnails=0", f"hydra.run.dir={tmp_path / 'run'}"),
    ]
    assert main(["run", *words]) == 0
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if "label_macro2" in line]
    assert lines
    assert all(line.endswith("circular") and len(line) <= 80 for line in lines)
    assert "Circular macro-categories: they were made of the same features" in said

    run = api.read(tmp_path / "run")
    assert run.metrics["marks"] == ["circular macro-categories"]
    of_labels = run.scores[["label", "marks"]].fillna("")
    by_label = of_labels.groupby("label")["marks"].unique()
    assert {label: [*marks] for label, marks in by_label.items()} == {
        "": [""],
        "label": [""],
        "label_macro2": ["circular"],
    }
    assert run.macro is not None
    assert {*run.macro["marks"]} == {"circular"}
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="macro">') :].partition("</section>")[0]
    assert '<span class="tag mark">circular</span>' in section


@pytest.mark.parametrize(("n_classes", "wanted"), [(233, 5), (35, 2), (15, 1), (10, 1), (3, 1)])
def test_how_many_macro_categories_follows_from_the_classes(n_classes: int, wanted: int) -> None:
    names = [f"class {n:03}" for n in range(n_classes)] * 2
    collection = Collection(
        name="many",
        ids=tuple(f"{n:04}" for n in range(len(names))),
        images=(MemoryImage(b""),) * len(names),
        digests=tuple(map(str, range(len(names)))),
        labels=pd.DataFrame({"kind": names}),
        split=np.array(["all"] * len(names)),
        numeric=pd.DataFrame(index=range(len(names))),
    )
    made = WardMacroCategories().check(collection)
    assert len(made) == wanted
    assert made[0] == f"kind_macro{5 if n_classes >= 10 else 2}"
