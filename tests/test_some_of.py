"""A label column made of some values of another: how many, and which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clusterlab.datasets.table import Table
from clusterlab.errors import ClusterlabError
from clusterlab.types import Collection
from tests.runs import pictures

# dark 4, cute 3, calm 2 and wild 2, "odd, <i>one</i>" 1; the last image has no tag at all.
TAGS = ["dark|cute", "dark|calm", "dark|cute", "dark|wild", "cute", "calm|wild", "odd, <i>one</i>"]
ODD = "odd, <i>one</i>"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = pictures(tmp_path_factory.mktemp("photos"), n=8, classes=())
    files = sorted(file.name for file in folder.iterdir())
    pd.DataFrame({"image": files, "tags": [*TAGS, ""]}).to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


def load(table: Path, some_of: dict[str, Any], **settings: Any) -> Collection:
    given = {"multi_valued": {"tags": "|"}, **settings}
    return Table(path=str(table), some_of=some_of, **given).load()


def used(found: Collection, column: str = "few") -> set[str]:
    return {value for cell in found.labels[column] for value in cell}


@pytest.mark.parametrize(
    ("choice", "values"),
    [
        ({"n": 1}, {"dark"}),
        ({"n": 2, "choose": "frequent"}, {"dark", "cute"}),
        ({"n": 3}, {"dark", "cute", "calm"}),
        ({"n": 2, "choose": "rare"}, {ODD, "wild"}),
        ({"values": ["cute", ODD]}, {"cute", ODD}),
        ({"n": 5, "choose": "random"}, {"dark", "cute", "calm", "wild", ODD}),
    ],
)
def test_the_values_are_those_that_were_asked_for(
    choice: dict[str, Any], values: set[str], table: Path
) -> None:
    found = load(table, {"few": {"column": "tags", **choice}})
    assert used(found) == values
    for whole, few in zip(found.labels["tags"], found.labels["few"], strict=True):
        assert set(few) == set(whole) & values
    assert "few" in found.multi_valued
    assert found.derived["few"] == "tags"


def test_a_random_choice_follows_the_seed_and_grows_with_n(table: Path) -> None:
    def chosen(n: int, seed: int) -> set[str]:
        choice = {"few": {"column": "tags", "n": n, "choose": "random"}}
        return used(load(table, choice, random_state=seed))

    assert all(chosen(1, seed) < chosen(2, seed) < chosen(4, seed) for seed in range(3))
    assert chosen(2, 0) == chosen(2, 0)
    assert len({frozenset(chosen(2, seed)) for seed in range(8)}) > 1


def test_images_with_other_values_alone_have_no_label_or_the_rest(table: Path) -> None:
    few = {"column": "tags", "n": 1}
    missing = load(table, {"few": few})
    assert missing.labels["few"].tolist() == [("dark",)] * 4 + [()] * 4
    assert any("values of 'tags': dark. " in note and "3" in note for note in missing.notes)
    rest = load(table, {"few": {**few, "rest": "other"}})
    # The last image has no tag: nobody says that it is dark, or that it is not.
    assert rest.labels["few"].tolist() == [("dark",)] * 4 + [("other",)] * 3 + [()]


def test_the_choice_is_of_all_images_of_the_table(table: Path) -> None:
    found = load(table, {"few": {"column": "tags", "n": 1}, "two": {"column": "tags", "n": 2}})
    assert used(found, "few") < used(found, "two")


@pytest.mark.parametrize(
    ("some_of", "says"),
    [
        ({"few": {"column": "tags", "n": 6}}, "n is 6, but 'tags' has only 5 values"),
        ({"few": {"column": "tags", "values": ["drak"]}}, "no image has.*Did you mean 'dark'"),
        ({"few": {"column": "tags", "n": 1, "rest": "cute"}}, "which is a value of 'tags'"),
        ({"tags": {"column": "tags", "n": 1}}, "'tags', which is there already"),
        ({"few": {"column": "image", "n": 1}}, "'image', which is no multi-valued column"),
        ({"few": {"n": 1}}, "does not say of which column"),
        ({"few": {"column": "tags"}}, "either n.*or values"),
        ({"few": {"column": "tags", "n": 1, "values": ["dark"]}}, "either n.*or values"),
        ({"few": {"column": "tags", "n": 0}}, "n is 0; it must be a whole number, at least 1"),
        ({"few": {"column": "tags", "n": True}}, "n is True; it must be a whole number"),
        ({"few": {"column": "tags", "values": "dark"}}, "must be a list"),
        ({"few": {"column": "tags", "n": 1, "choose": "rarest"}}, "Did you mean 'rare'"),
        ({"few": {"column": "tags", "values": ["dark"], "choose": "rare"}}, "nothing to choose"),
        ({"few": {"column": "tags", "m": 1}}, "few.m is no setting"),
        ({"few": 3}, "few is 3; write for example"),
    ],
)
def test_a_choice_that_cannot_be_made_says_why(
    some_of: dict[str, Any], says: str, table: Path
) -> None:
    with pytest.raises(ClusterlabError, match=says):
        load(table, some_of)
