"""Whole runs that name their clusters: by labels, captions and contact sheets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor

import clusterlab
from clusterlab.errors import ClusterlabError, ComponentError, ConfigError
from tests.chat_server import Asked, ChatServer, Reply
from tests.models import tiny_clip, tiny_llava
from tests.runs import clusterlab as command
from tests.runs import here

COLOURS = ("red", "lime", "blue", "yellow")
QUICK = ["view=pca", "clusterer.n_clusters=4", "device=cpu"]


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 8 pictures each of four colours, no two the same."""
    folder, rng = tmp_path_factory.mktemp("squares"), np.random.default_rng(0)
    for colour in COLOURS:
        (folder / colour).mkdir()
        for number in range(8):
            noise = rng.integers(-20, 20, (24, 16, 3))
            pixels = np.clip(np.array(ImageColor.getrgb(colour)) + noise, 0, 255)
            picture = Image.fromarray(pixels.astype(np.uint8))
            picture.save(folder / colour / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip(tmp_path_factory.mktemp("clip"))


def of_colours(squares: Path) -> list[str]:
    return [
        "dataset=folder",
        f"dataset.path={squares}",
        "dataset.split_level=false",
        "extractor=hsv_hist",
        "reducer=none",
        *QUICK,
    ]


def colour_in(picture: np.ndarray) -> str:
    """The one of COLOURS that most of a picture has; white is the ground of a sheet."""
    coloured = picture[picture.min(axis=2) < 200]
    away = [np.abs(coloured.mean(axis=0) - ImageColor.getrgb(name)).sum() for name in COLOURS]
    return COLOURS[int(np.argmin(away))]


def sees(asked: Asked) -> str:
    """Names a sheet after its colour, and says whether a colour is that of a picture."""
    seen = colour_in(asked.picture)
    if asked.text.startswith("Would"):
        return "Yes." if f'"{seen}"' in asked.text.lower() else "No."
    return f'The group could be called "{seen}".'


def notes_in(folder: Path) -> str:
    return " ".join((folder / "report.html").read_text(encoding="utf-8").split())


def test_labels_name_the_clusters_of_a_run(tmp_path: Path) -> None:
    words = ["clusterer=hdbscan", "clusterer.min_cluster_size=4", "namer=labels"]
    result = clusterlab.run("ci_smoke", words, folder=tmp_path / "run")
    table = result.clusters
    assert table["name"].tolist()[-1] == "noise"
    named = table[table["cluster"] >= 0]
    assert len(named) > 1
    assert named["name"].is_unique
    assert named["name_verified"].notna().all()
    assert named["name_agreement"].between(0, 1).all()
    assert table["name_agreement"].isna().tolist()[-1]
    assert {"medoid", "label_top", "label_share", "silhouette"} <= set(table.columns)
    sure = named[(named["label_share"] == 1) & named["name_verified"]]
    assert len(sure)
    assert (sure["name"].str.split(" ").str[0] == sure["label_top"].astype(str)).all()
    again = clusterlab.run("ci_smoke", words, folder=tmp_path / "again")
    pd.testing.assert_frame_equal(again.clusters, table)


def test_captions_are_checked_by_a_clip(clip: Path, shared_data: Path, tmp_path: Path) -> None:
    words = [
        "dataset=illustrations",
        f"data_dir={shared_data}",
        "dataset.class_column=word",
        "dataset.sample_per_class=6",
        "dataset.min_class_size=10",
        "extractor=color_hist",
        "namer=captions",
        f"namer.verifier.matcher.model={clip}",
        "namer.n_asked=7",
        *QUICK,
    ]
    result = clusterlab.run(overrides=words, folder=tmp_path / "run")
    assert result.clusters["name"].str.split(", ").map(len).max() <= 4
    asked = result.clusters["size"].clip(upper=7)
    agreeing = result.clusters["name_agreement"] * asked
    assert np.allclose(agreeing, agreeing.round())
    assert "random weights" not in notes_in(tmp_path / "run")
    random = clusterlab.run(
        overrides=[*words, "namer.verifier.matcher.weights=random"], folder=tmp_path / "random"
    )
    assert random.clusters["name"].tolist() == result.clusters["name"].tolist()
    assert "The cluster names were checked by random weights" in notes_in(tmp_path / "random")


def test_a_server_names_contact_sheets_and_checks_the_names(squares: Path, tmp_path: Path) -> None:
    with ChatServer(sees) as server:
        words = [
            *of_colours(squares),
            "namer=contact_sheet_server",
            "namer/verifier=asked_server",
            f"namer.asked.url={server.url}",
            f"namer.verifier.asked.url={server.url}",
            "namer.side=32",
            "namer.n_shown=4",
            "namer.n_asked=4",
        ]
        result = clusterlab.run(overrides=words, folder=tmp_path / "run")
        assert sorted(result.clusters["name"]) == sorted(COLOURS)
        assert result.clusters["name"].tolist() == result.clusters["label_top"].tolist()
        assert result.clusters["name_agreement"].tolist() == [1.0] * 4
        # Four against four: Fisher's exact test has p = 1/70.
        assert result.clusters["name_verified"].tolist() == [True] * 4
        sheets = [asked for asked in server.asked if "pictures belong" in asked.text]
        assert len(sheets) == 8
        assert len(server.asked) == 8 + 4 * 8
        n_asked = len(server.asked)
        again = clusterlab.run(overrides=words, folder=tmp_path / "again")
        assert len(server.asked) == n_asked
    pd.testing.assert_frame_equal(again.clusters, result.clusters)
    assert "A model named the clusters by up to 4 images" in notes_in(tmp_path / "run")


def test_a_model_that_names_all_alike_is_marked(squares: Path, tmp_path: Path) -> None:
    def blind(asked: Asked) -> str:
        return "Yes" if asked.text.startswith("Would") else "<b>Squares</b> | of, colour\x00"

    with ChatServer(blind) as server:
        words = [
            *of_colours(squares),
            "namer=contact_sheet_server",
            "namer/verifier=asked_server",
            f"namer.asked.url={server.url}",
            f"namer.verifier.asked.url={server.url}",
            "namer.n_asked=4",
        ]
        result = clusterlab.run(overrides=words, folder=tmp_path / "run")
    assert sorted(result.clusters["name"]) == [
        f"<b>Squares</b> | of, colour ({number})" for number in (1, 2, 3, 4)
    ]
    # All have the same name, so that there is no other to compare with.
    assert result.clusters["name_verified"].isna().all()
    page = notes_in(tmp_path / "run")
    assert "<b>Squares</b>" not in page
    assert "4 clusters are numbered beside their name" in page


def test_a_server_that_is_not_there_is_named_in_the_words_of_the_namer(
    squares: Path, tmp_path: Path
) -> None:
    words = [
        *of_colours(squares),
        "namer=contact_sheet_server",
        "namer/verifier=none",
        "namer.asked.url=http://127.0.0.1:9/v1",
    ]
    with pytest.raises(ComponentError, match=r"say where it is: namer\.asked\.url=URL"):
        clusterlab.run(overrides=words, folder=tmp_path / "none")
    status = json.loads((tmp_path / "none" / "status.json").read_text(encoding="utf-8"))
    assert status["stage"] == "load", "nothing was extracted for a server that is not there"
    with ChatServer(lambda _: Reply(b"busy", status=400)) as server:
        words[-1] = f"namer.asked.url={server.url}"
        busy = clusterlab.run(overrides=words, folder=tmp_path / "busy")
    assert busy.clusters["name"].tolist() == [f"cluster {number}" for number in range(4)]
    assert "4 clusters without a name: no answer came about its images" in notes_in(
        tmp_path / "busy"
    )


def test_a_llava_on_disk_names_and_checks(squares: Path, tmp_path: Path) -> None:
    llava = tiny_llava(tmp_path / "llava")
    words = [
        *of_colours(squares),
        "namer=contact_sheet",
        "namer/verifier=asked",
        f"namer.asked.model={llava}",
        "namer.asked.weights=random",
        f"namer.verifier.asked.model={llava}",
        "namer.n_asked=2",
        "namer.side=32",
    ]
    result = clusterlab.run(overrides=words, folder=tmp_path / "run")
    assert result.clusters["name"].is_unique
    assert result.clusters["name"].str.split().map(len).max() <= 5
    assert not result.clusters["name_verified"].any()
    page = notes_in(tmp_path / "run")
    assert "same model" not in page, "the one is random, the other has its own weights"
    assert "The cluster names were made by random weights: they mean nothing." in page
    assert "cluster names were checked by random weights" not in page
    again = clusterlab.run(overrides=[*words, "store=false"], folder=tmp_path / "again")
    assert again.clusters["name"].tolist() == result.clusters["name"].tolist()


def test_a_clip_that_labels_checks_and_sees_is_told_to_be_one(
    clip: Path, squares: Path, tmp_path: Path
) -> None:
    words = [
        *(word for word in of_colours(squares) if not word.startswith("extractor=")),
        "extractor=clip",
        f"extractor.model={clip}",
        "labeler=clip",
        f"labeler.clip.model={clip}",
        "taxonomy.categories=[red,blue]",
        "namer=labels",
        "namer/verifier=clip",
        f"namer.verifier.matcher.model={clip}",
    ]
    result = here("run", *words, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    (run,) = (path.parent for path in tmp_path.rglob("report.html"))
    page = notes_in(run)
    assert "Checked by the same model that made the labels, " in page
    for note in (
        "The cluster names were checked by the same model that made the labels: that the images",
        "The model that made the features also made the labels of “clip”: that the clusters",
    ):
        assert page.count(note) == 1
        assert note in " ".join(result.stdout.replace("! ", "").split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["namer=captions", "namer/verifier=none"], "namer=captions finds no texts"),
        (["namer=labels", "namer.column=lable"], "Did you mean 'label'?"),
        (
            ["namer=labels", "namer.column=servr", "labeler=server", "taxonomy=ncp_3"],
            "Did you mean 'server'?",
        ),
        (
            ["namer=contact_sheet_server", "namer/verifier=held_out"],
            "Choose namer/verifier=clip, asked or none.",
        ),
        (["namer=labels", "namer/verifier=clop"], "Did you mean 'clip'?"),
        (["namer=labels", "namer.threshhold=0.4"], "Did you mean 'threshold'?"),
        (["namer=lables"], "Did you mean 'labels'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_said_before_anything_is_extracted(
    words: list[str], says: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(ClusterlabError) as failure:
        clusterlab.run("ci_smoke", words, folder=folder)
    assert says in str(failure.value)
    if not isinstance(failure.value, ConfigError):
        assert json.loads((folder / "status.json").read_text(encoding="utf-8"))["stage"] == "load"


def test_the_namers_are_listed(tmp_path: Path) -> None:
    done = command("list", "namer", "--json", folder=tmp_path)
    listed = json.loads(done.stdout)
    assert set(listed["namer"]) >= {"none", "labels", "captions", "contact_sheet"}
    assert set(listed["namer/verifier"]) >= {"none", "held_out", "clip", "asked"}
