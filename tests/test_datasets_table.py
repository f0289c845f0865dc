"""Tables of images in four formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clusterlab.datasets.table import Table
from clusterlab.errors import DataError
from clusterlab.types import Collection

ROWS: list[dict[str, Any]] = [
    {"id": "c", "image": "p/c.png", "year": 1900, "tags": "wood &gt; oak| bone|", "kind": "NA"},
    {"id": "a", "image": "p/a.png", "year": None, "tags": "", "kind": " jar "},
    {"id": "d", "image": "", "year": 1950, "tags": "bone", "kind": "jar"},
    {"id": "b", "image": "p/b.png", "year": 1800, "tags": "bone|wood|bone", "kind": "s/n"},
]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    for name, colour in (("a", "red"), ("b", "lime"), ("c", "blue")):
        Image.new("RGB", (4, 4), colour).save(tmp_path / "p" / f"{name}.png")
    return tmp_path


def write(folder: Path, name: str, rows: list[dict[str, Any]] = ROWS) -> Path:
    path = folder / name
    if path.suffix == ".parquet":
        pd.DataFrame(rows).astype({"year": "Int64"}).to_parquet(path)
    elif path.suffix in (".jsonl", ".ndjson"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            delimiter = "\t" if path.suffix == ".tsv" else ","
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    return path


def load(path: Path, **arguments: Any) -> Collection:
    options: dict[str, Any] = {"id_column": "id", "label_columns": ["kind", "year"]}
    return Table(path=str(path), **{**options, **arguments}).load()


def refused(path: Path, **arguments: Any) -> str:
    with pytest.raises(DataError) as caught:
        load(path, **arguments)
    return str(caught.value)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.ndjson", "t.parquet", "T.CSV"])
def test_every_format_gives_the_same_collection(pictures: Path, name: str) -> None:
    collection = load(
        write(pictures, name),
        multi_valued={"tags": "|"},
        missing_values=["s/n"],
        numeric_columns=["year"],
        text_column="kind",
    )
    assert collection.ids == ("a", "b", "c")
    assert collection.labels["kind"].tolist() == ["jar", None, "NA"]
    assert collection.labels["year"].tolist() == [None, "1800", "1900"]
    assert collection.labels["tags"].tolist() == [(), ("bone", "wood"), ("bone", "wood > oak")]
    assert collection.multi_valued == {"tags"}
    np.testing.assert_array_equal(collection.numeric["year"], [np.nan, 1800, 1900])
    assert collection.text == ("jar", None, "NA")
    assert collection.images[1].read() == (pictures / "p" / "b.png").read_bytes()
    assert collection.name == Path(name).stem
    assert "Rows left out because they name no image: 1." in collection.notes


def test_the_illustrations_as_pandas_reads_them(shared_data: Path) -> None:
    path = shared_data / "illustrations" / "objects.csv"
    collection = load(
        path,
        label_columns=["word", "kind"],
        multi_valued={"tags": "|"},
        numeric_columns=["colorfulness", "contrast"],
        text_column="description",
        missing_values=["unidentified"],
    )
    table = pd.read_csv(path, dtype=str, keep_default_na=False).sort_values("id")
    assert list(collection.ids) == table["id"].tolist()
    assert collection.labels["word"].tolist() == table["word"].tolist()
    assert collection.labels["kind"].isna().tolist() == (table["kind"] == "unidentified").tolist()
    assert [set(tags) for tags in collection.labels["tags"]] == [
        set(cell.split("|")) - {"", "unidentified"} for cell in table["tags"]
    ]
    np.testing.assert_array_equal(
        collection.numeric["contrast"], table["contrast"].astype(float).to_numpy()
    )
    assert collection.text is not None
    assert sum(text is None for text in collection.text) == (table["description"] == "").sum()
    assert not collection.failures


def test_lists_need_no_separator_in_the_cell(pictures: Path) -> None:
    rows = [{"id": "a", "image": "p/a.png", "tags": ["x|y", " b ", "s/n", "b"]}]
    path = write(pictures, "t.jsonl", rows)
    collection = load(path, label_columns=[], multi_valued={"tags": "|"}, missing_values=["s/n"])
    assert collection.labels["tags"][0] == ("b", "x|y")
    assert "dataset.multi_valued='{tags:" in refused(path, label_columns=["tags"])


def test_the_order_of_the_rows_changes_nothing(pictures: Path) -> None:
    one = load(write(pictures, "t.csv"), split={"train": 0.5, "test": 0.5})
    other = load(write(pictures, "t.csv", ROWS[::-1]), split={"train": 0.5, "test": 0.5})
    assert one.ids == other.ids
    assert one.digests == other.digests
    assert one.split.tolist() == other.split.tolist()
    pd.testing.assert_frame_equal(one.labels, other.labels)


def test_entities_stay_where_asked(pictures: Path) -> None:
    collection = load(write(pictures, "t.csv"), multi_valued={"tags": "|"}, unescape_html=False)
    assert collection.labels["tags"][2] == ("bone", "wood &gt; oak")


def test_entities_do_not_break_a_semicolon_separator(pictures: Path) -> None:
    rows = [{"id": "a", "image": "p/a.png", "tags": "bark &amp; leaf; bone"}]
    collection = load(write(pictures, "t.csv", rows), label_columns=[], multi_valued={"tags": ";"})
    assert collection.labels["tags"][0] == ("bark & leaf", "bone")


def test_a_missing_file_costs_one_row(pictures: Path) -> None:
    (pictures / "p" / "b.png").unlink()
    collection = load(write(pictures, "t.csv"))
    (failure,) = collection.failures
    assert (failure.id, failure.stage, failure.error) == ("b", "load", "FileNotFoundError")
    assert failure.path.endswith("p/b.png")
    assert collection.ids == ("a", "c")


def test_no_file_is_there(pictures: Path) -> None:
    message = refused(write(pictures, "t.csv"), root=str(pictures / "elsewhere"))
    assert "None of the 3 images of" in message
    assert "No such file or directory" in message


def test_the_ids_are_the_paths_by_default(pictures: Path) -> None:
    assert load(write(pictures, "t.csv"), id_column=None).ids == ("p/a.png", "p/b.png", "p/c.png")


def test_a_split_that_comes_with_the_table(pictures: Path) -> None:
    rows = [row | {"part": part} for row, part in zip(ROWS, "xyxy", strict=True)]
    path = write(pictures, "t.csv", rows)
    collection = load(path, split_column="part", split_names={"x": "train", "y": "test"})
    assert collection.split.tolist() == ["test", "test", "train"]
    assert "Unknown splits 'x', 'y'" in refused(path, split_column="part")


def test_a_semicolon_table_by_option(pictures: Path) -> None:
    path = pictures / "t.csv"
    path.write_text("\ufeffid;image;kind\na;p/a.png;jar, small\n\n", encoding="utf-8")
    collection = load(path, label_columns=["kind"], delimiter=";")
    assert collection.labels["kind"].tolist() == ["jar, small"]
    assert "dataset.delimiter=';'" in refused(path)


def test_one_value_is_noted(pictures: Path) -> None:
    rows = [row | {"kind": "jar"} for row in ROWS]
    notes = load(write(pictures, "t.csv", rows), label_columns=["kind"]).notes
    assert "Label column 'kind' has only one value, 'jar': scores on it say nothing." in notes


def test_a_missing_table_is_named_with_the_nearest(pictures: Path) -> None:
    write(pictures, "objects.csv")
    assert "does not exist. Did you mean 'objects.csv'?" in refused(pictures / "object.csv")
    assert "For a folder use dataset=folder" in refused(pictures)


def test_a_table_of_another_kind(pictures: Path) -> None:
    (pictures / "t.xlsx").write_bytes(b"PK")
    assert "ends in '.xlsx'" in refused(pictures / "t.xlsx")
    assert ".csv, .tsv, .jsonl, .ndjson, .parquet" in refused(pictures / "t.xlsx")


def test_the_image_column_is_missing(pictures: Path) -> None:
    message = refused(write(pictures, "t.csv"), image_column="imag")
    assert "Unknown column 'imag' in the table" in message
    assert "(dataset.image_column). Did you mean 'image'?" in message
    assert "Columns: id, image, year, tags, kind." in message


def test_every_unknown_column_is_named_at_once(pictures: Path) -> None:
    message = refused(write(pictures, "t.csv"), label_columns=["kinds"], numeric_columns=["yaer"])
    assert "'kinds'" in message
    assert "(dataset.label_columns). Did you mean 'kind'?" in message
    assert "(dataset.numeric_columns). Did you mean 'year'?" in message


def test_duplicated_ids_are_shown_with_their_rows(pictures: Path) -> None:
    rows = [*ROWS, ROWS[0] | {"kind": "bowl"}]
    message = refused(write(pictures, "t.csv", rows))
    assert "1 ids" in message
    assert "'c' (rows 1, 5)" in message
    assert "dataset.id_column" in message


def test_a_row_without_an_id(pictures: Path) -> None:
    assert "Row 4" in refused(write(pictures, "t.csv", [*ROWS[:3], ROWS[3] | {"id": ""}]))


@pytest.mark.parametrize("outside", ["../secret.png", "p/../../secret.png", "/etc/secret.png"])
def test_paths_outside_the_root(pictures: Path, outside: str) -> None:
    folder = pictures / "inner"
    folder.mkdir()
    (folder / "p").symlink_to(folder)
    path = write(folder, "t.csv", [ROWS[2], ROWS[0] | {"image": outside}])
    message = refused(path)
    assert f"the first in row 2: '{outside}'" in message
    assert "dataset.allow_outside_root=true" in message


def test_a_link_that_leads_outside_the_root(pictures: Path) -> None:
    folder = pictures / "inner"
    folder.mkdir()
    (folder / "link.png").symlink_to(pictures / "p" / "a.png")
    (folder / "p").symlink_to(pictures / "p")
    for image in ("link.png", "p/a.png"):
        path = write(folder, "t.csv", [ROWS[0] | {"image": image}])
        assert "lead outside its root" in refused(path)
        assert len(load(path, allow_outside_root=True)) == 1


def test_a_root_that_is_a_link_is_fine(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(pictures)
    assert len(load(write(pictures, "t.csv"), root=str(tmp_path / "linked"))) == 3


def test_a_label_column_without_any_value(pictures: Path) -> None:
    rows = [row | {"kind": ""} for row in ROWS]
    message = refused(write(pictures, "t.csv", rows))
    assert "Label column 'kind' of the table" in message
    assert "missing for all 3 images" in message


def test_a_word_in_a_numeric_column(pictures: Path) -> None:
    message = refused(write(pictures, "t.csv"), numeric_columns=["kind"])
    assert "Row 1 of the table" in message
    assert "has 'NA' in the numeric column 'kind'" in message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"id,image\na,b,c\n", "Line 2 of the table .* has 3 cells, and the header 2"),
        ("t.csv", b'id,image\na,"b\n', "Line 2 of the table"),
        ("t.csv", b"id,id\na,b\n", "more than one column 'id'"),
        ("t.csv", b"id,image\n", "has no rows"),
        ("t.csv", b"", "has no rows"),
        ("t.csv", "id,image\nä,b\n".encode("latin-1"), "is not UTF-8"),
        ("t.jsonl", b'{"id": "a"}\n{"id": \n', "Line 2 of .* is not JSON"),
        ("t.jsonl", b"[1, 2]\n", "Line 1 of .* is not a JSON object"),
        ("t.parquet", b"no parquet", "Cannot read the table"),
    ],
)
def test_malformed_tables(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        Table(path=str(tmp_path / name)).load()


def test_no_row_names_an_image(pictures: Path) -> None:
    assert "No row of the table" in refused(write(pictures, "t.csv", [ROWS[2]]))
