"""What clusters are called, and whether their images bear that out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor
from scipy import sparse
from scipy.stats import fisher_exact

from clusterlab.components import Component
from clusterlab.datasets.folder import Folder
from clusterlab.datasets.table import Table
from clusterlab.errors import ComponentError, ConfigError, DataError
from clusterlab.extractors.hog import Hog
from clusterlab.images import decode
from clusterlab.labelling import models_of
from clusterlab.meaning import Naming
from clusterlab.namers._answers import MOST_WORDS, name_in
from clusterlab.namers._names import MOST_LETTERS, Name, Proposal, clean, distinct
from clusterlab.namers._sample import half, sample
from clusterlab.namers._terms import class_tf_idf
from clusterlab.namers.captions import Captions
from clusterlab.namers.contact_sheet import ContactSheet
from clusterlab.namers.labels import Labels, _evidence
from clusterlab.namers.name import Clusters, named
from clusterlab.namers.verifiers.asked import YesOrNo, is_yes
from clusterlab.namers.verifiers.clip import BestMatch
from clusterlab.namers.verifiers.held_out import HeldOut
from clusterlab.namers.verifiers.none import Nobody
from clusterlab.reading.settings import Settings
from clusterlab.types import (
    Clustering,
    Collection,
    Compute,
    Decoding,
    Evaluation,
    Features,
    Text,
)

SETTINGS = Settings(store=None, decoding=Decoding(), compute=Compute(), workers=2, batch_size=None)
COLOURS = ("red", "lime", "blue", "yellow")


@pytest.fixture(scope="module")
def illustrations(shared_data: Path) -> Collection:
    """The illustrations of the words that there are at least ten of."""
    whole = Table(
        path=str(shared_data / "illustrations" / "objects.csv"),
        image_column="image",
        id_column="id",
        label_columns=["word", "kind", "tags"],
        multi_valued={"tags": "|"},
        text_column="description",
    ).load()
    often = whole.labels["word"].map(whole.labels["word"].value_counts()) >= 10
    return whole.take(id_ for id_, kept in zip(whole.ids, often, strict=True) if kept)


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """12 pictures each of four colours, no two the same."""
    folder, rng = tmp_path_factory.mktemp("squares"), np.random.default_rng(0)
    for colour in COLOURS:
        (folder / colour).mkdir()
        for number in range(12):
            noise = rng.integers(-20, 20, (24, 16, 3))
            pixels = np.clip(np.array(ImageColor.getrgb(colour)) + noise, 0, 255)
            picture = Image.fromarray(pixels.astype(np.uint8))
            picture.save(folder / colour / f"{number:02}.png")
    return Folder(path=str(folder)).load()


def by(collection: Collection, column: str) -> np.ndarray:
    """(n,) int, the classes of a column in alphabetical order."""
    return pd.Categorical(collection.labels[column]).codes.astype(int)


def clusters_of(collection: Collection, labels: np.ndarray, **others: object) -> Clusters:
    """Clusters that lie on a line, in the order of their numbers."""
    rng = np.random.default_rng(0)
    values = labels[:, None] + rng.normal(scale=0.1, size=(len(labels), 3))
    space = Features(ids=collection.ids, values=values.astype(np.float32), space="reduced")
    known = {"collection": collection, "clustering": Clustering(labels), "space": space}
    return Clusters(**{"medoids": {}, **known, **others})  # type: ignore[arg-type]


def texts(naming: Naming) -> list[str]:
    return [name.name for name in naming.names]


class ColourEye:
    """Sees colours: matches pictures with names of colours, and answers questions about them."""

    name = "colour eye"

    def __init__(self, *, always: str | None = None) -> None:
        self.always = always
        self.prompts: list[str] = []
        self.pictures: list[np.ndarray] = []

    def scores(
        self, collection: Collection, phrases: Sequence[str], settings: Settings
    ) -> np.ndarray:
        del settings
        means = np.array([decode(one.read()).mean(axis=(0, 1)) for one in collection.images])
        wanted = np.array([ImageColor.getrgb(phrase) for phrase in phrases])
        return -np.linalg.norm(means[:, None] - wanted, axis=2).astype(np.float32)

    def ask(
        self, pictures: Sequence[np.ndarray], prompts: Sequence[str], settings: Settings
    ) -> list[str]:
        del settings
        self.prompts += prompts
        self.pictures += pictures
        return [self.always or self._answer(p, q) for p, q in zip(pictures, prompts, strict=True)]

    def _answer(self, picture: np.ndarray, prompt: str) -> str:
        coloured = picture[(picture.min(axis=2) < 200)]
        away = [np.abs(coloured.mean(axis=0) - ImageColor.getrgb(c)).sum() for c in COLOURS]
        seen = COLOURS[int(np.argmin(away))]
        if prompt.startswith("Would"):
            return "Yes, it would." if f'"{seen}"' in prompt else "No."
        return f'**Name:** "{seen.title()}."'


def test_class_tf_idf_is_that_of_bertopic() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 4, (5, 7))
    found = class_tf_idf(sparse.csr_matrix(counts)).toarray()
    words = counts.sum(axis=1)
    for cluster in range(5):
        for term in range(7):
            share = counts[cluster, term] / words[cluster]
            weight = math.log(1 + words.mean() / counts[:, term].sum())
            assert found[cluster, term] == pytest.approx(share * weight)


def test_clusters_that_are_classes_bear_the_names_of_the_classes(
    illustrations: Collection,
) -> None:
    labels = by(illustrations, "word")
    naming = Labels(column="word").name(clusters_of(illustrations, labels), SETTINGS)
    assert texts(naming) == sorted(set(illustrations.labels["word"]))
    assert all(name.verified and name.agreement == 1 for name in naming.names)
    assert naming.namer == "the labels of “word”"
    assert naming.notes == ()


def test_what_is_held_out_checks_the_names_and_does_not_make_them(
    illustrations: Collection,
) -> None:
    clusters = clusters_of(illustrations, by(illustrations, "word"))
    kept = half(clusters)
    cells = illustrations.labels["word"].tolist()
    others = np.roll(np.flatnonzero(kept), int(kept.sum()) // 2)
    swapped = list(cells)
    for row, source in zip(np.flatnonzero(kept), others, strict=True):
        swapped[row] = cells[source]
    labels = illustrations.labels.assign(word=pd.Series(swapped, dtype=object))
    wrong = clusters_of(replace(illustrations, labels=labels), clusters.clustering.labels)
    right = Labels(column="word").name(clusters, SETTINGS)
    naming = Labels(column="word").name(wrong, SETTINGS)
    assert texts(naming) == texts(right)
    assert not any(name.verified for name in naming.names)
    assert "by chance" in naming.names[0].why
    assert f"{len(naming.names)} of {len(naming.names)} cluster names are not" in naming.notes[0]


def test_agreement_and_chance_of_held_out_images_by_hand(illustrations: Collection) -> None:
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(len(illustrations)) < 0.5, by(illustrations, "word"), 0)
    clusters = clusters_of(illustrations, labels)
    naming = Labels(column="kind", n_terms=1).name(clusters, SETTINGS)
    kinds, kept = illustrations.labels["kind"].to_numpy(), half(clusters)
    for name in naming.names:
        term = name.name.split(" (")[0].split(", ")
        rows = kept & (labels == name.cluster) & (kinds != None)  # noqa: E711
        agreeing = np.isin(kinds[rows], term)
        alike = [one.cluster for one in naming.names if one.name.split(" (")[0] == ", ".join(term)]
        others = kept & ~np.isin(labels, alike) & (kinds != None)  # noqa: E711
        theirs = np.isin(kinds[others], term)
        table = [[said.sum(), (~said).sum()] for said in (agreeing, theirs)]
        chance, p_value = theirs.mean(), fisher_exact(table, alternative="greater").pvalue
        assert name.n_asked == len(agreeing)
        assert name.agreement == pytest.approx(agreeing.mean())
        assert name.chance == pytest.approx(chance)
        assert name.verified == (agreeing.mean() >= 0.5 and p_value < 0.05)


def test_wrong_names_are_not_borne_out(illustrations: Collection) -> None:
    clusters = clusters_of(illustrations, by(illustrations, "word"))
    words = sorted(set(illustrations.labels["word"]))
    names = [
        Name(cluster=at, text=word, phrase=word, terms=(word,))
        for at, word in enumerate([*words[1:], words[0]])
    ]
    evidence = _evidence(illustrations, "word")
    counts = HeldOut().counts(names, clusters, SETTINGS, n_asked=20, evidence=evidence)
    assert {count.agreeing for count in counts.values()} == {0}
    assert min(count.asked for count in counts.values()) >= 5


def test_a_label_of_nearly_all_images_is_no_name(squares: Collection) -> None:
    """Nine in ten are plants, in every cluster: that each is of plants says nothing."""
    cells = ["plants" if row % 10 else "docks" for row in range(len(squares))]
    labels = squares.labels.assign(label=pd.Series(cells, dtype=object))
    alike = clusters_of(replace(squares, labels=labels), np.arange(len(squares)) % 3)
    naming = Labels().name(alike, SETTINGS)
    assert all("plants" in name for name in texts(naming))
    assert not any(name.verified for name in naming.names)
    assert any("chance" in name.why for name in naming.names)


def test_a_rarer_label_that_sets_the_cluster_apart_comes_first(squares: Collection) -> None:
    rows = np.arange(len(squares))
    cells = np.where((rows < 24) & (rows % 2 == 0), "docks", "plants")
    labels = squares.labels.assign(label=pd.Series(cells, dtype=object))
    clusters = clusters_of(replace(squares, labels=labels), (rows >= 24).astype(int))
    naming = Labels(verifier=Nobody()).name(clusters, SETTINGS)
    assert texts(naming) == ["docks", "plants"]
    assert [name.verified for name in naming.names] == [None, None]
    assert naming.notes == ("Nobody has checked the names of the clusters (namer/verifier=none).",)


def test_copies_of_an_image_are_in_one_half_and_asked_about_once(squares: Collection) -> None:
    copied = replace(squares, digests=tuple(str(row // 3) for row in range(len(squares))))
    clusters = clusters_of(copied, np.arange(len(squares)) // 12)
    kept = half(clusters).reshape(-1, 3)
    assert (kept.all(axis=1) | ~kept.any(axis=1)).all()
    assert kept.all(axis=1).reshape(4, 4).sum(axis=1).tolist() == [2, 2, 2, 2]
    drawn = sample(clusters, clusters.members(0), 20, cluster=0)
    assert sorted(row // 3 for row in drawn) == [0, 1, 2, 3]


def test_images_that_made_the_name_are_asked_about_last(squares: Collection) -> None:
    clusters = clusters_of(squares, np.arange(len(squares)) // 12)
    drawn = sample(clusters, clusters.members(1), 10, cluster=1, seen=range(12, 20))
    assert set(drawn[:4]) == {20, 21, 22, 23}
    assert len(drawn) == 10


def test_names_differ_or_are_numbered() -> None:
    rng = np.random.default_rng(0)
    pool = ["plants", "Plants", "docks", "roads", "dam", "x" * 100, "x" * 99 + "y", "plants (1)"]
    for _ in range(200):
        proposals = [
            Proposal(
                cluster=cluster,
                terms=tuple(rng.choice(pool, rng.integers(0, 3), replace=False).tolist()),
                spare=tuple(rng.choice(pool, rng.integers(0, 4), replace=False).tolist()),
            )
            for cluster in range(8)
        ]
        names = distinct(proposals, most_terms=3)
        assert len({name.text.casefold() for name in names}) == len(names)
        assert all(name.text.startswith(name.phrase) for name in names)
        assert all(len(name.phrase) <= MOST_LETTERS for name in names)
        assert all(bool(name.terms) or name.text == f"cluster {name.cluster}" for name in names)


def test_clusters_of_one_label_gain_what_tells_them_apart(squares: Collection) -> None:
    rows = np.arange(len(squares))
    cells = [
        ("plants", "docks") if row < 12 else ("plants",) if row < 36 else ("roads",) for row in rows
    ]
    collection = replace(
        squares,
        labels=squares.labels.assign(label=pd.Series(cells, dtype=object)),
        multi_valued=frozenset({"label"}),
    )
    naming = Labels().name(clusters_of(collection, rows // 12), SETTINGS)
    assert texts(naming) == ["docks", "plants (1)", "plants (2)", "roads"]
    assert "2 clusters are numbered beside their name" in naming.notes[-1]


def test_a_models_labels_go_first_and_are_told_of(squares: Collection) -> None:
    said = pd.Series([f"is {name}" for name in squares.labels["label"]], dtype=object)
    collection = replace(
        squares, labels=squares.labels.assign(clip=said), synthetic=frozenset({"clip"})
    )
    labels = by(squares, "label")
    naming = Labels().name(clusters_of(collection, labels), SETTINGS)
    assert texts(naming) == [f"is {colour}" for colour in sorted(COLOURS)]
    assert naming.namer == "the labels of “clip”, which a model made"
    assert "which a model made: they inherit its mistakes" in naming.notes[0]
    own = Labels(column="label").name(clusters_of(collection, labels), SETTINGS)
    assert texts(own) == sorted(COLOURS)
    random = clusters_of(collection, labels, marks={"clip": ("random weights",)})
    assert any("random weights" in note for note in Labels().name(random, SETTINGS).notes)


def test_a_cluster_without_labels_has_no_name(squares: Collection) -> None:
    labels = by(squares, "label")
    cells = [None if code == 2 else str(code) for code in labels]
    collection = replace(
        squares, labels=squares.labels.assign(label=pd.Series(cells, dtype=object))
    )
    naming = Labels().name(clusters_of(collection, labels), SETTINGS)
    assert texts(naming) == ["0", "1", "cluster 2", "3"]
    nameless = naming.names[2]
    assert (nameless.verified, nameless.n_asked) == (None, 0)
    assert nameless.why == "nothing is known of its images"
    assert "1 cluster without a name: nothing is known of its images." in naming.notes


def test_captions_give_the_words_that_set_clusters_apart(illustrations: Collection) -> None:
    """The descriptions read "an illustration of the word fire", and some are missing."""
    labels = by(illustrations, "word")
    naming = Captions().name(clusters_of(illustrations, labels), SETTINGS)
    assert texts(naming) == sorted(set(illustrations.labels["word"]))
    assert all(name.verified for name in naming.names)
    assert naming.namer == "the words of the text column"


def test_what_a_model_wrote_goes_before_the_table(squares: Collection) -> None:
    labels = by(squares, "label")
    said = tuple(
        Text(id_, f"a photo of a {name} thing and a plate", "blip", 0.1)
        for id_, name in zip(squares.ids, squares.labels["label"], strict=True)
    )
    with_text = replace(squares, text=("nothing",) * len(squares))
    clusters = clusters_of(with_text, labels, texts=said)
    naming = Captions(n_terms=2, ngram_range=(1, 2)).name(clusters, SETTINGS)
    assert texts(naming) == sorted(COLOURS)
    assert naming.namer == "the words of the texts by “blip”"
    assert "they inherit its mistakes" in naming.notes[0]
    random = replace(clusters, space=replace(clusters.space, marks=("random weights",)))
    assert any("random weights" in note for note in Captions().name(random, SETTINGS).notes)


def test_a_mixed_cluster_is_called_after_several_words_at_most_four(
    illustrations: Collection,
) -> None:
    labels = by(illustrations, "word") // 6
    naming = Captions(verifier=Nobody()).name(clusters_of(illustrations, labels), SETTINGS)
    words = illustrations.labels["word"].to_numpy()
    for name in naming.names:
        terms = name.name.split(", ")
        assert len(terms) <= MOST_WORDS
        common = [word for word, _ in Counter(words[labels == name.cluster]).most_common(4)]
        assert terms[0] in common
    assert sum("," in name for name in texts(naming)) >= 2


def test_noise_has_no_name_and_the_table_keeps_its_columns(squares: Collection) -> None:
    labels = by(squares, "label") - 1
    naming = Labels().name(clusters_of(squares, labels), SETTINGS)
    assert [name.cluster for name in naming.names] == [0, 1, 2]
    table = pd.DataFrame(
        {"cluster": [0, 1, 2, -1], "name": ["a", "b", "c", "noise"], "silhouette": [0.1] * 4}
    )
    before = Evaluation(scores=pd.DataFrame(), headline={}, clusters=table, notes=("first",))
    after = named(before, naming)
    assert after.clusters["name"].tolist() == [*texts(naming), "noise"]
    assert after.clusters["silhouette"].tolist() == [0.1] * 4
    assert after.clusters["name_verified"].tolist() == ["True", "True", "True", ""]
    assert after.clusters["name_agreement"].isna().tolist() == [False, False, False, True]
    assert after.notes == ("first", *naming.notes)
    assert named(before, None) is before


def test_a_matcher_verifies_right_names_and_not_swapped_ones(squares: Collection) -> None:
    labels = by(squares, "label")
    eye = ColourEye()
    right = Labels(verifier=BestMatch(matcher=eye), n_asked=8).name(
        clusters_of(squares, labels), SETTINGS
    )
    assert texts(right) == sorted(COLOURS)
    assert [(name.agreement, name.chance, name.n_asked) for name in right.names] == [
        (1.0, 0.25, 8)
    ] * 4
    assert all(name.verified for name in right.names)
    swapped = squares.labels["label"].map(
        dict(zip(COLOURS, COLOURS[1:] + COLOURS[:1], strict=True))
    )
    wrong = replace(squares, labels=squares.labels.assign(label=swapped))
    naming = Labels(verifier=BestMatch(matcher=eye), n_asked=8).name(
        clusters_of(wrong, labels), SETTINGS
    )
    assert sorted(texts(naming)) == sorted(COLOURS)
    assert not any(name.verified for name in naming.names)
    assert {name.why for name in naming.names} == {
        # A third of the other clusters' images: those that are of the colour in truth.
        "0 of 8 images only (by chance 2.7)"
    }


def test_a_name_that_fits_every_image_is_not_verified(squares: Collection) -> None:
    """All clusters are red here: the matcher puts all images to the first, its own among them."""
    labels = by(squares, "label")
    cells = pd.Series(labels, dtype=object).map({0: "blue", 1: "#0000fe", 2: "red", 3: "#fe0000"})
    red = squares.labels["label"] == "red"
    only = replace(squares, labels=squares.labels.assign(label=cells)).take(
        id_ for id_, kept in zip(squares.ids, red, strict=True) if kept
    )
    halves = np.arange(len(only)) % 2
    names = [
        Name(cluster=at, text=text, phrase=text, terms=(text,))
        for at, text in enumerate(["red", "blue"])
    ]
    counts = BestMatch(matcher=ColourEye()).counts(
        names, clusters_of(only, halves), SETTINGS, n_asked=20, evidence=None
    )
    assert (counts[0].agreeing, counts[0].asked, counts[0].chance) == (6, 6, 1.0)
    assert counts[0].p_value == 1
    assert (counts[1].agreeing, counts[1].chance) == (0, 0.5)


def test_names_that_differ_by_a_number_are_one_for_the_matcher(squares: Collection) -> None:
    labels = np.where(
        by(squares, "label") == 3, 3 + np.arange(len(squares)) % 2, by(squares, "label")
    )
    naming = Labels(verifier=BestMatch(matcher=ColourEye())).name(
        clusters_of(squares, labels), SETTINGS
    )
    assert texts(naming)[3:] == ["yellow (1)", "yellow (2)"]
    assert [(name.agreement, name.chance) for name in naming.names] == [(1.0, 0.25)] * 5


def test_with_one_name_there_is_nothing_to_match(squares: Collection) -> None:
    one = clusters_of(squares, np.zeros(len(squares), dtype=int))
    naming = Labels(verifier=BestMatch(matcher=ColourEye())).name(one, SETTINGS)
    assert naming.names[0].verified is None
    assert naming.names[0].n_asked == 0
    assert "no other name" in naming.names[0].why
    assert "1 cluster name could not be checked." in naming.notes


def test_a_model_is_asked_of_members_and_of_others(squares: Collection) -> None:
    labels = by(squares, "label")
    eye = ColourEye()
    naming = Labels(verifier=YesOrNo(asked=eye), n_asked=6).name(
        clusters_of(squares, labels), SETTINGS
    )
    assert [(name.agreement, name.chance, name.n_asked) for name in naming.names] == [
        (1.0, 0.0, 6)
    ] * 4
    assert all(name.verified for name in naming.names)
    assert len(eye.prompts) == 4 * 12
    assert max(max(picture.shape) for picture in eye.pictures) == 448


def test_a_model_that_says_yes_to_everything_verifies_nothing(squares: Collection) -> None:
    clusters = clusters_of(squares, by(squares, "label"))
    yes = Labels(verifier=YesOrNo(asked=ColourEye(always="Yes."))).name(clusters, SETTINGS)
    assert {name.why for name in yes.names} == {"12 of 12 images, no more than by chance (12)"}
    other = Labels(verifier=YesOrNo(asked=ColourEye(always="I like it"))).name(clusters, SETTINGS)
    assert {name.why for name in other.names} == {"0 of 12 images only (by chance 0)"}


def test_a_contact_sheet_is_named_by_what_is_on_it(squares: Collection) -> None:
    eye = ColourEye()
    namer = ContactSheet(
        asked=eye, n_shown=4, side=32, n_siblings=2, verifier=BestMatch(matcher=ColourEye())
    )
    clusters = clusters_of(squares, by(squares, "label"), medoids={0: 5})
    naming = namer.name(clusters, SETTINGS)
    assert texts(naming) == [colour.title() for colour in sorted(COLOURS)]
    assert all(name.verified for name in naming.names)
    assert naming.namer == "contact sheets, as colour eye saw them"
    assert {picture.shape for picture in eye.pictures} == {(68, 68, 3)}
    first, second = eye.prompts[:4], eye.prompts[4:]
    assert all("4 pictures" in prompt and "called" not in prompt for prompt in first)
    # They lie on a line: blue, lime, red, yellow.
    assert 'are called "Lime", "Red".' in second[0]
    assert 'are called "Red", "Lime".' in second[3]


def test_a_contact_sheet_shows_central_and_other_images(squares: Collection) -> None:
    namer = ContactSheet(asked=ColourEye(), n_shown=6)
    clusters = clusters_of(squares, by(squares, "label"), medoids={2: 30})
    shown = namer._shown(clusters)[2].tolist()
    values = clusters.space.values[24:36]
    order = 24 + np.argsort(np.linalg.norm(values - values.mean(axis=0), axis=1))
    central = [row for row in order.tolist() if row != 30]
    assert shown[:3] == [30, *central[:2]]
    assert len(set(shown)) == 6
    assert set(shown) <= set(range(24, 36))


def test_equal_answers_are_numbered_and_empty_ones_are_no_name(squares: Collection) -> None:
    clusters = clusters_of(squares, by(squares, "label"))
    same = ContactSheet(asked=ColourEye(always="A boat.")).name(clusters, SETTINGS)
    assert texts(same) == ["boat (1)", "boat (2)", "boat (3)", "boat (4)"]
    silent = ContactSheet(asked=ColourEye(always="I'm sorry, I can't.")).name(clusters, SETTINGS)
    assert texts(silent) == ["cluster 0", "cluster 1", "cluster 2", "cluster 3"]
    assert "4 clusters without a name: what the model answered is no name." in silent.notes


class SilentEye(ColourEye):
    """Cannot answer about what is mostly of one colour."""

    def __init__(self, *, about: Sequence[str]) -> None:
        super().__init__()
        self.about = about

    def ask(
        self, pictures: Sequence[np.ndarray], prompts: Sequence[str], settings: Settings
    ) -> list[str | None]:  # type: ignore[override]
        said = super().ask(pictures, prompts, settings)
        seen = super().ask(pictures, ["Name it."] * len(pictures), settings)
        return [
            None if any(colour.title() in what for colour in self.about) else answer
            for answer, what in zip(said, seen, strict=True)
        ]


def test_a_picture_that_could_not_be_answered_gives_no_name_and_no_vote(
    squares: Collection,
) -> None:
    clusters = clusters_of(squares, by(squares, "label"))
    eye = SilentEye(about=["red"])
    naming = ContactSheet(asked=eye).name(clusters, SETTINGS)
    assert texts(naming) == ["Blue", "Lime", "cluster 2", "Yellow"]
    assert naming.names[2].why == "no answer came about its images"
    assert "1 cluster without a name: no answer came about its images." in naming.notes
    none = ContactSheet(asked=SilentEye(about=COLOURS)).name(clusters, SETTINGS)
    assert texts(none) == [f"cluster {number}" for number in range(4)]
    checked = Labels(verifier=YesOrNo(asked=eye)).name(clusters, SETTINGS)
    assert [name.n_asked for name in checked.names] == [12, 12, 0, 12]
    assert [name.verified for name in checked.names] == [True, True, None, True]
    assert "no answer came about its images" in checked.names[2].why
    mixed = clusters_of(squares, by(squares, "label") // 2)
    halves = Labels(verifier=YesOrNo(asked=eye), n_asked=24).name(mixed, SETTINGS)
    assert halves.names[1].n_asked == 12, "the red half could not be answered"


def test_two_small_pure_clusters_bear_their_names_out(squares: Collection) -> None:
    """Of the held-out images 4 of 4 agree here, and 0 of 4 there: p is 1/70."""
    ids = squares.ids
    two = squares.take([*ids[:8], *ids[12:20]])
    naming = Labels().name(clusters_of(two, by(two, "label")), SETTINGS)
    assert [(name.agreement, name.chance, name.n_asked) for name in naming.names] == [(1, 0, 4)] * 2
    assert [name.verified for name in naming.names] == [True, True]
    one = Labels().name(clusters_of(two, np.zeros(len(two), dtype=int)), SETTINGS)
    assert one.names[0].verified is None
    assert "no cluster of another name" in one.names[0].why
    noisy = clusters_of(two, by(two, "label") - 1)
    assert [name.verified for name in Labels().name(noisy, SETTINGS).names] == [True]


class Served(ColourEye):
    """As a labeler of a server's model is: its weights are nobody's to see."""

    sources = ()

    def __init__(self, *, model: str, revision: str | None = None) -> None:
        super().__init__()
        self.model = model
        self.revision = revision


@pytest.mark.parametrize(
    ("model", "revision", "same"),
    [("llava", None, True), ("llava", "two", False), ("qwen", None, False)],
)
def test_a_model_that_checks_itself_is_told_of(
    squares: Collection, model: str, revision: str | None, same: bool
) -> None:
    labels = by(squares, "label")
    verifier = YesOrNo(asked=Served(model=model, revision=revision))
    said = squares.labels["label"]
    own = replace(squares, labels=squares.labels.assign(it=said), synthetic=frozenset({"it"}))
    described = {"model": "llava", "revision": None, "compute": {"server": "http://localhost"}}
    clusters = clusters_of(own, labels, labelers={"it": described})
    by_labels = Labels(verifier=verifier).name(clusters, SETTINGS)
    by_people = Labels(verifier=verifier, column="label").name(clusters, SETTINGS)
    sheets = ContactSheet(asked=Served(model="llava"), verifier=verifier).name(clusters, SETTINGS)
    for naming, did in ((by_labels, "made the labels"), (sheets, "gave them")):
        assert naming.verifier.startswith(f"the same model that {did}, colour eye") == same
        told = f"checked by the same model that {did}: that the images bear them out is partly"
        assert any(told in note for note in naming.notes) == same
    assert "same model" not in " ".join([by_people.verifier, *by_people.notes])


def test_models_are_told_apart_by_their_weights() -> None:
    def of(model: str, sha256: str) -> dict[str, object]:
        return {"model": model, "source": [{"model": model, "sha256": sha256}]}

    assert models_of(of("a", "12")) == models_of(of("b", "12"))
    assert models_of(of("a", "random")) != models_of(of("b", "random"))
    assert models_of({}) == frozenset()


class Away(ColourEye):
    def check(self) -> None:
        raise ComponentError("Nobody is at labeler.url=http://localhost:1.")


def test_a_model_that_will_not_answer_is_found_before_the_work(squares: Collection) -> None:
    hog = Component(name="hog", config={}, instance=Hog())
    with pytest.raises(ComponentError, match=r"Nobody is at namer\.asked\.url="):
        ContactSheet(asked=Away()).check(squares, hog)
    captioned = replace(squares, text=("a square",) * len(squares))
    for namer in (
        ContactSheet(asked=ColourEye(), verifier=YesOrNo(asked=Away())),
        Labels(verifier=YesOrNo(asked=Away())),
        Captions(verifier=YesOrNo(asked=Away())),
    ):
        with pytest.raises(ComponentError, match=r"Nobody is at namer\.verifier\.asked\.url="):
            namer.check(captioned, hog)


@pytest.mark.filterwarnings("error")
def test_where_nothing_is_said_of_any_image_there_are_no_names(squares: Collection) -> None:
    silent = replace(squares, labels=squares.labels.assign(label=[None] * len(squares)))
    naming = Labels().name(clusters_of(silent, by(squares, "label")), SETTINGS)
    assert texts(naming) == [f"cluster {number}" for number in range(4)]
    assert {name.why for name in naming.names} == {"nothing is known of its images"}


@pytest.mark.parametrize(
    ("answer", "yes"),
    [
        ("<think>It is not clear.</think>Yes", True),
        ("Yes</s>", True),
        ("Yes or no?", False),
        ("Answer yes/no: yes", True),
        ("<think>Yes", False),
        ("No, yes would be wrong", False),
    ],
)
def test_a_yes_in_an_answer(answer: str, yes: bool) -> None:
    assert is_yes(answer) == yes


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("Wind farms", "Wind farms"),
        ('"Hiking Trails"', "Hiking Trails"),
        ("**Name: Beach Holidays**", "Beach Holidays"),
        ('The name of the group is "Mountain Lakes".', "Mountain Lakes"),
        ("These pictures show mountain lakes in summer.", "mountain lakes in summer"),
        ("Sure! Here is a name for the group: Snowy Peaks", "Snowy Peaks"),
        ("Here's a short name:\n\nSnowy Peaks", "Snowy Peaks"),
        ("1. Snowy Peaks\n2. Winter", "Snowy Peaks"),
        ("A group of people riding bikes on a trail", "people riding bikes"),
        ("They all have in common that they show birds", "birds"),
        ('I would call this group "Old Churches"', "Old Churches"),
        ("The common theme is nature.", "nature"),
        ("All of these are trees", "trees"),
        ("Boats (on a lake)", "Boats"),
        ("Boats \u2013 at the harbour", "Boats"),
        ("Flowers, plants and trees", "Flowers, plants and trees"),
        ("Children's toys", "Children's toys"),
        ("Picture frames", "Picture frames"),
        ("Água e pedras", "Água e pedras"),
        ("Red\x00 boats\u202e!", "Red boats"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("<think>\nLet me see\n</think>\nDogs", "Dogs"),
        ("<think>They are dogs", ""),
        ("Dogs</s>", "Dogs"),
        ("\\boxed{Dogs}", "Dogs"),
        ("```\nDogs\n```", "Dogs"),
        ("St. Mary's Church", "St. Mary's Church"),
        ("U.S. flags", "U.S. flags"),
        ("Mt. Fuji. It is in Japan.", "Mt. Fuji"),
        ("Boats at rest. They lie in a harbour.", "Boats at rest"),
        ("N/A", ""),
        ("None.", ""),
        ("NOT VALID", ""),
        ("I'm sorry, but I can't help with that.", ""),
        (" \n ", ""),
    ],
)
def test_a_name_out_of_an_answer(answer: str, name: str) -> None:
    assert name_in(answer) == name


def test_a_long_answer_is_cut() -> None:
    assert len(name_in("word " * 500).split()) == MOST_WORDS
    assert len(name_in("w" * 5000)) == MOST_LETTERS
    assert clean("\u200c\u200d") == "\u200c\u200d"


def test_the_same_seed_gives_the_same_names(illustrations: Collection) -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 6, len(illustrations))
    first, again, other = (
        Labels(column="word").name(clusters_of(illustrations, labels, random_state=seed), SETTINGS)
        for seed in (1, 1, 2)
    )
    assert repr(first) == repr(again)
    assert repr(first) != repr(other)


def test_what_cannot_be_named_is_said_before_the_work(
    illustrations: Collection, squares: Collection
) -> None:
    hog = Component(name="hog", config={}, instance=Hog())
    with pytest.raises(DataError, match=r"namer.column 'wrod' is no .* Did you mean 'word'\?"):
        Labels(column="wrod").check(illustrations, hog)
    bare = replace(squares, labels=squares.labels.drop(columns="label"))
    with pytest.raises(DataError, match=r"no label column for namer=labels .*\(labeler=clip\)"):
        Labels().check(bare, hog)
    with pytest.raises(DataError, match=r"no texts .*\(extractor=blip\).*dataset.text_column="):
        Captions().check(squares, hog)
    with pytest.raises(DataError, match="finds no texts"):
        Captions().name(clusters_of(squares, by(squares, "label")), SETTINGS)
    Captions().check(illustrations, hog)
    with pytest.raises(ConfigError, match="namer/verifier=clip, asked or none"):
        ContactSheet(asked=ColourEye(), verifier=HeldOut()).check(squares, hog)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Labels(threshold=1.5), "namer.threshold is 1.5"),
        (lambda: Labels(n_asked=0), "namer.n_asked is 0"),
        (lambda: Labels(n_terms=0), "namer.n_terms is 0"),
        (lambda: Captions(ngram_range=(2, 1)), r"namer.ngram_range is \[2, 1\]"),
        (lambda: Captions(stop_words="portuguese"), "namer.stop_words is 'portuguese'"),
        (lambda: ContactSheet(asked=ColourEye(), n_shown=0), "namer.n_shown is 0"),
    ],
)
def test_values_that_do_not_fit_are_refused(wrong: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        wrong()  # type: ignore[operator]


def test_texts_without_a_word_are_refused(squares: Collection) -> None:
    silent = replace(squares, text=("the of",) * len(squares))
    with pytest.raises(DataError, match="hold no word to name clusters by"):
        Captions().name(clusters_of(silent, by(squares, "label")), SETTINGS)
