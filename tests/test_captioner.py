"""Fine-tuning of captioners: tiny ones of both families, on pictures of three plain colours."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, adjusted_rand_score
from sklearn.preprocessing import StandardScaler

import clusterlab
from clusterlab.components import Component
from clusterlab.errors import ClusterlabError, ComponentError, ConfigError, DataError
from clusterlab.extractors.blip import ImageToText
from clusterlab.extractors.engine import extract
from clusterlab.extractors.timm import Timm
from clusterlab.extractors.vilt import Vilt
from clusterlab.finetune._captioning import Collate, first_and_last, view
from clusterlab.finetune._captions import Captions
from clusterlab.finetune._workshop import Tuning, Workshop
from clusterlab.finetune.captioner import Captioner
from clusterlab.finetune.rebalance import Rebalance
from clusterlab.types import Collection, Compute, Decoding, ImageSource, MemoryImage
from tests import models

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "large_table": (240, 240, 240)}
# Of words that the tiny tokenizer has whole.
TEMPLATE = "this is a image of {class}"
QUICK: dict[str, Any] = {"template": TEMPLATE, "batch_size": 9, "gradient_accumulation": 1}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model of a family, built when first asked for."""
    top = tmp_path_factory.mktemp("models")

    def folder(family: str) -> Path:
        if not (top / family).exists():
            getattr(models, f"tiny_{family}")(top / family)
        return top / family

    return folder


def picture(name: str, number: int) -> bytes:
    """A plain colour with some noise."""
    rng = np.random.default_rng([number, *name.encode()])
    pixels = np.array(COLOURS[name]) + rng.normal(0, 15, 3) + rng.normal(0, 15, (40, 48, 3))
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def colours(n: int = 12, classes: Sequence[str] = tuple(COLOURS)) -> Collection:
    """n pictures of each class: two thirds for training, one sixth each for the rest."""
    names = [name for name in classes for _ in range(n)]
    contents = [picture(name, i % n) for i, name in enumerate(names)]
    split = ["val" if i % 6 == 4 else "test" if i % 6 == 5 else "train" for i in range(len(names))]
    return Collection(
        name="colours",
        ids=tuple(f"{i:03}" for i in range(len(names))),
        images=tuple(MemoryImage(content) for content in contents),
        digests=tuple(hashlib.sha256(content).hexdigest() for content in contents),
        labels=pd.DataFrame({"label": names}, dtype=object),
        split=np.array(split),
        numeric=pd.DataFrame(index=range(len(names))),
    )


def component(extractor: Any, name: str = "blip") -> Component:
    target = f"{type(extractor).__module__}.{type(extractor).__name__}"
    return Component(name=name, config={"_target_": target}, instance=extractor)


def writer(folder: Path, **arguments: Any) -> ImageToText:
    arguments = {"max_new_tokens": 12, "encoder": str(models.minilm())} | arguments
    return ImageToText(model=str(folder), **arguments)


def tune(
    captioner: Captioner,
    collection: Collection,
    extractor: Any,
    root: Path,
    precision: str = "auto",
    **config: Any,
) -> Tuning:
    workshop = Workshop(
        root=root,
        config={"_target_": "captioner", **config},
        decoding=Decoding(),
        compute=Compute(device="cpu", precision=precision),
        workers=2,
    )
    return captioner.tune(collection, component(extractor), workshop)


@pytest.fixture(scope="module", params=["blip", "git"])
def learned(
    request: pytest.FixtureRequest,
    tiny: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Collection, Tuning]:
    """Each family after eight epochs on the three colours."""
    collection = colours()
    captioner = Captioner(epochs=8, learning_rate=4e-3, **QUICK)
    folder = tiny(request.param)
    root = tmp_path_factory.mktemp(f"learned_{request.param}")
    return request.param, collection, tune(captioner, collection, writer(folder), root)


def test_it_learns_to_name_the_colour(learned: tuple[str, Collection, Tuning]) -> None:
    _, collection, tuning = learned
    assert tuning.training is not None
    epochs = tuning.training.epochs
    assert len(epochs) == 8
    assert epochs.loss.iloc[-1] < 0.2 * epochs.loss.iloc[0]
    assert epochs.val_loss.iloc[-1] < 0.2 * epochs.val_loss.iloc[0]
    test = collection.take(np.array(collection.ids)[collection.split == "test"])
    found = extract(test, tuning.extractor)
    wanted = [f"this is a image of {c.replace('_', ' ')}" for c in test.labels.label]
    assert [text.text for text in found.texts] == wanted
    (said,) = tuning.predict(found.features, found.texts)
    assert not said.confident
    assert said.classes == ("green", "large_table", "red")
    assert [said.classes[i] for i in said.scores.argmax(axis=1)] == test.labels.label.tolist()
    assert (said.scores.sum(axis=1) == 1).all()


def test_the_weights_are_a_model_of_the_library(
    learned: tuple[str, Collection, Tuning], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    family, collection, tuning = learned
    assert tuning.training is not None
    folder = shutil.copytree(tiny(family), tmp_path / "model")
    shutil.copyfile(tuning.training.weights, folder / "model.safetensors")
    module = transformers.AutoModelForImageTextToText.from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    written, losses = [], []
    classes = sorted(COLOURS)
    captions = Captions.of(TEMPLATE, classes, processor.tokenizer)
    first, last = first_and_last(module)
    collate = Collate(processor, [(first, *tokens, last) for tokens in captions.tokens])
    items = []
    for row in np.flatnonzero(collection.split == "val"):
        image = Image.open(io.BytesIO(collection.images[row].read()))
        inputs = processor(images=image, return_tensors="pt")
        tokens = module.generate(**inputs, do_sample=False, max_new_tokens=12)
        written.append(processor.decode(tokens[0], skip_special_tokens=True))
        target = torch.tensor([float(classes.index(collection.labels.label[row]))])
        pixels = torch.from_numpy(view(processor, np.asarray(image)))
        items.append({"pixels": pixels, "targets": target})
    with torch.inference_mode():
        losses.append(float(module(**collate(items)).loss))
    found = extract(collection, tuning.extractor)
    rows = np.flatnonzero(collection.split == "val")
    assert [found.texts[row].text for row in rows] == written
    # Six validation images in one batch: the loss of the kept epoch is that of its weights.
    best = tuning.training.epochs.set_index("epoch").val_loss[tuning.training.best_epoch]
    assert losses == pytest.approx([best], rel=1e-4)


def test_what_is_trained_is_what_is_written(learned: tuple[str, Collection, Tuning]) -> None:
    """The tokens that the model writes, from the first to the last, are those of its lesson."""
    _, collection, tuning = learned
    extractor: ImageToText = tuning.extractor.instance
    module: Any = extractor.build()
    captions = Captions.of(TEMPLATE, sorted(COLOURS), extractor.processor.tokenizer)
    first, last = first_and_last(module)
    image = np.asarray(Image.open(io.BytesIO(collection.images[0].read())))
    collate = Collate(extractor.processor, [(first, *tokens, last) for tokens in captions.tokens])
    pixels = torch.from_numpy(view(extractor.processor, image))
    red = torch.tensor([float(captions.classes.index("red"))])
    batch = collate([{"pixels": pixels, "targets": red}])
    inputs = extractor.prepare(image)
    assert torch.equal(batch["pixel_values"], inputs["pixel_values"])
    with torch.inference_mode():
        written = module.generate(**inputs, do_sample=False, max_new_tokens=12)
    assert written[0].tolist() == batch["input_ids"][0].tolist()


@pytest.mark.parametrize("family", ["blip", "git"])
def test_the_loss_is_that_of_each_token_after_those_before(
    family: str, tiny: Callable[[str], Path]
) -> None:
    """Against the model's own word for the next token, one token at a time, without any padding."""
    extractor = writer(tiny(family))
    module: Any = extractor.build()
    tokenizer = extractor.processor.tokenizer
    captions = Captions.of("{class}", ["a red cake", "rice"], tokenizer)
    first, last = first_and_last(module)
    whole = [(first, *tokens, last) for tokens in captions.tokens]
    collate = Collate(extractor.processor, whole)
    pixels = [
        torch.from_numpy(view(extractor.processor, np.full((32, 32, 3), grey, np.uint8)))
        for grey in (60, 200)
    ]
    items = [{"pixels": p, "targets": torch.tensor([float(i)])} for i, p in enumerate(pixels)]
    batch = collate(items)
    assert batch["labels"].tolist()[1] == [-100, *whole[1][1:], -100, -100]
    assert batch["attention_mask"].tolist()[1] == [1, 1, 1, 0, 0]
    surprise = []
    with torch.inference_mode():
        for row, tokens in enumerate(whole):
            one = batch["pixel_values"][row : row + 1]
            for end in range(1, len(tokens)):
                ids = torch.tensor([tokens[:end]])
                logits = module(pixel_values=one, input_ids=ids).logits[0, -1]
                surprise.append(-float(logits.log_softmax(0)[tokens[end]]))
        loss = float(module(**batch).loss)
    assert len(surprise) == 4 + 2
    assert loss == pytest.approx(np.mean(surprise), rel=1e-4)


@dataclass(frozen=True)
class Watched:
    """A test image that notes whether the training was done when it was read."""

    content: bytes
    root: Path
    done: list[bool] = field(default_factory=list)
    path: str = ""

    def read(self) -> bytes:
        self.done.append(bool(list(self.root.glob("*/finished.json"))))
        return self.content


def watched(collection: Collection, root: Path) -> Collection:
    images: list[ImageSource] = [Watched(image.read(), root) for image in collection.images]
    return replace(collection, images=tuple(images))


def test_no_test_image_is_read_before_training_is_done(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    collection = watched(colours(6), tmp_path)
    tune(Captioner(epochs=1, **QUICK), collection, writer(tiny("blip")), tmp_path)
    for image, split in zip(collection.images, collection.split, strict=True):
        assert isinstance(image, Watched)
        if split == "test":
            assert image.done == [True], "once, by the plain classifier"
        else:
            assert image.done[0] is False


def test_a_class_that_only_test_images_have_is_not_learned(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    collection = colours(6)
    split = np.where(collection.labels.label == "red", "test", collection.split)
    tuning = tune(
        Captioner(epochs=1, **QUICK),
        replace(collection, split=split),
        writer(tiny("blip")),
        tmp_path,
    )
    assert tuning.training is not None
    assert list(tuning.training.facts["captions"]) == ["green", "large_table"]
    beside = tuning.training.facts["plain_classifier"]
    # Six of the eight test images are red.
    assert beside["n"] == 8
    assert beside["accuracy"] <= 2 / 8


def test_the_plain_classifier_is_one_on_the_mean_of_the_image_tokens(
    learned: tuple[str, Collection, Tuning],
) -> None:
    family, collection, tuning = learned
    assert tuning.training is not None
    extractor: ImageToText = tuning.extractor.instance
    module: Any = extractor.build()
    seeing = module.git.image_encoder if family == "git" else module.vision_model
    vectors = []
    with torch.inference_mode():
        for image in collection.images:
            inputs = extractor.prepare(np.asarray(Image.open(io.BytesIO(image.read()))))
            vectors.append(seeing(inputs["pixel_values"]).last_hidden_state[0].mean(dim=0).numpy())
    labels = collection.labels.label.to_numpy()
    train, test = collection.split == "train", collection.split == "test"
    scaler = StandardScaler().fit(np.array(vectors)[train])
    scaled = scaler.transform(np.array(vectors))
    probe = LogisticRegression(max_iter=1000).fit(scaled[train], labels[train])
    said = probe.predict(scaled[test])
    beside = tuning.training.facts["plain_classifier"]
    assert beside["split"] == "test"
    assert beside["n"] == test.sum() == 6
    assert beside["accuracy"] == accuracy_score(labels[test], said)
    assert beside["ari"] == pytest.approx(adjusted_rand_score(labels[test], said))
    notes = " ".join(tuning.training.notes)
    assert f"ARI {beside['ari']:.3f} in 'label' on 6 test images" in notes
    assert "supervised classifier in words" in notes


class Interrupting:
    """An augmentation at which Ctrl-C is pressed after so many images."""

    def __init__(self, after: int | None = None) -> None:
        self.left = after

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        noise = torch.randint(-20, 20, pixels.shape)
        return (pixels.int() + noise).clamp(0, 255).to(torch.uint8)


# GIT drops out while it learns, so that a lost state of the random generator would show.
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    collection = colours(6)
    settings: dict[str, Any] = {"epochs": 4, "learning_rate": 1e-3, **QUICK, "batch_size": 4}
    n_training = int((collection.split == "train").sum())
    extractor = writer(tiny("git"))

    def run(root: str, after: int | None) -> Tuning:
        captioner = Captioner(augmentation=Interrupting(after), **settings)
        return tune(captioner, collection, extractor, tmp_path / root)

    with pytest.raises(KeyboardInterrupt):
        run("broken", 2 * n_training + 5)
    resumed, whole = run("broken", None), run("whole", None)
    assert resumed.training is not None
    assert whole.training is not None
    assert resumed.training.facts["resumed_after_epoch"] == 2
    assert whole.training.facts["resumed_after_epoch"] == 0
    one, other = load_file(resumed.training.weights), load_file(whole.training.weights)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    timed = ["seconds"]
    pd.testing.assert_frame_equal(
        resumed.training.epochs.drop(columns=timed), whole.training.epochs.drop(columns=timed)
    )
    again = run("whole", 0)
    assert again.store == f"epoch {whole.training.best_epoch} of a finished training from the store"


def test_frozen_blocks_keep_their_weights(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """Half of a BLIP's four blocks are those that see."""
    captioner = Captioner(epochs=1, frozen=0.5, learning_rate=1e-2, **QUICK)
    tuning = tune(captioner, colours(6), writer(tiny("blip")), tmp_path)
    assert tuning.training is not None
    before = load_file(tiny("blip") / "model.safetensors")
    after = load_file(tuning.training.weights)
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert not any(name.startswith("vision_model.") for name in changed)
    assert any(name.startswith("text_decoder.bert.encoder.layer.0.") for name in changed)
    assert tuning.training.trainable[0].startswith("2 of 4 blocks and what comes before them are")


def test_a_captioner_learns_in_bfloat16(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """The weights stay float32; what is computed with them is rounded."""
    trained = {}
    for precision in ("fp32", "bf16"):
        captioner = Captioner(epochs=3, learning_rate=4e-3, **QUICK)
        tuning = tune(captioner, colours(6), writer(tiny("blip")), tmp_path, precision)
        assert tuning.training is not None
        assert tuning.training.facts["precision"] == precision
        epochs = tuning.training.epochs
        assert epochs.loss.iloc[-1] < 0.8 * epochs.loss.iloc[0]
        trained[precision] = load_file(tuning.training.weights)
    exact, half = trained["fp32"], trained["bf16"]
    assert {values.dtype for values in half.values()} == {torch.float32}
    assert not all(torch.equal(exact[name], half[name]) for name in exact)


def test_weights_captioned_twice_have_seen_the_images_of_both_trainings(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    collection = colours(6)
    first = tune(Captioner(epochs=1, **QUICK), collection, writer(tiny("blip")), tmp_path)
    assert first.training is not None
    begun = writer(tiny("blip"), weights=str(first.training.weights))
    other = replace(collection, split=np.roll(collection.split, 1))
    second = tune(Captioner(epochs=1, **QUICK), other, begun, tmp_path)
    assert second.training is not None
    digests = np.array(collection.digests)
    for training, split in [(first.training, [collection]), (second.training, [collection, other])]:
        with safe_open(training.weights, framework="np") as head:
            listed = {*json.loads(head.metadata()["clusterlab_trained_on"])}
        seen = np.any([part.split != "test" for part in split], axis=0)
        assert listed == {digest[:16] for digest in digests[seen]}


def test_dropped_classes_are_not_captions(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    captioner = Captioner(epochs=1, rebalance=Rebalance(drop_classes=["red"]), **QUICK)
    tuning = tune(captioner, colours(6), writer(tiny("blip")), tmp_path)
    assert tuning.training is not None
    assert list(tuning.training.facts["captions"]) == ["green", "large_table"]
    assert tuning.training.facts["images_trained_on"] == 8


@pytest.mark.parametrize(
    ("caption", "named"),
    [
        ("this is an image of cake", "cake"),
        ("This is an IMAGE of   Carrot-Cake .", "carrot_cake"),
        ("this is an image of creme brulee", "Crème brûlée"),
        ("this is an image of carrot cake on a plate", "carrot_cake"),
        ("some cake beside a carrot cake", "carrot_cake"),
        ("this is an image of", "image"),
        ("this is an image of pancakes", None),
        ("a cakes", None),
        ("", None),
    ],
)
def test_the_class_that_a_caption_names(caption: str, named: str | None) -> None:
    classes = ("Crème brûlée", "cake", "carrot_cake", "image")
    captions = Captions("This is an image of {class}", classes, (), ())
    row = captions.named(caption)
    assert (None if row is None else classes[row]) == named


def test_a_tokenizer_that_drops_accents_still_tells_classes_apart(
    tiny: Callable[[str], Path],
) -> None:
    tokenizer = writer(tiny("blip")).processor.tokenizer
    captions = Captions.of("a photo: {class}!", ["pâté", "Pie", "pies"], tokenizer)
    for row, tokens in enumerate(captions.tokens):
        assert captions.named(tokenizer.decode(tokens, skip_special_tokens=True)) == row
    with pytest.raises(DataError, match=r"classes 'pate' and 'pâté' both read 'a pate'.*Rename"):
        Captions.of("a {class}", ["pate", "pâté"], tokenizer)
    with pytest.raises(DataError, match=r"'pie' and '中 pie' both read 'a pie'"):
        Captions.of("a {class}", ["pie", "中 pie"], tokenizer)


def folder_of_colours(folder: Path, n: int = 10) -> Path:
    for name in COLOURS:
        (folder / name).mkdir(parents=True)
        for number in range(n):
            (folder / name / f"{number}.png").write_bytes(picture(name, number))
    return folder


def test_a_whole_run_and_one_that_reuses_it(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    words = [
        "dataset=folder",
        f"dataset.path={folder_of_colours(tmp_path / 'colours')}",
        "dataset.split={train: .6, val: .2, test: .2}",
        "extractor=blip",
        f"extractor.model={tiny('blip')}",
        f"extractor.encoder={models.minilm()}",
        "finetune=captioner",
        f"finetune.template='{TEMPLATE}'",
        "finetune.epochs=8",
        "finetune.learning_rate=4e-3",
        *("view=pca", "reducer=none", "clusterer.n_clusters=3", "device=cpu"),
    ]
    result = clusterlab.run(overrides=words, folder=tmp_path / "run")
    assert result.metrics["scored_split"] == "test"
    assert result.metrics["n_scored"] == 6
    captions = pd.read_csv(tmp_path / "run" / "captions.csv").set_index("id").text
    images = result.assignments.set_index("id")
    test = images[images.split == "test"]
    right = [
        captions[name] == TEMPLATE.replace("{class}", label.replace("_", " "))
        for name, label in test.label.items()
    ]
    assert result.metrics["accuracy/label"] == pytest.approx(np.mean(right))
    assert result.metrics["accuracy/label"] > 0.8
    table = pd.read_csv(tmp_path / "run" / "classification.csv")
    assert {"train", "val", "test"} <= set(table.split)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "plain classifier" in page
    assert "supervised" in page

    again = clusterlab.run(overrides=[*words, "clusterer.n_clusters=2"], folder=tmp_path / "again")
    timings = json.loads((tmp_path / "again" / "timings.json").read_text(encoding="utf-8"))
    assert "of a finished training from the store" in timings["finetune"]["store"]
    assert timings["extract"]["store"].startswith("all 30 texts from the store")
    assert again.metrics["accuracy/label"] == result.metrics["accuracy/label"]


def test_another_beam_or_encoder_trains_nothing_again(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    collection, captioner = colours(6), Captioner(epochs=1, **QUICK)
    tune(captioner, collection, writer(tiny("blip")), tmp_path / "kept")
    bert = models.tiny_bert(tmp_path / "bert")
    other = writer(tiny("blip"), num_beams=2, max_new_tokens=20, encoder=str(bert))
    assert "from the store" in tune(captioner, collection, other, tmp_path / "kept").store


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"template": "An image"},
            r"finetune\.template is 'An image'; it must hold \{class\}",
        ),
        ({"template": "{class} or {class}"}, r"must hold \{class\} once"),
        ({"select_by": "accuracy"}, r"select_by is 'accuracy'.*use loss"),
        ({"epochs": 0}, r"finetune\.epochs is 0"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Captioner(**settings)


def test_an_extractor_that_cannot_learn_captions(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    def refused(extractor: Any, captioner: Captioner | None = None) -> str:
        with pytest.raises(ClusterlabError) as error:
            tune(captioner or Captioner(**QUICK), colours(6), extractor, tmp_path)
        return str(error.value)

    image_model = Timm(model="resnet18", weights="random")
    assert "finetune=classifier trains it" in refused(image_model)
    answers = Vilt(model=str(tiny("vilt")), encoder=str(models.minilm()))
    assert "trains a model that writes about images" in refused(answers)
    other = writer(tiny("florence2"))
    assert "is a florence2 model" in refused(other)
    assert "trains blip and git models" in refused(other)
    asked = writer(tiny("blip"), prompt="a plate of")
    assert "Use extractor.prompt=null" in refused(asked)
    short = writer(tiny("blip"), max_new_tokens=6)
    assert "'large_table' has 7 tokens" in refused(short)
    assert "Use extractor.max_new_tokens=7" in refused(short)
    # Just long enough.
    tune(Captioner(epochs=1, **QUICK), colours(6), writer(tiny("blip"), max_new_tokens=7), tmp_path)


def test_labels_that_cannot_be_captions(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    collection, extractor = colours(6), writer(tiny("blip"))
    tags = collection.labels.assign(tags=[("a", "b")] * len(collection))
    several = replace(collection, labels=tags, multi_valued=frozenset({"tags"}))
    with pytest.raises(DataError, match=r"'tags' holds several values.*\(label\)"):
        tune(Captioner(column="tags", **QUICK), several, extractor, tmp_path)
    with pytest.raises(DataError, match="lable"):
        tune(Captioner(column="lable", **QUICK), collection, extractor, tmp_path)
    with pytest.raises(DataError, match="only one class"):
        tune(Captioner(**QUICK), colours(6, ["red"]), extractor, tmp_path)
    assert not list(tmp_path.glob("*/finished.json"))


def test_weights_that_were_not_found_cost_no_training(
    tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    extractor = writer(tiny("blip"), encoder="sentence-transformers/all-mpnet-base-v2")
    with pytest.raises(ComponentError, match="all-mpnet-base-v2"):
        tune(Captioner(**QUICK), colours(6), extractor, tmp_path)
