"""The dataset summary, against pandas and Pillow on the real collections."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from clusterlab.datasets.digits import Digits
from clusterlab.datasets.folder import Folder
from clusterlab.datasets.summary import summarize
from clusterlab.datasets.table import Table
from clusterlab.types import Collection


@pytest.fixture(scope="module")
def illustrations(shared_data: Path) -> Collection:
    return Table(
        path=str(shared_data / "illustrations" / "objects.csv"),
        id_column="id",
        label_columns=["word", "kind"],
        multi_valued={"tags": "|"},
        numeric_columns=["colorfulness"],
        text_column="description",
        missing_values=["unidentified"],
    ).load()


def test_what_it_says_of_the_columns(illustrations: Collection, shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "illustrations" / "objects.csv", keep_default_na=False)
    summary = summarize(illustrations)

    words = table["word"].value_counts()
    assert summary["labels"]["word"]["n_classes"] == 35
    assert dict(summary["labels"]["word"]["counts"]) == words.to_dict()
    assert summary["labels"]["word"]["counts"][0] == [words.index[0], words.iloc[0]]
    assert summary["labels"]["word"]["imbalance"] == words.max() / words.min()
    unidentified = int((table["kind"] == "unidentified").sum())
    assert summary["labels"]["kind"]["missing"] == unidentified
    assert summary["labels"]["kind"]["missing_share"] == pytest.approx(unidentified / 357)
    tags = table["tags"].str.split("|").explode()
    tags = tags[~tags.isin(["", "unidentified"])]
    assert dict(summary["labels"]["tags"]["counts"]) == tags.value_counts().to_dict()
    assert summary["labels"]["tags"]["multi_valued"] is True
    assert summary["text"] == {"missing": int((table["description"] == "").sum())}
    assert summary["numeric"]["colorfulness"] == {
        "min": table["colorfulness"].min(),
        "median": table["colorfulness"].median(),
        "max": table["colorfulness"].max(),
        "missing": 0,
    }


def test_the_sizes_are_those_of_the_pictures(illustrations: Collection) -> None:
    sizes = summarize(illustrations)["sizes"]
    expected = [Image.open(image.path).size for image in illustrations.images]
    assert list(zip(sizes["width"], sizes["height"], strict=True)) == expected
    assert (sizes["n_measured"], sizes["n_unread"], sizes["sampled"]) == (357, 0, False)


def test_a_large_collection_is_measured_by_a_sample(illustrations: Collection) -> None:
    sizes = summarize(illustrations, max_sizes=50)["sizes"]
    assert len(sizes["width"]) == 50
    assert sizes["sampled"] is True


def test_it_is_json_and_the_seed_picks_the_sample_images(illustrations: Collection) -> None:
    one, same, other = (summarize(illustrations, random_state=seed) for seed in (1, 1, 2))
    assert json.loads(json.dumps(one, allow_nan=False)) == one
    assert one == same
    assert one["sample_ids"] != other["sample_ids"]
    assert len(set(one["sample_ids"]) & set(illustrations.ids)) == 24


def test_duplicates_and_copies_with_another_label(shared_data: Path, tmp_path: Path) -> None:
    photos = sorted((shared_data / "clothing" / "test" / "hat").iterdir())[:4]
    for folder in ("hat", "cap"):
        (tmp_path / folder).mkdir()
    for photo in photos:
        shutil.copy(photo, tmp_path / "hat" / photo.name)
    shutil.copy(photos[0], tmp_path / "hat" / "again.jpg")
    shutil.copy(photos[0], tmp_path / "cap" / "again.jpg")
    shutil.copy(photos[1], tmp_path / "hat" / "twice.jpg")

    duplicates = summarize(Folder(path=str(tmp_path)).load())["duplicates"]

    assert duplicates["n_groups"] == 2
    assert duplicates["n_extra"] == 3
    assert duplicates["conflicting"] == {"label": 1}
    assert ["cap/again.jpg", f"hat/{photos[0].name}", "hat/again.jpg"] in duplicates["examples"]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_unreadable_images_are_counted(shared_data: Path) -> None:
    collection = Folder(path=str(shared_data / "odd_images")).load()
    sizes = summarize(collection)["sizes"]
    assert sizes["n_unread"] >= 8 + 4
    assert sizes["n_measured"] + sizes["n_unread"] == len(collection)


def test_a_collection_without_labels_and_splits(tmp_path: Path) -> None:
    Image.new("L", (5, 3)).save(tmp_path / "a.png")
    summary = summarize(Folder(path=str(tmp_path), name="plain").load())
    assert summary["name"] == "plain"
    assert summary["labels"] == {}
    assert summary["splits"] == {"all": 1}
    assert (summary["sizes"]["width"], summary["sizes"]["height"]) == ([5], [3])


def test_the_splits_are_counted() -> None:
    summary = summarize(Digits(split={"train": 0.8, "val": 0.1, "test": 0.1}).load())
    assert sum(summary["splits"].values()) == 1797
    assert summary["splits"]["val"] in (179, 180)
