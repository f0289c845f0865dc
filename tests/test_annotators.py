"""Several people who group the same images: how far they agree is the ceiling."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

import clusterlab
from clusterlab.datasets.table import Table
from clusterlab.errors import ClusterlabError
from clusterlab.metrics.annotators import annotators, annotators_headline, krippendorff_alpha
from clusterlab.types import Collection, MemoryImage
from tests.runs import pictures

# A name that would be markup on the page, and a comma for the table.
ODD = "<b>Ann</b>, 2"
PEOPLE = ("human_1", "human_2", ODD)


def raters(**said: str) -> pd.DataFrame:
    """One letter an image, "." where the person said nothing."""
    return pd.DataFrame(
        {name: [None if one == "." else one for one in text] for name, text in said.items()},
        dtype=object,
    )


def collection(labels: pd.DataFrame, *people: str) -> Collection:
    n = len(labels)
    return Collection(
        name="made",
        ids=tuple(f"{row:03}" for row in range(n)),
        images=tuple(MemoryImage(b"") for _ in range(n)),
        digests=tuple(map(str, range(n))),
        labels=labels,
        annotators=people or tuple(labels),
        split=np.array(["all"] * n),
        numeric=pd.DataFrame(index=range(n)),
    )


def test_alpha_is_that_of_the_published_examples() -> None:
    """Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), parts A and C: two observers
    without, four with missing values."""
    two = raters(meg="0100000010", owen="1110010000")
    assert krippendorff_alpha(two) == pytest.approx(0.095, abs=5e-4)
    four = raters(a="123321412...", b="1233224125.3", c=".3332342251.", d="12332441251.")
    assert krippendorff_alpha(four) == pytest.approx(0.743, abs=5e-4)


@pytest.mark.parametrize("said", [{"a": "xx", "b": "xx"}, {"a": "x.", "b": ".y"}])
def test_alpha_is_undefined_where_there_is_nothing_to_disagree_about(said: dict[str, str]) -> None:
    assert math.isnan(krippendorff_alpha(raters(**said)))


def test_agreement_is_of_the_images_that_two_people_have_grouped() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 200)
    labels = pd.DataFrame(index=range(200))
    for number, share in enumerate((0.1, 0.3, 0.5)):
        slips = rng.random(200) < share
        said = np.where(slips, rng.integers(0, 4, 200), truth)
        cells = np.array(["abcd"[code] for code in said], dtype=object)
        cells[rng.random(200) < 0.1] = None
        labels[f"person {number}"] = cells
    within = rng.random(200) < 0.6
    found = annotators(collection(labels), within=within)
    assert found is not None
    known = labels[within]
    aris, amis = {}, []
    for pair in combinations(labels, 2):
        both = known[list(pair)].dropna()
        aris[pair] = adjusted_rand_score(both[pair[0]], both[pair[1]])
        amis.append(adjusted_mutual_info_score(both[pair[0]], both[pair[1]]))
    assert [pair.ari for pair in found.pairs] == pytest.approx(list(aris.values()))
    assert found.mean_ari == pytest.approx(np.mean(list(aris.values())))
    assert found.ari_std == pytest.approx(np.std(list(aris.values()), ddof=1))
    assert found.mean_ami == pytest.approx(np.mean(amis))
    first = [value for pair, value in aris.items() if "person 0" in pair]
    assert found.leave_one_out["person 0"] == pytest.approx(np.mean(first))
    assert found.alpha == pytest.approx(krippendorff_alpha(known))
    assert not found.notes


def test_people_with_words_of_their_own_agree_by_their_groups_alone() -> None:
    found = annotators(collection(raters(one="aabbcc", other="xxyyzz")))
    assert found is not None
    assert found.mean_ari == pytest.approx(1)
    assert math.isnan(found.ari_std)
    assert math.isnan(found.alpha)
    assert math.isnan(found.pairs[0].share)
    assert any("same names" in note for note in found.notes)


def test_a_word_that_few_images_lack_is_still_a_shared_word() -> None:
    """On the test images alone, each of the two would seem to have a word of his own."""
    labels = raters(one="abcabc", other="bcabca")
    found = annotators(collection(labels), within=np.arange(6) < 2)
    assert found is not None
    assert math.isfinite(found.alpha)


def test_numbers_for_names_are_told_of() -> None:
    found = annotators(collection(raters(one="112233", other="332211")))
    assert found is not None
    assert found.mean_ari == pytest.approx(1)
    assert found.alpha < 0.2
    assert any("number their groups" in note for note in found.notes)


def test_one_person_is_no_ceiling() -> None:
    found = annotators(collection(raters(human="aabb")))
    assert found is not None
    assert any("no ceiling" in note for note in found.notes)
    assert math.isnan(found.mean_ari)
    headline = annotators_headline(found, {"ari/human": 0.3})
    assert headline["mean_ari/annotators"] == 0.3
    assert "annotators_ari" not in headline


def test_people_who_share_no_image_are_left_out_of_the_mean() -> None:
    found = annotators(collection(raters(a="aabb..", b="aabbab", c="....ab")))
    assert found is not None
    assert found.mean_ari == pytest.approx(1)
    assert any("'a' and 'c': both grouped no image" in note for note in found.notes)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"annotators": ["tags"], "multi_valued": {"tags": "|"}}, "'tags', which is multi-valued"),
        ({"annotators": ["word", "word"]}, "a column twice"),
        ({"annotators": ["wrod"]}, r"dataset.annotators.*Did you mean 'word'"),
    ],
)
def test_wrong_annotators_are_refused(
    settings: dict[str, object], says: str, tmp_path: Path
) -> None:
    pd.DataFrame({"image": ["a.png"], "word": ["x"]}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ClusterlabError, match=says):
        Table(path=str(tmp_path / "t.csv"), **settings).load()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> clusterlab.Result:
    """Digits that three made-up people have grouped, with more and more slips."""
    folder = tmp_path_factory.mktemp("people")
    photos = pictures(folder / "photos", n=40, classes=())
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"image": sorted(file.name for file in photos.iterdir())})
    truth = np.arange(40) % 10 < 5
    for number, name in enumerate(PEOPLE):
        slips = rng.random(40) < 0.1 * number
        table[name] = np.where(truth != slips, "low", "high")
    table.loc[3, "human_2"] = ""
    table.to_csv(photos / "table.csv", index=False)
    words = ["dataset=table", f"dataset.path={photos / 'table.csv'}", "view=none", "store=false"]
    people = f"dataset.annotators=[human_1,human_2,'{ODD}']"
    return clusterlab.run(None, [*words, people, "clusterer.n_clusters=3"], folder=folder / "run")


def test_a_run_says_where_the_ceiling_is(run: clusterlab.Result) -> None:
    said = run.assignments.set_index("id")[list(PEOPLE)]
    pairs = [said[list(pair)].dropna() for pair in combinations(PEOPLE, 2)]
    aris = [adjusted_rand_score(*both.to_numpy().T) for both in pairs]
    assert run.metrics["annotators_ari"] == pytest.approx(np.mean(aris))
    assert run.metrics["annotators_alpha"] == pytest.approx(krippendorff_alpha(said))
    for metric in ("ari", "entropy"):
        ours = [run.metrics[f"{metric}/{name}"] for name in PEOPLE]
        assert run.metrics[f"mean_{metric}/annotators"] == pytest.approx(np.mean(ours))
    table = run.annotators
    assert table is not None
    people, ours_ = table[table["kind"] == "people"], table[table["kind"] == "clustering"]
    assert people["ari"].tolist() == pytest.approx(aris)
    assert people["n"].tolist() == [39, 40, 39]
    assert ours_["one"].tolist() == list(PEOPLE)
    assert ours_["ari"].tolist() == [run.metrics[f"ari/{name}"] for name in PEOPLE]
    assert (ours_["entropy_chance"] > 0).all()


def test_the_page_shows_the_ceiling_and_trusts_no_name(run: clusterlab.Result) -> None:
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="people">') :].partition("</section>")[0]
    assert f"agree with each other by {run.metrics['annotators_ari']:.2f}" in section
    assert "&lt;b&gt;Ann&lt;/b&gt;, 2" in section
    assert "<b>Ann</b>" not in section
    assert (run.folder / "figures" / "annotators.png").is_file()
