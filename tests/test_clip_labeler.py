"""Zero-shot labels by CLIP and SigLIP: tiny ones, against transformers' own numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from clusterlab.components import Component
from clusterlab.datasets.folder import Folder
from clusterlab.errors import ComponentError
from clusterlab.extractors.engine import extract
from clusterlab.extractors.transformers import Transformers
from clusterlab.labelers.clip import TEMPLATES, Clip, sure
from clusterlab.models import session as sessions
from clusterlab.models.open_session import open_session
from clusterlab.models.source import Source
from clusterlab.models.text_side import TextSide
from clusterlab.reading.settings import Settings
from clusterlab.store import Store
from clusterlab.types import Collection, Compute, Decoding
from tests.chat_models import tiny_siglip_with_words
from tests.models import tiny_clip, tiny_vit

NAMES = ["dog", "pizza", "large table", "red shoe"]
TEMPLATE = ("a white {} .",)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_siglip_with_words(tmp_path_factory.mktemp("siglip"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Collection:
    """8 real photos of 32 x 32 pixels, which a model of that size sees as they are, a copy of one,
    and a file that is no image."""
    folder = tmp_path_factory.mktemp("photos")
    for index, file in enumerate(sorted((shared_data / "clothing").rglob("*.jpg"))[::40][:8]):
        Image.open(file).convert("RGB").resize((32, 32)).save(folder / f"{index}.png")
    (folder / "8.png").write_bytes((folder / "2.png").read_bytes())
    (folder / "broken.png").write_bytes(b"no image")
    return Folder(path=str(folder)).load()


def settings(folder: Path | None = None, **how: Any) -> Settings:
    return Settings(
        store=None if folder is None else Store(folder),
        decoding=Decoding(),
        compute=Compute(**{"device": "cpu", "precision": "fp32", **how}),
        workers=2,
        batch_size=None,
    )


def labeler(folder: Path, **arguments: Any) -> Clip:
    weights = arguments.get("weights")
    images = Transformers(model=str(folder), weights=weights, output="pooled")
    return Clip(**{"model": str(folder), "images": images, "categories": NAMES} | arguments)


def readable(collection: Collection) -> Collection:
    return collection.take(id_ for id_ in collection.ids if id_ != "broken.png")


def by_hand(folder: Path, collection: Collection, sentences: list[str], **reading: Any) -> Any:
    """transformers' own logits of (image, sentence), as its documentation makes them."""
    images = transformers.AutoImageProcessor.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    pictures = [Image.open(image.path).convert("RGB") for image in collection.images]
    with torch.no_grad():
        made = model(
            **tokenizer(sentences, return_tensors="pt", **reading),
            pixel_values=images(images=pictures, return_tensors="pt")["pixel_values"],
        )
    return made.logits_per_image.double().numpy()


def confidences(clip: Clip, collection: Collection, settings: Settings) -> np.ndarray:
    """(n, categories), one category's at a time by its score."""
    return sure(clip.scores(collection, NAMES, settings), pairwise=clip._texts.pairwise)


def test_clip_divides_its_confidence_as_transformers_does(clip: Path, photos: Collection) -> None:
    whole = readable(photos)
    logits = by_hand(clip, whole, [f"a white {n} ." for n in NAMES], padding=True)
    expected = torch.tensor(logits).softmax(dim=1).numpy()
    found = labeler(clip, templates=TEMPLATE).answers(photos, settings(), column="seen")
    assert [row.id for row in found.rows] == list(whole.ids)
    best = expected.argmax(axis=1)
    assert [row.label for row in found.rows] == [NAMES[b] for b in best]
    assert np.allclose([r.confidence for r in found.rows], expected.max(axis=1), atol=1e-4)
    again = confidences(labeler(clip, templates=TEMPLATE), whole, settings())
    assert np.allclose(again, expected, atol=1e-4)
    row = found.rows[0]
    assert (row.answer, row.status) == (f"{row.label} {row.confidence:.2f}", "exact")
    assert row.model == clip.name
    assert math.isnan(row.seconds)


def test_siglip_judges_each_category_by_itself_as_transformers_does(
    siglip: Path, photos: Collection
) -> None:
    whole = readable(photos)
    filled = {"padding": "max_length", "max_length": 16, "truncation": True}
    logits = by_hand(siglip, whole, [f"a white {n} ." for n in NAMES], **filled)
    expected = torch.tensor(logits).sigmoid().numpy()
    spoken = labeler(siglip, templates=("A White {} .",))
    assert np.allclose(confidences(spoken, whole, settings()), expected, atol=1e-4)
    found = spoken.answers(photos, settings(), column="seen")
    assert [row.label for row in found.rows] == [NAMES[b] for b in expected.argmax(axis=1)]
    assert np.allclose([r.confidence for r in found.rows], expected.max(axis=1), atol=1e-4)
    alone = labeler(siglip, templates=TEMPLATE, categories=NAMES[:1])
    one = alone.answers(photos, settings(), column="seen")
    assert np.allclose([r.confidence for r in one.rows], expected[:, 0], atol=1e-4)


def test_several_templates_are_averaged_at_length_1(clip: Path, photos: Collection) -> None:
    whole = readable(photos)
    model = transformers.AutoModel.from_pretrained(clip).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(clip)
    unit = torch.nn.functional.normalize
    names = []
    with torch.no_grad():
        for name in NAMES:
            tokens = tokenizer(
                [t.replace("{}", name) for t in TEMPLATES], padding=True, return_tensors="pt"
            )
            vectors = unit(model.get_text_features(**tokens).pooler_output, dim=1)
            names.append(unit(vectors.mean(dim=0), dim=0))
        values = torch.tensor(
            extract(whole, component(clip), compute=settings().compute).features.values
        )
        logits = model.logit_scale.exp() * unit(values, dim=1) @ torch.stack(names).T
    found = labeler(clip).scores(whole, NAMES, settings())
    assert np.allclose(found, logits.numpy(), atol=1e-3)


def component(folder: Path) -> Component:
    extractor = Transformers(model=str(folder), output="pooled")
    target = {"_target_": "clusterlab.extractors.transformers.Transformers"}
    return Component(name="clip", config=target, instance=extractor)


def test_phrases_of_anyone_can_be_held_against_the_images(clip: Path, photos: Collection) -> None:
    found = labeler(clip, categories=()).scores(photos, ["a dog", "red", "soup"], settings())
    assert found.shape == (10, 3)
    assert found.dtype == np.float32
    assert np.isnan(found[-1]).all(), "the broken one"
    assert np.isfinite(found[:-1]).all()
    assert np.array_equal(found[2], found[8]), "the copy"


def test_an_extractor_of_the_same_model_and_other_categories_cost_no_pass_over_the_images(
    clip: Path, photos: Collection, tmp_path: Path
) -> None:
    whole = readable(photos)
    made = extract(whole, component(clip), store=Store(tmp_path), compute=settings().compute)
    assert made.store.startswith("8 images computed")
    first = labeler(clip).answers(whole, settings(tmp_path), column="seen")
    assert first.store.startswith("all 8 images from the store; categories: 12 different texts")
    other = labeler(clip, categories=["dog", "cat"])
    found = other.answers(whole, settings(tmp_path), column="seen")
    assert found.store == (
        "all 8 images from the store; categories: 3 different texts from the store, 3 computed: "
        "new to the store"
    )
    sessions._loaded.clear()
    again = labeler(clip).answers(whole, settings(tmp_path), column="seen")
    assert not sessions._loaded, "the scale of the model is in the store too"
    assert [(r.label, r.confidence) for r in again.rows] == [
        (r.label, r.confidence) for r in first.rows
    ]


def test_the_first_run_brings_the_vectors_for_the_extractor(
    clip: Path, photos: Collection, tmp_path: Path
) -> None:
    whole = readable(photos)
    labeler(clip).answers(whole, settings(tmp_path), column="seen")
    made = extract(whole, component(clip), store=Store(tmp_path), compute=settings().compute)
    assert made.store == "all 8 images from the store"


def test_below_the_least_confidence_there_is_no_label(clip: Path, photos: Collection) -> None:
    sure_of = labeler(clip).answers(photos, settings(), column="seen")
    values = sorted(row.confidence for row in sure_of.rows)
    limit = (values[3] + values[4]) / 2
    found = labeler(clip, min_confidence=limit).answers(photos, settings(), column="seen")
    for before, row in zip(sure_of.rows, found.rows, strict=True):
        kept = before.confidence >= limit
        assert (row.label, row.status) == ((before.label, "exact") if kept else ("", "refused"))
        assert (row.answer, row.confidence) == (before.answer, before.confidence)
    assert {row.status for row in found.rows} == {"exact", "refused"}


def test_in_16_bits_the_scale_stays_exact(clip: Path, siglip: Path) -> None:
    for folder in (clip, siglip):
        side = TextSide(Source(model=str(folder)))
        whole, half = (
            np.array(open_session(side, Compute(device="cpu", precision=precision)).run(["dog"]))
            for precision in ("fp32", "bf16")
        )
        assert np.array_equal(whole[:, -2:], half[:, -2:])
        assert not np.array_equal(whole, half)


def test_random_weights_are_marked(clip: Path, photos: Collection) -> None:
    assert labeler(clip).answers(photos, settings(), column="seen").marks == ()
    found = labeler(clip, weights="random").answers(photos, settings(), column="seen")
    assert found.marks == ("random weights",)


def test_what_does_not_fit_is_told_with_the_way_out(
    clip: Path, siglip: Path, photos: Collection, tmp_path: Path
) -> None:
    vit = tiny_vit(tmp_path / "vit")
    with pytest.raises(ComponentError, match=r"'.*vit' is a vit model, which matches") as error:
        labeler(vit).answers(photos, settings(), column="seen")
    assert "another labeler.model, such as openai/clip-vit-base-patch32" in str(error.value)
    other = labeler(clip, images=Transformers(model=str(siglip), output="pooled"))
    with pytest.raises(ComponentError, match=r"labeler\.images\.output=pooled"):
        other.answers(photos, settings(), column="seen")
    wrong = labeler(clip, images=Transformers(model=str(siglip), output="cls"))
    with pytest.raises(ComponentError, match=r"Use labeler\.images\.output=pooled or mean"):
        wrong.answers(photos, settings(), column="seen")
    for templates in ([], ["a photo"], ["{} {}"]):
        with pytest.raises(ComponentError, match=r"labeler\.templates .*once in each"):
            labeler(clip, templates=templates)
    with pytest.raises(ComponentError, match=r"labeler\.min_confidence must be in \[0, 1\]"):
        labeler(clip, min_confidence=1.5)
