"""Labels by chat models that see: tiny ones of four families, built and loaded as real ones are."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file

from clusterlab.datasets.folder import Folder
from clusterlab.errors import ComponentError
from clusterlab.images import decode
from clusterlab.labelers.llava import Llava
from clusterlab.labelers.prompts import written
from clusterlab.labelling import Answers
from clusterlab.models import session as sessions
from clusterlab.models.lineage import metadata
from clusterlab.models.open_session import open_session
from clusterlab.models.precision import unasked
from clusterlab.reading.settings import Settings
from clusterlab.store import Store
from clusterlab.types import Collection, Compute, Decoding
from tests.chat_models import CHATS, tiny_chat, tiny_talker
from tests.models import WORDS, tiny_blip, tiny_vit

LABELS = ["dog", "salad", "plate"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model of a family, built when first asked for."""
    top = tmp_path_factory.mktemp("chats")

    def folder(family: str) -> Path:
        return top / family if (top / family).exists() else tiny_chat(family, top / family)

    return folder


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> Collection:
    """12 real photos of unlike shapes, two of which are copies of each other."""
    whole = Folder(path=str(shared_data / "clothing" / "test")).load()
    chosen = whole.take(whole.ids[::30][:12])
    twin = chosen.digests[3]
    images = tuple(chosen.images[3 if row == 7 else row] for row in range(12))
    digests = tuple(twin if row == 7 else digest for row, digest in enumerate(chosen.digests))
    return replace(chosen, images=images, digests=digests)


def settings(folder: Path | None = None, *, batch_size: int | None = None, **how: Any) -> Settings:
    return Settings(
        store=None if folder is None else Store(folder),
        decoding=Decoding(),
        compute=Compute(**{"device": "cpu", **how}),
        workers=2,
        batch_size=batch_size,
    )


def labeler(model: Path, **arguments: Any) -> Llava:
    return Llava(**{"model": str(model), "categories": LABELS, "max_new_tokens": 8} | arguments)


def pixels(collection: Collection) -> list[np.ndarray]:
    return [decode(image.read()) for image in collection.images]


def said(answers: Answers) -> list[str]:
    return [row.answer for row in answers.rows]


def plain_loop(folder: Path, images: list[np.ndarray], prompt: str, **load: Any) -> list[str]:
    """As the library's documentation does it, one photograph at a time."""
    processor = transformers.AutoProcessor.from_pretrained(folder)
    module = transformers.AutoModelForImageTextToText.from_pretrained(folder, **load).eval()
    texts = []
    for image in images:
        parts = [
            {"type": "image", "image": Image.fromarray(image)},
            {"type": "text", "text": prompt},
        ]
        inputs = processor.apply_chat_template(
            [{"role": "user", "content": parts}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(module.dtype)
        tokens = module.generate(**inputs, do_sample=False, max_new_tokens=8)
        both = [
            processor.decode(t[0], skip_special_tokens=True) for t in (tokens, inputs["input_ids"])
        ]
        texts.append(both[0].removeprefix(both[1]).strip())
    return texts


@pytest.mark.parametrize("family", CHATS)
def test_answers_are_those_of_a_plain_loop_however_many_come_at_once(
    family: str, tiny: Callable[[str], Path], photos: Collection
) -> None:
    expected = plain_loop(tiny(family), pixels(photos), written("p1", LABELS))
    assert len(set(expected)) > 5, "the tiny model looks at the image"
    for batch_size in (1, 5, None):
        found = labeler(tiny(family)).answers(
            photos, settings(batch_size=batch_size), column="word"
        )
        assert said(found) == expected


def test_in_16_bits_answers_are_those_that_transformers_gives_in_16_bits(
    tiny: Callable[[str], Path], photos: Collection
) -> None:
    """Frequencies of positions stay in float32, as transformers keeps them."""
    prompt = written("p1", LABELS)
    expected = plain_loop(tiny("llava"), pixels(photos), prompt, dtype=torch.bfloat16)
    found = labeler(tiny("llava")).answers(photos, settings(precision="bf16"), column="word")
    assert said(found) == expected
    assert found.facts == {"device": "cpu", "precision": "bf16"}
    module = sessions._loaded[next(reversed(sessions._loaded))][0]
    tables = dict(module.named_buffers())
    rotary = [name for name in tables if name.endswith("inv_freq")]
    assert rotary
    assert all(tables[name].dtype == torch.float32 for name in rotary)
    assert next(module.parameters()).dtype == torch.bfloat16
    half = labeler(tiny("llava")).answers(photos, settings(precision="fp16"), column="word")
    assert said(half) == plain_loop(tiny("llava"), pixels(photos), prompt, dtype=torch.float16)


def test_a_model_is_read_in_the_numbers_of_its_file(
    tiny: Callable[[str], Path], photos: Collection, tmp_path: Path
) -> None:
    """14 GB of a model published in 16 bits need not be 28 GB in between."""
    transformers.AutoProcessor.from_pretrained(tiny("llava")).save_pretrained(tmp_path)
    kind = transformers.AutoModelForImageTextToText
    kind.from_pretrained(tiny("llava"), dtype=torch.bfloat16).save_pretrained(tmp_path)
    small = labeler(tmp_path)
    assert {p.dtype for p in small._writer.build().parameters()} == {torch.bfloat16}
    prompt = written("p1", LABELS)
    expected = plain_loop(tmp_path, pixels(photos), prompt, dtype=torch.float32)
    assert said(small.answers(photos, settings(precision="fp32"), column="word")) == expected


def test_where_the_precision_is_left_open_a_gpu_computes_in_16_bits_and_a_cpu_does_not(
    tiny: Callable[[str], Path],
) -> None:
    assert unasked(torch.device("cpu"), halved_on_gpu=True) == "fp32"
    assert unasked(torch.device("mps"), halved_on_gpu=True) == "fp16"
    assert unasked(torch.device("mps")) == "fp32", "a captioner's texts stay as they are"
    writer = labeler(tiny("llava"))._writer
    assert writer.halved_on_gpu
    assert open_session(writer, Compute(device="cpu")).precision == "fp32"


def test_the_likeliest_word_each_time_whatever_the_model_came_with(
    tiny: Callable[[str], Path], photos: Collection, tmp_path: Path
) -> None:
    expected = said(labeler(tiny("llava")).answers(photos, settings(), column="word"))
    model = transformers.AutoModelForImageTextToText.from_pretrained(tiny("llava"))
    model.save_pretrained(tmp_path)
    transformers.AutoProcessor.from_pretrained(tiny("llava")).save_pretrained(tmp_path)
    creative = {"do_sample": True, "temperature": 9.0, "top_k": 3, "repetition_penalty": 4.0}
    own = json.loads((tmp_path / "generation_config.json").read_text())
    (tmp_path / "generation_config.json").write_text(json.dumps({**own, **creative}))
    assert said(labeler(tmp_path).answers(photos, settings(), column="word")) == expected


def test_an_image_is_asked_about_once(
    tiny: Callable[[str], Path], photos: Collection, tmp_path: Path
) -> None:
    asked = labeler(tiny("llava"))
    first = asked.answers(photos, settings(tmp_path), column="word")
    assert first.store == "11 answers computed: not in the store yet", "one is a copy"
    assert all(row.seconds > 0 for row in first.rows)
    again = labeler(tiny("llava")).answers(photos, settings(tmp_path), column="word")
    assert again.store == "all 11 answers from the store"
    assert all(np.isnan(row.seconds) for row in again.rows)
    assert [(r.answer, r.label, r.status) for r in again.rows] == [
        (r.answer, r.label, r.status) for r in first.rows
    ]
    other_names = replace(photos, ids=tuple(f"x{id_}" for id_ in photos.ids))
    renamed = asked.answers(other_names, settings(tmp_path), column="word")
    assert renamed.store == "all 11 answers from the store"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"prompt": "p2"}, "request"),
        ({"categories": ["cat", *LABELS]}, "request"),
        ({"categories": LABELS[::-1]}, "request"),
        ({"max_new_tokens": 3}, "max_new_tokens 8 -> 3"),
        ({"max_side": 200}, "max_side None -> 200"),
        ({"weights": "random"}, "other weights"),
    ],
)
def test_another_question_is_asked_anew_and_the_log_says_why(
    changed: dict[str, Any],
    why: str,
    tiny: Callable[[str], Path],
    photos: Collection,
    tmp_path: Path,
) -> None:
    few = photos.take(photos.ids[:2])
    labeler(tiny("llava")).answers(few, settings(tmp_path), column="word")
    found = labeler(tiny("llava"), **changed).answers(few, settings(tmp_path), column="word")
    assert found.store.startswith("2 answers computed: ")
    assert why in found.store


def test_equal_requests_are_one_request_whatever_the_categories(
    tiny: Callable[[str], Path], photos: Collection, tmp_path: Path
) -> None:
    """The words decide what is asked; which of them count as a category is read anew."""
    few = photos.take(photos.ids[:3])
    prompt = "Is it a dog, salad or plate?"
    labeler(tiny("llava"), prompt=prompt).answers(few, settings(tmp_path), column="word")
    narrow = labeler(tiny("llava"), prompt=prompt, categories=["dog"])
    found = narrow.answers(few, settings(tmp_path), column="word")
    assert found.store == "all 3 answers from the store"


def test_answers_become_labels_or_say_why_not(photos: Collection, tmp_path: Path) -> None:
    """The request holds every word that the model knows; some of its answers are categories."""
    one_word = {"prompt": f"which one : {' '.join(WORDS)}", "max_new_tokens": 1}
    model = tiny_talker(tmp_path)
    asked = labeler(model, **one_word).answers(photos, settings(), column="word")
    known = sorted({*said(asked)} & {*WORDS})[:2]
    assert len(known) == 2
    assert {*said(asked)} - {*known}, "others are outside the list"
    spelled = [name.upper() for name in known]
    for categories, status in ((known, "exact"), (spelled, "mapped")):
        held = labeler(model, categories=categories, **one_word)
        for row in held.answers(photos, settings(), column="word").rows:
            label = dict(zip(known, categories, strict=True)).get(row.answer, "")
            assert (row.label, row.status) == (label, status if label else "invalid")
            assert (row.column, row.model) == ("word", tmp_path.name)


def test_two_categories_are_a_column_of_several_values(
    tiny: Callable[[str], Path], photos: Collection
) -> None:
    assert not labeler(tiny("llava"), prompt="p1").multi_valued
    two = labeler(tiny("llava"), prompt="p3", categories=list(WORDS[:26]), max_new_tokens=30)
    assert two.multi_valued
    rows = two.answers(photos, settings(), column="word").rows
    assert all(row.label.count("|") <= 1 for row in rows)


# Labels the photos of a folder, one at a time and slowly: 100 words each.
SLOW = """
import sys
from pathlib import Path
from clusterlab.datasets.folder import Folder
from clusterlab.labelers.llava import Llava
from clusterlab.reading.settings import Settings
from clusterlab.store import Store
from clusterlab.types import Compute, Decoding
photos = Folder(path=sys.argv[1]).load()
photos = photos.take(photos.ids[::8])
llava = Llava(model=sys.argv[2], categories=["dog", "salad", "plate"], max_new_tokens=100)
settings = Settings(store=Store(Path(sys.argv[3])), decoding=Decoding(),
                    compute=Compute(device="cpu"), workers=1, batch_size=1)
llava.answers(photos, settings, column="word")
"""


def test_killed_it_goes_on_where_it_was(
    tiny: Callable[[str], Path], shared_data: Path, tmp_path: Path
) -> None:
    folder = str(shared_data / "clothing" / "test")
    command = [sys.executable, "-c", SLOW, folder, str(tiny("llava")), str(tmp_path)]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    begin = time.monotonic()
    while _kept(tmp_path) < 3:
        assert running.poll() is None, "it ended before it could be killed"
        assert time.monotonic() - begin < 120
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    kept = _kept(tmp_path)
    photos = Folder(path=folder).load()
    photos = photos.take(photos.ids[::8])
    n = len(set(photos.digests))
    assert kept < n
    slow = labeler(tiny("llava"), max_new_tokens=100)
    found = slow.answers(photos, settings(tmp_path), column="word")
    assert found.store == (
        f"{kept:,} answers from the store, {n - kept:,} computed: new to the store"
    )
    assert said(found) == said(slow.answers(photos, settings(), column="word"))


def _kept(folder: Path) -> int:
    """How many answers are in the store, as another program sees it."""
    try:
        with sqlite3.connect(f"file:{folder / 'store.sqlite'}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM texts").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_pictures_of_ones_own_are_asked_about_by_the_same_model(
    tiny: Callable[[str], Path], photos: Collection, tmp_path: Path
) -> None:
    sessions._loaded.clear()
    llava = labeler(tiny("llava"))
    llava.answers(photos, settings(tmp_path), column="word")
    labeler(tiny("llava"), prompt="p2").answers(photos, settings(tmp_path), column="word")
    sheets = [*pixels(photos)[:3], pixels(photos)[0]]
    prompts = ["what is this ?", "which dish is in this image ?", "a box", "a box"]
    found = llava.ask(sheets, prompts, settings(tmp_path))
    assert len(sessions._loaded) == 1, "one copy in memory for all requests"
    expected = [
        plain_loop(tiny("llava"), [sheet], prompt)[0]
        for sheet, prompt in zip(sheets, prompts, strict=True)
    ]
    assert found == expected
    sessions._loaded.clear()
    assert llava.ask(sheets, prompts, settings(tmp_path)) == expected
    assert not sessions._loaded, "nothing was asked twice"
    assert llava.ask(sheets[:2], prompts[:2][::-1], settings(tmp_path)) != expected[:2]
    assert llava.ask([], [], settings(tmp_path)) == []


def test_an_image_that_the_model_does_not_take_is_a_failed_answer(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    """Qwen-VL refuses what is 200 times as long as it is wide; a broken file has no answer."""
    Image.new("RGB", (40, 60), "red").save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no image")
    Image.new("RGB", (3000, 10), "red").save(tmp_path / "c.png")
    collection = Folder(path=str(tmp_path)).load()
    rows = labeler(tiny("qwen_vl")).answers(collection, settings(), column="word").rows
    assert [row.id for row in rows] == ["a.png", "c.png"]
    assert [row.status == "failed" for row in rows] == [False, True]
    assert "does not take this image" in rows[1].answer
    assert rows[1].label == ""
    shown = [np.full((side, 40, 3), 99, np.uint8) for side in (60, 9000, 50)]
    store = settings(tmp_path / "store")
    for _ in range(2):
        said = labeler(tiny("qwen_vl")).ask(shown, ["what ?"] * 3, store)
        assert [text is None for text in said] == [False, True, False]
    assert labeler(tiny("qwen_vl")).ask(shown[1:2], ["what ?"], store) == [None]


def test_large_images_are_made_smaller_where_wanted(
    tiny: Callable[[str], Path], photos: Collection
) -> None:
    few = photos.take(photos.ids[:3])
    small = labeler(tiny("qwen_vl"), max_side=24)._writer
    shapes = {
        side: [
            labeler(tiny("qwen_vl"), max_side=side)._shown(image, "what ?")["pixel_values"].shape
            for image in pixels(few)
        ]
        for side in (None, 24)
    }
    assert all(a[0] > b[0] for a, b in zip(shapes[None], shapes[24], strict=True))
    assert small.batch_sizes == (4, 16)


def test_random_weights_and_weights_that_know_the_images_are_marked(
    tiny: Callable[[str], Path], photos: Collection, tmp_path: Path
) -> None:
    few = photos.take(photos.ids[:2])
    random = labeler(tiny("llava"), weights="random").answers(few, settings(), column="word")
    assert random.marks == ("random weights",)
    file = tmp_path / "tuned.safetensors"
    weights = load_file(tiny("llava") / "model.safetensors")
    save_file(weights, file, metadata=metadata([few.digests[0]]))
    seen = labeler(tiny("llava"), weights=str(file))
    assert seen.answers(few, settings(), column="word").marks == ("seen in training",)
    others = photos.take(photos.ids[2:4])
    assert seen.answers(others, settings(), column="word").marks == ()


def test_what_cannot_be_asked_is_told_with_the_way_out(
    tiny: Callable[[str], Path], photos: Collection, tmp_path: Path
) -> None:
    blip, vit = tiny_blip(tmp_path / "blip"), tiny_vit(tmp_path / "vit")
    for model, says in {
        blip: "'blip' is no chat model",
        vit: "'vit' is a vit model, which writes nothing about images",
    }.items():
        with pytest.raises(ComponentError, match=says) as error:
            labeler(model).answers(photos, settings(), column="word")
        with pytest.raises(ComponentError, match=says):
            labeler(model).check()
        assert "Choose another labeler.model, such as llava-hf/llava-1.5-7b-hf" in str(error.value)
    labeler(tiny("llava")).check()
    with pytest.raises(ComponentError, match=r"labeler\.max_new_tokens must be 1 or more"):
        labeler(tiny("llava"), max_new_tokens=0)
    with pytest.raises(ComponentError, match=r"labeler\.max_side must be 1 or more"):
        labeler(tiny("llava"), max_side=0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ComponentError, match=r"Name the file or its folder: labeler\.weights="):
        labeler(tiny("llava"), weights=str(tmp_path / "empty")).answers(
            photos, settings(), column="word"
        )
