"""Row names: the least that tells rows apart, whole and within the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.names import wrapped
from clusterlab.reports.compare.render_text import render_text
from tests.compare_runs import change_config, write_run

WEIGHTS = "mobilenetv2_100_qat_innorm.safetensors"


def add(folder: Path, *, k: int = 10, extractor: str = "pixels", **settings: Any) -> None:
    """A run with its own settings, and scores of its own."""
    write_run(folder, k=k, extractor=extractor)
    change_config(folder, clusterer__n_clusters=10, **settings)


def choose(folder: Path, **choices: str) -> None:
    path = folder / "environment.json"
    content = json.loads(path.read_text())
    content["choices"] |= choices
    path.write_text(json.dumps(content))


def named(folder: Path) -> dict[str, str]:
    """Run folder -> title of its row."""
    return {row.runs[0].folder.name: row.title for row in compare([folder]).rows}


def test_an_option_s_own_arguments_are_not_listed(tmp_path: Path) -> None:
    add(tmp_path / "a", extractor__bins=8)
    add(tmp_path / "b", k=8, extractor="vit", extractor__model="google/vit", extractor__crop=None)
    add(tmp_path / "c", k=6, extractor="vit", extractor__model="google/vit", extractor__crop=32)
    assert named(tmp_path) == {"a": "pixels", "b": "vit", "c": "vit, crop 32"}


def test_none_says_of_what(tmp_path: Path) -> None:
    add(tmp_path / "a")
    add(tmp_path / "b", k=8, reducer={"_target_": "sklearn.preprocessing.FunctionTransformer"})
    choose(tmp_path / "b", reducer="none")
    assert named(tmp_path) == {"a": "pca", "b": "reducer none"}


def test_the_machine_is_named_only_where_nothing_else_differs(tmp_path: Path) -> None:
    add(tmp_path / "a", device="cpu", workers=2)
    add(tmp_path / "b", k=8, extractor="hog", device="auto", workers=1, store=False)
    assert named(tmp_path) == {"a": "pixels", "b": "hog"}
    add(tmp_path / "c", k=6, device=["cpu", "cpu"], workers=2)
    add(tmp_path / "d", k=4, device="auto", workers=2, precision="bf16")
    assert named(tmp_path) == {
        "a": "pixels, device cpu",
        "b": "hog",
        "c": "pixels, device [cpu, cpu]",
        "d": "pixels, precision bf16",
    }


def test_the_map_is_no_setting_of_the_clusters(tmp_path: Path) -> None:
    add(tmp_path / "a", view={"umap": {"_target_": "umap.UMAP", "n_neighbors": 15}})
    add(tmp_path / "b", k=8, extractor="hog", view={"pca": {"_target_": "x.PCA"}})
    choose(tmp_path / "a", view="umap")
    choose(tmp_path / "b", view="pca")
    assert named(tmp_path) == {"a": "pixels", "b": "hog"}


def test_a_path_is_named_by_its_file(tmp_path: Path) -> None:
    add(tmp_path / "a", extractor__weights=f"/a/very/long/way/{WEIGHTS}")
    add(tmp_path / "b", k=8, extractor__weights=None)
    add(tmp_path / "c", k=6, extractor__weights="/x/one.pth", extractor__model="hub/base")
    add(tmp_path / "d", k=4, extractor__weights="/y/one.pth", extractor__model="hub/base")
    assert named(tmp_path) == {
        "a": f"weights {WEIGHTS}",
        "b": "weights none",
        "c": "weights x/one.pth, model base",
        "d": "weights y/one.pth, model base",
    }
    table = compare([tmp_path]).table
    assert f"/a/very/long/way/{WEIGHTS}" in set(table["weights"]), "programs get the whole path"


def test_a_fusion_is_named_by_its_parts(tmp_path: Path) -> None:
    class_of = "clusterlab.extractors.{}".format
    for number, (folder, part, module) in enumerate(
        [("a", "vit", "vit.Vit"), ("b", "hog", "hog.Hog"), ("c", "hog", "hog.Hog")]
    ):
        one = {"_target_": class_of(module), f"only_{part}": 3 if folder == "b" else 4}
        add(
            tmp_path / folder,
            k=10 - number,
            extractor="fusion",
            extractor__parts={"image": one},
            extractor__part_weights={"image": 2} if folder == "c" else {},
        )
    choose(tmp_path / "a", **{"extractor@extractor.parts.image": "vit_base"})
    assert named(tmp_path) == {
        "a": "image vit_base",
        "b": "image hog, image.only_hog 3",
        "c": "image hog, part_weights.image 2, image.only_hog 4",
    }


def test_rows_of_one_name_are_told_apart_among_themselves(tmp_path: Path) -> None:
    write_run(tmp_path / "a", name="alone", extractor="vit", k=3)
    write_run(tmp_path / "b", name="several", k=8)
    write_run(tmp_path / "c", name="several", k=10)
    assert named(tmp_path) == {
        "a": "alone",
        "b": "several: n_clusters 8",
        "c": "several: n_clusters 10",
    }


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_name_that_fits_the_line_is_in_one_piece(tmp_path: Path, width: int) -> None:
    for number, extractor in enumerate(("pixels", "mobilenetv2_100_and_more")):
        for weights in (f"/far/away/{WEIGHTS[-30:]}", None):
            folder = tmp_path / f"{number}{bool(weights)}"
            add(folder, k=10 - 2 * number - bool(weights), extractor=extractor)
            change_config(folder, extractor__weights=weights)
    text = render_text(compare([tmp_path]), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert WEIGHTS[-30:] in text
    assert "mobilenetv2_100_and_more," in text
    assert "/far" not in text
    assert "Runs of digits." in text


def test_a_name_breaks_between_settings_first() -> None:
    assert (
        wrapped("vit, device [cpu, cpu], resize 300", 22) == "vit,\ndevice [cpu, cpu],\nresize 300"
    )
    assert wrapped("model a-long-name-with-hyphens", 16) == "model a-long-\nname-with-\nhyphens"
