"""Folders of images, real ones and hostile ones."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from clusterlab.datasets.folder import Folder
from clusterlab.errors import ConfigError, DataError


def write(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), colour).save(path)
    return path


def several(folder: Path, n: int, *, first: int = 0) -> None:
    for number in range(first, first + n):
        write(folder / f"{number:02d}.png", f"rgb({number},{n},{len(folder.name)})")


def test_the_clothing_photos_as_the_disk_has_them(shared_data: Path) -> None:
    collection = Folder(path=str(shared_data / "clothing")).load()

    files = sorted((shared_data / "clothing").rglob("*.jpg"))
    relative = sorted(file.relative_to(shared_data / "clothing").as_posix() for file in files)
    assert list(collection.ids) == relative
    assert len(collection) == 713
    assert collection.labels["label"].tolist() == [id_.split("/")[1] for id_ in relative]
    assert Counter(collection.split.tolist()) == {"val": 341, "test": 372}
    first = (shared_data / "clothing" / relative[0]).read_bytes()
    assert collection.images[0].read() == first
    assert collection.digests[0] == hashlib.sha256(first).hexdigest()
    assert any("test, validation were taken for splits" in note for note in collection.notes)
    assert any("not images: 1 (1 without an ending)" in note for note in collection.notes)


def test_split_names_say_what_the_folders_mean(shared_data: Path) -> None:
    collection = Folder(
        path=str(shared_data / "clothing"),
        split_level=True,
        split_names={"validation": "train", "test": "test"},
    ).load()
    assert Counter(collection.split.tolist()) == {"train": 341, "test": 372}


def test_without_the_split_level_the_label_is_the_whole_folder(shared_data: Path) -> None:
    collection = Folder(path=str(shared_data / "clothing"), split_level=False).load()
    assert collection.labels["label"].nunique() == 20
    assert collection.labels["label"][0] == "test/dress"
    assert set(collection.split.tolist()) == {"all"}


def test_auto_takes_no_classes_for_splits(tmp_path: Path) -> None:
    write(tmp_path / "train" / "a.png")
    write(tmp_path / "bus" / "red" / "b.png", "blue")
    collection = Folder(path=str(tmp_path)).load()
    assert collection.labels["label"].tolist() == ["bus/red", "train"]
    assert set(collection.split.tolist()) == {"all"}


def test_what_counts_as_an_image_and_as_its_label(tmp_path: Path) -> None:
    write(tmp_path / "cats" / "b.JPG")
    write(tmp_path / "cats" / "black" / "a.png", "black")
    write(tmp_path / "top.png", "blue")
    write(tmp_path / ".hidden" / "c.png")
    write(tmp_path / "cats" / "._b.jpg")
    (tmp_path / "cats" / "notes.txt").write_text("nothing")
    (tmp_path / "Thumbs.db").write_text("nothing")

    collection = Folder(path=str(tmp_path)).load()

    assert collection.ids == ("cats/b.JPG", "cats/black/a.png", "top.png")
    assert collection.labels["label"].tolist() == ["cats", "cats/black", None]
    assert collection.name == tmp_path.name
    (note,) = collection.notes
    assert "2 (" in note
    assert "1 .txt" in note
    assert "1 .db" in note


def test_a_folder_without_sub_folders_has_no_label_column(tmp_path: Path) -> None:
    several(tmp_path, 3)
    collection = Folder(path=str(tmp_path)).load()
    assert list(collection.labels.columns) == []
    assert len(collection.labels) == 3


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write(tmp_path / "pictures" / "a" / "1.png")
    (tmp_path / "pictures" / "a" / "up").symlink_to(tmp_path / "pictures")
    write(tmp_path / "elsewhere" / "2.png", "blue")
    (tmp_path / "pictures" / "b").symlink_to(tmp_path / "elsewhere")
    collection = Folder(path=str(tmp_path / "pictures")).load()
    assert collection.ids == ("a/1.png", "b/2.png")


def test_a_dangling_link_costs_one_row(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png")
    (tmp_path / "a" / "2.png").symlink_to(tmp_path / "gone.png")
    collection = Folder(path=str(tmp_path)).load()
    (failure,) = collection.failures
    assert (failure.id, failure.stage, failure.error) == ("a/2.png", "load", "FileNotFoundError")
    assert failure.message == "No such file or directory"
    assert collection.ids == ("a/1.png",)


def test_a_name_that_is_no_text_costs_one_row(tmp_path: Path) -> None:
    source = write(tmp_path / "a" / "1.png")
    try:
        shutil.copy(source, os.fsencode(tmp_path / "a") + b"/\xff.png")
    except OSError:
        pytest.skip("this file system refuses such names")
    collection = Folder(path=str(tmp_path)).load()
    (failure,) = collection.failures
    assert failure.id == "a/\\xff.png"
    assert "not valid UTF-8" in failure.message


def test_copies_that_straddle_a_given_split_stay_on_the_tested_side(tmp_path: Path) -> None:
    write(tmp_path / "train" / "a" / "1.png", "red")
    write(tmp_path / "train" / "a" / "2.png", "blue")
    write(tmp_path / "test" / "a" / "3.png", "red")
    collection = Folder(path=str(tmp_path), split_level=True).load()
    assert collection.ids == ("test/a/3.png", "train/a/2.png")
    assert any("exact copy is in a later split" in note for note in collection.notes)


def test_ones_own_split_replaces_the_given_one(shared_data: Path) -> None:
    collection = Folder(
        path=str(shared_data / "clothing"), split={"train": 0.8, "test": 0.2}
    ).load()
    assert collection.labels["label"].nunique() == 10
    assert Counter(collection.split.tolist()) == {"train": 570, "test": 143}
    assert "dataset.split replaces the split that the images come with." in collection.notes


def test_one_class_is_noted(tmp_path: Path) -> None:
    several(tmp_path / "only", 2)
    assert any(
        "has only one value, 'only'" in note for note in Folder(path=str(tmp_path)).load().notes
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": {"train": 0.8, "test": 0.1}}, "shares that sum to 0.9, not 1"),
        ({"split": {"trian": 0.8, "test": 0.2}}, "'trian'.* none of train, val, test. Did you"),
        ({"split": {"train": 1.2, "test": -0.2}}, "negative share"),
        ({"sample_share": 1.5}, "dataset.sample_share must be in"),
        ({"sample_share": 0.5, "sample_per_class": 3}, "exclude each other"),
        ({"sample_per_class": 0}, "at least 1, not 0"),
        ({"max_failed_share": 2}, "max_failed_share must be in"),
    ],
)
def test_wrong_options_are_found_before_anything_is_read(
    arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Folder(path="nowhere", **arguments)


def test_every_wrong_option_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Folder(path="nowhere", sample_share=0, split={"train": 0.5}, max_failed_share=-1)
    assert len(caught.value.problems) == 3


def refused(folder: Path, **arguments: object) -> str:
    with pytest.raises(DataError) as caught:
        Folder(path=str(folder), **arguments).load()
    return str(caught.value)


def test_a_missing_folder_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    message = refused(tmp_path / "picturs")
    assert f"dataset.path={tmp_path / 'picturs'} does not exist" in message
    assert "Did you mean 'pictures'?" in message


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "objects.csv").write_text("image\n")
    assert "For a table use dataset=table" in refused(tmp_path / "objects.csv")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert refused(tmp_path).endswith("it is empty.")


def test_a_folder_with_other_files_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.txt").write_text("")
    assert "no image in" in refused(tmp_path)
    assert "only other files (2 .txt)" in refused(tmp_path)


def test_an_unknown_split_folder_is_named_with_the_way_out(tmp_path: Path) -> None:
    write(tmp_path / "train" / "a" / "1.png")
    write(tmp_path / "holdout" / "a" / "2.png")
    message = refused(tmp_path, split_level=True)
    assert "Unknown split 'holdout'" in message
    assert "dataset.split_names='{holdout: train}'" in message


def test_images_beside_the_splits(tmp_path: Path) -> None:
    write(tmp_path / "train" / "a" / "1.png")
    write(tmp_path / "stray.png")
    assert "such as 'stray.png'" in refused(tmp_path, split_level=True)


def test_a_split_that_is_none(tmp_path: Path) -> None:
    write(tmp_path / "train" / "a" / "1.png")
    with pytest.raises(ConfigError, match=r"maps to 'training'.*Did you mean 'train'"):
        Folder(path=str(tmp_path), split_level=True, split_names={"train": "training"}).load()


def test_options_by_class_need_classes(tmp_path: Path) -> None:
    several(tmp_path, 3)
    assert "dataset.sample_per_class=2 needs a label column" in refused(
        tmp_path, sample_per_class=2
    )


def test_an_unknown_class_column(tmp_path: Path) -> None:
    several(tmp_path / "a", 3)
    assert "Did you mean 'label'?" in refused(tmp_path, class_column="labels")


def test_no_class_is_large_enough(tmp_path: Path) -> None:
    several(tmp_path / "few", 2)
    several(tmp_path / "more", 3)
    message = refused(tmp_path, min_class_size=10)
    assert "No class of 'label' has dataset.min_class_size=10 images" in message
    assert "'more', has 3" in message
