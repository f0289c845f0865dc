"""Whole runs on texts: what is written about images once, and what the reader is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import transformers as hf

import clusterlab
from clusterlab.components import Component
from clusterlab.datasets.folder import Folder
from clusterlab.errors import ClusterlabError, DataError
from clusterlab.extractors.blip import ImageToText
from clusterlab.extractors.engine import extract
from clusterlab.store import Store
from clusterlab.types import Collection
from tests.models import minilm, tiny_bert, tiny_blip

QUICK = ["view=pca", "reducer=none", "clusterer.n_clusters=4", "device=cpu"]


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_blip(tmp_path_factory.mktemp("blip"))


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> Collection:
    """12 real photos."""
    whole = Folder(path=str(shared_data / "clothing" / "test")).load()
    return whole.take(whole.ids[::30][:12])


def component(extractor: ImageToText) -> Component:
    target = f"{type(extractor).__module__}.{type(extractor).__name__}"
    return Component(name="blip", config={"_target_": target}, instance=extractor)


def one_word(folder: Path, word: str) -> Path:
    """A captioner that always says `word`, or nothing at all where it is empty."""
    tiny_blip(folder)
    model = hf.BlipForConditionalGeneration.from_pretrained(folder)
    processor = hf.BlipProcessor.from_pretrained(folder)
    tokenizer = processor.tokenizer
    token = tokenizer.convert_tokens_to_ids(word) if word else tokenizer.sep_token_id
    with torch.no_grad():
        model.text_decoder.cls.predictions.decoder.bias[token] = 1000.0
    model.save_pretrained(folder)
    return folder


def test_captions_are_written_down_and_shown(blip: Path, shared_data: Path, tmp_path: Path) -> None:
    words = [
        "dataset=clothing",
        f"data_dir={shared_data}",
        "dataset.sample_per_class=2",
        "extractor=blip",
        f"extractor.model={blip}",
        f"extractor.encoder={minilm()}",
        *QUICK,
    ]
    result = clusterlab.run(overrides=words, folder=tmp_path / "run")
    captions = pd.read_csv(tmp_path / "run" / "captions.csv", keep_default_na=False)
    assert list(captions.columns) == ["id", "text", "model", "seconds", "note"]
    assert captions.id.tolist() == result.assignments.id.tolist()
    assert (captions.seconds > 0).all()
    assert captions.model.nunique() == 1
    assert captions.text.nunique() > 1
    assert result.metrics["n_features"] == 384
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert max(captions.text, key=len)[:60] in page


def test_another_encoder_reads_what_was_written_before(
    blip: Path, photos: Collection, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    first = extract(
        photos, component(ImageToText(model=str(blip), encoder=str(minilm()))), store=store
    )
    assert first.store.startswith("12 texts computed")
    bert = tiny_bert(tmp_path / "bert")
    second = extract(
        photos, component(ImageToText(model=str(blip), encoder=str(bert))), store=store
    )
    assert second.store.startswith("all 12 texts from the store; ")
    assert [text.text for text in second.texts] == [text.text for text in first.texts]
    assert [text.seconds for text in second.texts] == [text.seconds for text in first.texts]
    assert second.features.values.shape[1] != first.features.values.shape[1]
    third = extract(
        photos, component(ImageToText(model=str(blip), encoder=str(minilm()))), store=store
    )
    assert np.array_equal(third.features.values, first.features.values)
    assert "different texts from the store" in third.store


def test_equal_texts_have_equal_vectors_and_are_read_once(
    photos: Collection, tmp_path: Path
) -> None:
    same = one_word(tmp_path / "one", "cake")
    extractor = ImageToText(model=str(same), encoder=str(minilm()), max_new_tokens=1)
    found = extract(photos, component(extractor), store=Store(tmp_path / "store"))
    assert {text.text for text in found.texts} == {"cake"}
    assert "1 different texts computed" in found.store
    assert (found.features.values == found.features.values[0]).all()


def test_a_caption_that_repeats_itself_is_shortened_and_said_so(
    photos: Collection, tmp_path: Path
) -> None:
    stuck = one_word(tmp_path / "stuck", "cake")
    found = extract(photos, component(ImageToText(model=str(stuck), encoder=str(minilm()))))
    assert {text.text for text in found.texts} == {"cake"}
    assert all(text.note.startswith("repeats itself; shortened from") for text in found.texts)
    assert "12 of 12 texts repeated themselves and were shortened" in found.notes[0]


def test_a_model_that_writes_nothing_at_all_is_an_error(photos: Collection, tmp_path: Path) -> None:
    silent = one_word(tmp_path / "silent", "")
    with pytest.raises(DataError, match="All 12 texts are empty"):
        extract(photos, component(ImageToText(model=str(silent), encoder=str(minilm()))))


def test_an_empty_caption_costs_a_note(blip: Path, photos: Collection, tmp_path: Path) -> None:
    """Stored by hand: no small model says nothing about some images only."""
    store = Store(tmp_path / "store")
    extractor = ImageToText(model=str(blip), encoder=str(minilm()))
    extract(photos, component(extractor), store=store)
    store._db.execute("UPDATE texts SET text = '' WHERE digest = ?", (photos.digests[3],))
    found = extract(photos, component(extractor), store=store)
    assert found.texts[3].note == "empty"
    assert (found.features.values[3] == 0).all()
    assert "wrote nothing about 1 of 12 images" in found.notes[0]


def test_all_models_that_are_missing_are_named_before_any_work(
    blip: Path, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    words = [
        "dataset=illustrations",
        f"data_dir={shared_data}",
        "extractor=fusion",
        "extractor@extractor.parts.image=mobilenetv2",
        f"extractor.parts.caption.model={blip}",
        *QUICK,
    ]
    with pytest.raises(ClusterlabError) as error:
        clusterlab.run(overrides=words, folder=tmp_path / "run")
    first, second = str(error.value).splitlines()
    assert "timm/mobilenetv2_100.ra_in1k" in first
    assert "extractor.parts.image.weights=PATH" in first
    assert "sentence-transformers/all-mpnet-base-v2" in second
    assert "extractor.parts.caption.encoder=PATH" in second
    size = Store(tmp_path / "cache").size()
    assert size["texts"] == size["vectors"] == 0


def test_random_weights_of_a_captioner_are_marked(blip: Path, photos: Collection) -> None:
    extractor = ImageToText(model=str(blip), weights="random", encoder=str(minilm()))
    assert extract(photos, component(extractor)).features.marks == ("random weights",)


def descriptions(shared_data: Path, *words: str) -> list[str]:
    return [
        f"data_dir={shared_data}",
        f"extractor.encoder={minilm()}",
        "view=pca",
        "clusterer.n_clusters=8",
        *words,
    ]


def test_descriptions_cluster_and_empty_ones_are_counted(shared_data: Path, tmp_path: Path) -> None:
    table = pd.read_csv(shared_data / "illustrations" / "objects.csv", keep_default_na=False)
    n_empty = int((table.description.str.strip() == "").sum())
    result = clusterlab.run(
        "illustrations_text", descriptions(shared_data), folder=tmp_path / "zero"
    )
    page = (tmp_path / "zero" / "report.html").read_text(encoding="utf-8")
    assert f"{n_empty} of {len(table)} images have no text" in page
    assert result.metrics["n_scored"] == len(table)
    assert not (tmp_path / "zero" / "captions.csv").exists(), "nobody wrote them for this run"

    dropped = clusterlab.run(
        "illustrations_text",
        descriptions(shared_data, "extractor.empty=drop"),
        folder=tmp_path / "drop",
    )
    assert dropped.metrics["n_scored"] == len(table) - n_empty
    assert dropped.metrics["n_failed"] == 0
    assert dropped.metrics["ari/word"] > 0.1, "descriptions say what is drawn"


def test_without_a_text_column_the_way_out_is_named(shared_data: Path, tmp_path: Path) -> None:
    words = ["dataset=clothing", *descriptions(shared_data), "extractor=text"]
    with pytest.raises(ClusterlabError, match=r"dataset\.text_column=COLUMN"):
        clusterlab.run(overrides=words, folder=tmp_path / "run")


def test_image_caption_and_metadata_together(blip: Path, shared_data: Path, tmp_path: Path) -> None:
    words = [
        "dataset=illustrations",
        f"data_dir={shared_data}",
        "dataset.sample_per_class=1",
        "extractor=fusion",
        "extractor@extractor.parts.image=mobilenetv2",
        "extractor.parts.image.weights=random",
        "extractor.parts.image.crop=64",
        f"extractor.parts.caption.model={blip}",
        f"extractor.parts.caption.encoder={minilm()}",
        "+extractor@extractor.parts.tags=multi_hot",
        "extractor.parts.tags.columns=[tags]",
        "extractor.part_weights.tags=0.5",
        *QUICK,
    ]
    result = clusterlab.run(overrides=words, folder=tmp_path / "run")
    assert result.metrics["n_features"] == 1280 + 384 + 6
    assert result.metrics["marks"] == ["random weights"]
    captions = pd.read_csv(tmp_path / "run" / "captions.csv")
    assert len(captions) == len(result.assignments)
