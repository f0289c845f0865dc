"""The labelling stage: models' answers as a label column, in whole runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clusterlab
from clusterlab.cli.fetch import main as fetch
from clusterlab.components import Component
from clusterlab.config.build import build
from clusterlab.config.compose import compose
from clusterlab.config.find import groups
from clusterlab.config.resolved import resolve, stage_choices
from clusterlab.datasets.folder import Folder
from clusterlab.errors import ClusterlabError, ComponentError, ConfigError
from clusterlab.extractors.transformers import Transformers
from clusterlab.labelers.clip import Clip
from clusterlab.labelers.label import check_labelers, label
from clusterlab.labelers.llava import Llava
from clusterlab.labelling import Answer, Answers
from clusterlab.models.ahead import uses_models
from clusterlab.reading.settings import Settings
from clusterlab.store import Store
from clusterlab.types import Collection, Compute, Decoding
from tests.chat_models import tiny_clip_of, tiny_talker
from tests.hub import Hub
from tests.models import WORDS, tiny_vit
from tests.runs import pictures

CATEGORIES = [word for word in WORDS if word.isalpha() and len(word) > 3]
TAXONOMY = f"taxonomy.categories=[{','.join(CATEGORIES)}]"
SETTINGS = Settings(
    store=None, decoding=Decoding(), compute=Compute(device="cpu"), workers=2, batch_size=None
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 small pictures in one folder, without labels."""
    return pictures(tmp_path_factory.mktemp("photos") / "all", 60, classes=())


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    return tiny_clip_of(tmp_path_factory.mktemp("clip"), sorted(photos.glob("*.png")))


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_talker(tmp_path_factory.mktemp("talker"))


def words(photos: Path, *more: str) -> list[str]:
    quick = ["view=none", "reducer=none", "clusterer.n_clusters=3", "device=cpu", "precision=fp32"]
    return ["dataset=folder", f"dataset.path={photos}", TAXONOMY, *quick, *more]


def test_two_labelers_make_two_columns_that_are_told_as_synthetic(
    photos: Path, clip: Path, talker: Path, tmp_path: Path
) -> None:
    asked = [
        "labeler=[clip,llava]",
        f"labeler.clip.model={clip}",
        f"labeler.llava.model={talker}",
        "labeler.llava.max_new_tokens=1",
        "labeler.llava.column=said",
    ]
    result = clusterlab.run(overrides=words(photos, *asked), folder=tmp_path / "run")
    answers = pd.read_csv(tmp_path / "run" / "answers.csv", keep_default_na=False)
    assert len(answers) == 120
    table = result.assignments.set_index("id")
    for column, rows in answers.groupby("column"):
        labels = rows.set_index("id")["label"]
        assert labels[labels != ""].to_dict() == table[column].dropna().to_dict()
        assert {*labels[labels != ""]} <= {*CATEGORIES}
    counts = answers[answers["column"] == "said"]["status"].value_counts()
    assert table["clip"].nunique() > 1
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert (
        f"The labels in &#39;said&#39; are synthetic, made by {talker.name}, and no "
        "person has checked them: "
        f"{60 - counts.get('invalid', 0)} of 60 images have one."
    ) in page
    assert f"made by {clip.name}, and no person has checked them: 60 of 60 images" in page
    timings = json.loads((tmp_path / "run" / "timings.json").read_text())
    assert timings["label"]["store"].startswith("clip: 60 images computed")
    assert "; said: 60 answers computed" in timings["label"]["store"]
    assert any(metric.endswith("/clip") for metric in result.metrics)


def test_labels_of_a_model_can_be_learned_and_the_reader_is_told(
    photos: Path, clip: Path, tmp_path: Path
) -> None:
    vit = tiny_vit(tmp_path / "vit")
    learn = [
        "labeler=clip",
        f"labeler.clip.model={clip}",
        "taxonomy.categories=[dog,food,table]",
        "extractor=transformers",
        f"extractor.model={vit}",
        "finetune=classifier",
        "finetune.columns=[clip]",
        "finetune.epochs=1",
    ]
    result = clusterlab.run(overrides=words(photos, *learn), folder=tmp_path / "run")
    assert result.metrics["scored_split"] == "test"
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "No split was given, so one was made, at random:" in page
    assert "The labels that were learned, in &#39;clip&#39;, are synthetic" in page


def test_without_categories_the_ways_to_give_some_are_named(photos: Path, tmp_path: Path) -> None:
    plain = ["dataset=folder", f"dataset.path={photos}", "labeler=[clip,llava]"]
    with pytest.raises(ConfigError) as error:
        clusterlab.run(overrides=plain, folder=tmp_path / "run")
    for line, name in zip(str(error.value).splitlines(), ("clip", "llava"), strict=True):
        assert line.startswith(f"Labeler '{name}': taxonomy.categories is empty")
        assert "taxonomy=" in line
        assert "taxonomy.categories='[cat,dog]'" in line


def test_a_column_that_is_taken_is_refused_before_any_model_is_looked_for(
    clip: Path, tmp_path: Path
) -> None:
    photos = pictures(tmp_path / "photos", 4)
    twice = ["labeler=[clip,llava]", f"labeler.clip.model={clip}", "labeler.llava.model=no/where"]
    for taken, name in (
        ("labeler.clip.column=label", "clip"),
        ("labeler.llava.column=clip", "llava"),
    ):
        with pytest.raises(ConfigError) as error:
            clusterlab.run(overrides=words(photos, *twice, taken), folder=tmp_path / "run")
        column = taken.rpartition("=")[2]
        assert f"Labeler '{name}' would fill the label column '{column}'" in str(error.value)
        assert f"labeler.{name}.column=NAME" in str(error.value)


def test_every_missing_model_of_a_run_is_named_before_any_work(
    photos: Path, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    absent = ["labeler=[clip,siglip,llava]", f"labeler.clip.model={clip}", "extractor=resnet50"]
    with pytest.raises(ClusterlabError) as error:
        clusterlab.run(overrides=words(photos, *absent), folder=tmp_path / "run")
    told = str(error.value).splitlines()
    for line, (model, setting) in zip(
        told,
        [
            ("timm/resnet50.a1_in1k", "extractor.weights=PATH"),
            ("google/siglip2-base-patch16-224", "labeler.siglip.weights=PATH"),
            ("llava-hf/llava-1.5-7b-hf", "labeler.llava.weights=PATH"),
        ],
        strict=True,
    ):
        assert model in line
        assert setting in line
        assert "`clusterlab fetch` with the words of this run" in line
    assert Store(tmp_path / "cache").size()["vectors"] == 0


def test_fetch_brings_the_models_of_labelers(
    talker: Path,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    with Hub() as hub:
        for name, value in hub.environment(tmp_path / "hf").items():
            monkeypatch.setenv(name, value)
        hub.push("lab/talker", talker)
        hub.push("lab/clip", clip)
        models = ["labeler.llava.model=lab/talker", "labeler.clip.model=lab/clip"]
        asked = ["labeler=[clip,llava]", *models]
        assert fetch([*asked]) == 0
        told = capsys.readouterr().out.splitlines()
        assert told[::2] == ["fetched  lab/clip", "fetched  lab/talker"]
        assert fetch([*asked]) == 0
        assert capsys.readouterr().out.splitlines()[::2] == [
            "there    lab/clip",
            "there    lab/talker",
        ]
        asked = len(hub.requests)
        folder = pictures(tmp_path / "photos", 6, classes=())
        few = ["labeler=[llava]", *models[:1], "labeler.llava.max_new_tokens=1"]
        clusterlab.run(overrides=words(folder, *few), folder=tmp_path / "run")
        assert len(hub.requests) == asked, "a run needs no network then"
    assert (tmp_path / "run" / "answers.csv").is_file()


def test_an_unknown_labeler_is_explained_to_fetch() -> None:
    with pytest.raises(ClusterlabError, match=r"Did you mean labeler=llava\?"):
        fetch(["llava"])


def collection(folder: Path) -> Collection:
    return Folder(path=str(folder)).load()


def named(instance: Any, name: str = "mine") -> dict[str, Component]:
    return {name: Component(name=name, config={}, instance=instance)}


def test_errors_of_a_labeler_name_the_key_that_sets_it(photos: Path, tmp_path: Path) -> None:
    vit = tiny_vit(tmp_path / "vit")
    labelers = named(Llava(model=str(vit), categories=["dog"]))
    with pytest.raises(ComponentError, match=r"Choose another labeler\.mine\.model, such as"):
        label(collection(photos), labelers, SETTINGS)
    labelers = named(Llava(model=str(vit), weights="nowhere", categories=["dog"]), "llava")
    with pytest.raises(ComponentError, match=r"^labeler\.llava\.weights=nowhere"):
        label(collection(photos), labelers, SETTINGS)


class Given:
    """A labeler of a user's, whose answers are known before."""

    version = 1
    column = None
    categories = ("one", "two")

    def __init__(self, statuses: list[str], labels: list[str], *, multi_valued: bool) -> None:
        self.statuses = statuses
        self.labels = labels
        self.multi_valued = multi_valued

    def answers(self, collection: Collection, _: Settings, *, column: str) -> Answers:
        rows = zip(collection.ids, self.statuses, self.labels, strict=False)
        return Answers(
            rows=tuple(
                Answer(id_, column, "verbatim", label_, status, model="a friend")
                for id_, status, label_ in rows
            ),
            described={"model": "a friend"},
            notes=("Ask again.",),
            store="none",
        )


STATUSES = ["exact", "mapped", "refused", "invalid", "empty", "failed"]


@pytest.mark.parametrize("multi_valued", [False, True])
def test_only_answers_that_are_labels_become_labels(photos: Path, *, multi_valued: bool) -> None:
    few = collection(photos)
    few = few.take(few.ids[:8])
    said = ["one", "two|one" if multi_valued else "two", "", "", "", ""]
    labelling = label(few, named(Given(STATUSES, said, multi_valued=multi_valued)), SETTINGS)
    made = labelling.collection
    found = made.labels["mine"].tolist()
    if multi_valued:
        assert found == [("one",), ("two", "one"), *[()] * 6]
    else:
        assert found == ["one", "two", *[None] * 6]
    assert made.synthetic == {"mine"}
    assert made.multi_valued == ({"mine"} if multi_valued else set())
    assert few.synthetic == frozenset(), "the collection that came in is as it was"
    assert labelling.notes == (
        "The labels in 'mine' are synthetic, made by a friend, and no person has checked them: "
        "2 of 8 images have one. Of the "
        "others, 1 fit no category (refused), 1 got an answer outside the list (invalid), 1 got an "
        "empty answer, 1 got none (failed), 2 could not be read.",
        "Ask again.",
    )
    assert labelling.labelers["mine"]["model"] == "a friend"


def test_an_image_that_cannot_be_read_has_no_label_and_one_row_in_failures(
    clip: Path, talker: Path, tmp_path: Path
) -> None:
    folder = pictures(tmp_path / "photos", 6, classes=())
    (folder / "broken.png").write_bytes(b"no image")
    asked = [
        "labeler=[clip,llava]",
        f"labeler.clip.model={clip}",
        f"labeler.llava.model={talker}",
        "labeler.llava.max_new_tokens=1",
    ]
    clusterlab.run(overrides=words(folder, *asked), folder=tmp_path / "run")
    answers = pd.read_csv(tmp_path / "run" / "answers.csv")
    assert "broken.png" not in {*answers["id"]}
    assert len(answers) == 12
    assert pd.read_csv(tmp_path / "run" / "failures.csv")["id"].tolist() == ["broken.png"]


@pytest.mark.parametrize("name", [name for name in groups()["labeler"] if name != "none"])
def test_every_labeler_says_what_it_needs(name: str, tmp_path: Path) -> None:
    """It is built without categories, so that `clusterlab fetch labeler=NAME` is enough."""
    config = compose([f"labeler={name}", "store=false"])
    plan = build(resolve(config), stage_choices(config.hydra.runtime.choices))
    (component,) = plan.labelers.values()
    assert component.name == name
    assert plan.users_of_models[f"labeler.{name}"] is component.instance
    assert uses_models(component.instance) == hasattr(component.instance, "sources")
    folder = pictures(tmp_path, 2)
    with pytest.raises(ConfigError, match=r"taxonomy\.categories"):
        check_labelers(collection(folder), plan.labelers)


def test_the_labels_do_not_depend_on_who_else_is_there(
    photos: Path, clip: Path, tmp_path: Path
) -> None:
    """A part of the collection gets the labels that it has in the whole."""
    images = Transformers(model=str(clip), output="pooled")
    labelers = named(Clip(model=str(clip), images=images, categories=CATEGORIES))
    whole = collection(photos)
    made = label(whole, labelers, SETTINGS).collection
    part = label(whole.take(whole.ids[::7]), labelers, SETTINGS).collection
    assert part.labels["mine"].tolist() == made.labels["mine"].tolist()[::7]
    stored = replace(SETTINGS, store=Store(tmp_path))
    again = label(whole, labelers, stored).collection
    assert np.array_equal(again.labels["mine"], made.labels["mine"])
