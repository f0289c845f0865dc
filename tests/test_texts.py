"""Texts about images, and vectors of texts: the real loading code, on tiny models and MiniLM."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sentence_transformers
import torch
import torchvision
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file

from clusterlab.errors import ComponentError, DataError
from clusterlab.extractors._repetition import repair
from clusterlab.extractors.blip import ImageToText
from clusterlab.extractors.text import Text
from clusterlab.extractors.vilt import Vilt
from clusterlab.models.processor import Processor
from clusterlab.models.sentence_encoder import SentenceEncoder
from clusterlab.models.source import Source
from clusterlab.types import Collection, MemoryImage
from tests import models

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[np.ndarray]:
    """Ten photographs of unlike shapes."""
    files = sorted((shared_data / "clothing").rglob("*.jpg"))[::37][:10]
    return [np.asarray(Image.open(file).convert("RGB")) for file in files]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model of a family, built when first asked for."""
    top = tmp_path_factory.mktemp("models")

    def folder(family: str) -> Path:
        if not (top / family).exists():
            getattr(models, f"tiny_{family}")(top / family)
        return top / family

    return folder


def captioner(folder: Path, **arguments: Any) -> ImageToText:
    arguments = {"max_new_tokens": 12, "encoder": str(models.minilm())} | arguments
    return ImageToText(model=str(folder), **arguments)


def answerer(folder: Path, **arguments: Any) -> Vilt:
    return Vilt(model=str(folder), encoder=str(models.minilm()), **arguments)


def answers(model: Any, photos: list[np.ndarray], batch: int = 32) -> list[str]:
    module = model.build()
    inputs = [model.prepare(photo) for photo in photos]
    texts = []
    for start in range(0, len(inputs), batch):
        texts += model.apply(module, inputs[start : start + batch], CPU)
    return texts


def written(folder: Path, photos: list[np.ndarray], prompt: str | None, **how: Any) -> list[str]:
    """As the library's documentation does it, one photograph at a time."""
    processor = transformers.AutoProcessor.from_pretrained(folder)
    module = transformers.AutoModelForImageTextToText.from_pretrained(folder).eval()
    texts = []
    for photo in photos:
        inputs = processor(images=Image.fromarray(photo), return_tensors="pt")
        if prompt is not None and module.config.model_type == "git":
            words = processor.tokenizer(prompt, add_special_tokens=False)["input_ids"]
            inputs["input_ids"] = torch.tensor([[processor.tokenizer.cls_token_id, *words]])
        elif prompt is not None:
            inputs = processor(images=Image.fromarray(photo), text=prompt, return_tensors="pt")
        tokens = module.generate(**inputs, do_sample=False, max_new_tokens=12, **how)
        texts.append(processor.decode(tokens[0], skip_special_tokens=True))
    return texts


@pytest.mark.parametrize("family", ["blip", "git", "blip2", "florence2"])
def test_captions_are_those_of_a_plain_loop(
    family: str, tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    folder = tiny(family)
    expected = written(folder, photos, None)
    assert len(set(expected)) > 5, "the tiny model looks at the image"
    assert answers(captioner(folder), photos) == expected


@pytest.mark.parametrize("family", ["blip", "git", "blip2"])
def test_a_caption_goes_on_from_the_prompt_and_is_told_without_it(
    family: str, tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    folder = tiny(family)
    expected = written(folder, photos, "a plate of")
    assert all(text.startswith("a plate of") for text in expected)
    assert len(set(expected)) > 1
    found = answers(captioner(folder, prompt="a plate of"), photos)
    assert found == [text.removeprefix("a plate of").strip() for text in expected]


def test_a_task_is_done_and_is_no_part_of_the_text(
    tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    found = {}
    for task in ("<CAPTION>", "<MORE_DETAILED_CAPTION>"):
        expected = written(tiny("florence2"), photos, task)
        found[task] = answers(captioner(tiny("florence2"), prompt=task), photos)
        assert found[task] == [text.strip() for text in expected]
        assert len(set(expected)) > 5
    assert found["<CAPTION>"] != found["<MORE_DETAILED_CAPTION>"]
    with pytest.raises(ComponentError, match=r"should be the only content in the prompt"):
        captioner(tiny("florence2"), prompt="<CAPTION> of this").fingerprint()


def test_more_beams_search_wider(tiny: Callable[[str], Path], photos: list[np.ndarray]) -> None:
    found = answers(captioner(tiny("blip"), num_beams=3), photos)
    assert found == written(tiny("blip"), photos, None, num_beams=3)
    assert found != answers(captioner(tiny("blip")), photos)


@pytest.mark.parametrize(
    ("family", "prompt"),
    [
        ("blip", None),
        ("blip", "a plate of"),
        ("git", None),
        ("git", "a plate of"),
        ("blip2", "a plate of"),
        ("florence2", "<CAPTION>"),
    ],
)
def test_the_batch_does_not_change_a_caption(
    family: str, prompt: str | None, tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    model = captioner(tiny(family), prompt=prompt)
    alone = answers(model, photos, batch=1)
    assert answers(model, photos, batch=3) == alone
    assert answers(model, photos) == alone


def test_a_chat_model_answers_a_request(
    tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    folder = tiny("llava")
    processor = transformers.AutoProcessor.from_pretrained(folder)
    module = transformers.AutoModelForImageTextToText.from_pretrained(folder).eval()
    expected = []
    for photo in photos:
        picture = Image.fromarray(photo)
        inputs = processor(images=picture, text="<image> what is this ?", return_tensors="pt")
        tokens = module.generate(**inputs, do_sample=False, max_new_tokens=12)
        new = tokens[0, inputs["input_ids"].shape[1] :]
        expected.append(processor.decode(new, skip_special_tokens=True).strip())
    model = captioner(folder, prompt="what is this ?")
    assert answers(model, photos) == expected
    with pytest.raises(ComponentError, match=r"chat model.*extractor\.prompt="):
        captioner(folder).fingerprint()


def test_a_model_may_say_nothing(
    tiny: Callable[[str], Path], photos: list[np.ndarray], tmp_path: Path
) -> None:
    silent = shutil.copytree(tiny("blip"), tmp_path / "silent")
    state = load_file(silent / "model.safetensors")
    end = transformers.AutoTokenizer.from_pretrained(silent).sep_token_id
    state["text_decoder.cls.predictions.bias"][end] = 1000.0
    save_file(state, silent / "model.safetensors", metadata={"format": "pt"})
    assert answers(captioner(silent), photos[:2]) == ["", ""]


def test_threads_do_not_share_a_tokenizer(tiny: Callable[[str], Path]) -> None:
    # A tokenizer keeps how the last call cut its text off, which another thread's may have been.
    processor = Processor(Source(model=str(tiny("blip"))))

    def length(row: int) -> int:
        tokenizer = processor.own.tokenizer
        return len(tokenizer("a dog " * 50, truncation=True, max_length=20 + row % 3)["input_ids"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(length, range(1500))) == [20 + row % 3 for row in range(1500)]


def test_random_weights_follow_their_seed(
    tiny: Callable[[str], Path],
) -> None:
    def weights(seed: int) -> torch.Tensor:
        module: Any = captioner(tiny("git"), weights="random", random_state=seed).build()
        return module.git.embeddings.word_embeddings.weight

    before = torch.random.get_rng_state()
    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
    assert torch.equal(before, torch.random.get_rng_state()), "nobody else's numbers change"


def test_another_kind_of_model_is_refused(tiny: Callable[[str], Path]) -> None:
    with pytest.raises(ComponentError, match="'vit' is a vit model, which writes nothing"):
        captioner(tiny("vit")).fingerprint()
    with pytest.raises(ComponentError, match="'blip' is a blip model, not a ViLT one"):
        answerer(tiny("blip")).fingerprint()
    with pytest.raises(ComponentError, match=r"max_new_tokens must be 1 or more, not 0"):
        captioner(tiny("blip"), max_new_tokens=0)


OWN_CONFIG = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own"}}
OWN_PROCESSOR = {"processor_class": "Own", "auto_map": {"AutoProcessor": "own.Own"}}
OWN_TOKENIZER = {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}}
# A model, and the file of its folder that asks for code.
CODE = [
    ("blip", "config.json", OWN_CONFIG),
    ("blip", "processor_config.json", OWN_PROCESSOR),
    ("vilt", "processor_config.json", OWN_PROCESSOR),
    ("bert", "config.json", OWN_CONFIG),
]


def with_code(folder: Path, file: str, says: dict[str, Any]) -> Path:
    """A folder whose own.py creates the file `ran` when it is imported."""
    settings = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(settings | says))
    marker = folder / "ran"
    code = f"open({str(marker)!r}, 'w').close()\nclass Own:\n    pass\n"
    (folder / "own.py").write_text(code)
    return marker


@pytest.fixture
def agreeing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who says yes to whatever is asked at the terminal."""
    monkeypatch.setattr("builtins.input", lambda *_: "y")


def reader(folder: Path) -> Any:
    made = {"blip": captioner, "vilt": answerer}
    return made.get(folder.name, lambda path: SentenceEncoder(model=str(path)))(folder)


@pytest.mark.usefixtures("agreeing")
@pytest.mark.parametrize(("family", "file", "says"), CODE)
def test_no_code_of_a_folder_runs(
    family: str, file: str, says: dict[str, Any], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny(family), tmp_path / family)
    marker = with_code(folder, file, says)
    with pytest.raises(ComponentError, match=r"config\.json|clusterlab runs no such code"):
        reader(folder).build()
    assert not marker.exists()


@pytest.mark.usefixtures("agreeing")
@pytest.mark.parametrize("family", ["blip", "vilt", "bert"])
def test_a_tokenizer_of_its_own_is_not_run_either(
    family: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    """Where the library knows the kind of model, it takes its own tokenizer."""
    folder = shutil.copytree(tiny(family), tmp_path / family)
    marker = with_code(folder, "tokenizer_config.json", OWN_TOKENIZER)
    assert reader(folder).build()
    assert not marker.exists()


def test_a_sentence_encoder_made_of_own_code_is_refused(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("sentences"), tmp_path / "sentences")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "own.Own"
    (folder / "modules.json").write_text(json.dumps(modules))
    marker = with_code(folder, "config.json", {})
    with pytest.raises(ComponentError, match="clusterlab runs no such code"):
        SentenceEncoder(model=str(folder)).build()
    assert not marker.exists()


@pytest.mark.usefixtures("agreeing")
def test_no_code_runs_for_a_part_of_a_processor(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    """Where only the model's type says which processor it is."""
    folder = shutil.copytree(tiny("blip"), tmp_path / "blip")
    for file in ("processor_config.json", "tokenizer_config.json"):
        settings = json.loads((folder / file).read_text())
        del settings["processor_class"]
        images = settings.pop("image_processor", None)
        (folder / file).write_text(json.dumps(settings))
        if images:
            (folder / file).unlink()
            (folder / "preprocessor_config.json").write_text(json.dumps(images))
    assert captioner(folder).fingerprint()
    own = {"image_processor_type": "Own", "auto_map": {"AutoImageProcessor": "own.Own"}}
    marker = with_code(folder, "preprocessor_config.json", own)
    with pytest.raises(ComponentError, match="clusterlab runs no such code"):
        captioner(folder).fingerprint()
    assert not marker.exists()


@pytest.mark.parametrize("family", ["blip", "vilt", "bert"])
def test_a_folder_without_a_tokenizer_is_told(
    family: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny(family), tmp_path / family)
    for file in folder.glob("tokenizer*"):
        file.unlink()
    made = {"blip": captioner, "vilt": answerer}
    with pytest.raises(ComponentError, match=rf"{folder} has no tokenizer"):
        made.get(family, lambda path: SentenceEncoder(model=str(path)))(folder).build()


def test_an_answer_is_the_label_of_the_likeliest_class(
    tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    processor = transformers.AutoProcessor.from_pretrained(tiny("vilt"))
    module = transformers.ViltForQuestionAnswering.from_pretrained(tiny("vilt")).eval()
    numbers = []
    for photo in photos:
        question = "Which dish is in this image ?"
        inputs = processor(Image.fromarray(photo), question, return_tensors="pt")
        numbers.append(int(module(**inputs).logits.argmax()))
    assert len(set(numbers)) > 1
    assert answers(answerer(tiny("vilt")), photos) == [models.ANSWERS[n] for n in numbers]
    # The study's mistake: word 2 of the tokenizer is "[unused1]", whatever class 2 is.
    legacy = answers(answerer(tiny("vilt"), decode="token"), photos)
    assert legacy == [f"[unused{n - 1}]" if n else "[PAD]" for n in numbers]


def test_another_question_may_have_another_answer(
    tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    one = answers(answerer(tiny("vilt")), photos)
    assert one != answers(answerer(tiny("vilt"), question="what"), photos)


def test_answers_depend_neither_on_the_batch_nor_on_chance(
    tiny: Callable[[str], Path], photos: list[np.ndarray], tmp_path: Path
) -> None:
    # A config that has ViLT look at 4 patches, drawn at random, of up to 24.
    folder = shutil.copytree(tiny("vilt"), tmp_path / "vilt")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_image_length": 4}))
    expected = answers(answerer(tiny("vilt")), photos)
    for seed, batch in enumerate((1, 3, 32)):
        torch.manual_seed(seed)
        before = torch.random.get_rng_state()
        assert answers(answerer(folder), photos, batch) == expected
        assert torch.equal(before, torch.random.get_rng_state())


def test_answers_of_several_threads_leave_the_random_numbers_alone(
    tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    """As with several devices. The second begins while the first is at it, and ends after it."""
    model = answerer(tiny("vilt"))
    inputs = [model.prepare(photos[0])]
    module = model.build()
    module.register_forward_pre_hook(lambda *_: time.sleep(0.2))
    expected = model.apply(module, inputs, CPU)
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(model.apply, module, inputs, CPU)
        time.sleep(0.1)
        second = pool.submit(model.apply, module, inputs, CPU)
    assert first.result() == second.result() == expected
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_answers_leave_the_random_numbers_of_a_gpu_alone(
    tiny: Callable[[str], Path], photos: list[np.ndarray]
) -> None:
    model = answerer(tiny("vilt"))
    gpu = torch.device("cuda")
    module = model.build().to(gpu)
    torch.manual_seed(7)
    before = torch.cuda.get_rng_state()
    assert model.apply(module, [model.prepare(photos[0])], gpu) == answers(model, photos[:1])
    assert torch.equal(before, torch.cuda.get_rng_state())


def test_a_question_over_the_limit_is_refused_with_its_length(
    tiny: Callable[[str], Path],
) -> None:
    # Two tokens stand around the question.
    longest = answerer(tiny("vilt"), question="dish " * 38)
    assert longest.fingerprint()["question"] == "dish " * 38
    for refuse in ("fingerprint", "build"):
        too_long = answerer(tiny("vilt"), question="dish " * 39)
        with pytest.raises(ComponentError, match=r"has 41 tokens, and 'vilt' takes 40 at most"):
            getattr(too_long, refuse)()


def test_an_image_of_which_no_patch_is_left_is_one_failure(tiny: Callable[[str], Path]) -> None:
    with pytest.raises(DataError, match="10 x 3000 pixels is too long and narrow for 'vilt'"):
        answerer(tiny("vilt")).prepare(np.zeros((3000, 10, 3), np.uint8))


def test_decode_is_told_apart_by_name(tiny: Callable[[str], Path]) -> None:
    with pytest.raises(ComponentError, match=r"'lable'\. Did you mean 'label'"):
        answerer(tiny("vilt"), decode="lable")


def test_sentences_that_mean_the_same_are_near() -> None:
    encoder = SentenceEncoder(model=str(models.minilm()), normalize=True)
    dog, puppy, part = encoder.apply(encoder.build(), ["a dog", "a puppy", "a carburettor"], CPU)
    assert dog @ puppy > 0.7
    assert dog @ part < 0.4


def test_vectors_are_those_of_the_library_itself() -> None:
    texts = ["a plate of food", "", "a dog", "a large wooden table with bread on it"]
    own = sentence_transformers.SentenceTransformer(str(models.minilm()), device="cpu")
    encoder = SentenceEncoder(model=str(models.minilm()))
    found = encoder.apply(encoder.build(), texts, CPU)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, own.encode(texts), atol=1e-6)


def test_the_batch_does_not_change_a_vector() -> None:
    encoder = SentenceEncoder(model=str(models.minilm()))
    module = encoder.build()
    texts = ["a dog", "a table " * 60, "", "couscous with lamb", "a red shirt on a white table"]
    together = encoder.apply(module, texts, CPU)
    alone = np.concatenate([encoder.apply(module, [text], CPU) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_plain_language_model_averages_its_words(tiny: Callable[[str], Path]) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny("bert"))
    bert = transformers.AutoModel.from_pretrained(tiny("bert")).eval()
    tokens = tokenizer("a dog on the table", return_tensors="pt")
    with torch.inference_mode():
        expected = bert(**tokens).last_hidden_state[0].mean(dim=0).numpy()
    encoder = SentenceEncoder(model=str(tiny("bert")))
    found = encoder.apply(encoder.build(), ["a dog on the table", "a cup of rice soup"], CPU)
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_max_tokens_is_the_beginning_of_a_text(tiny: Callable[[str], Path]) -> None:
    texts = ["a dog on the table", "a dog on the plate"]
    # [CLS] a dog on the [SEP]
    short = SentenceEncoder(model=str(tiny("bert")), max_tokens=6)
    one, other = short.apply(short.build(), texts, CPU)
    np.testing.assert_allclose(one, other, atol=1e-6)
    whole = SentenceEncoder(model=str(tiny("bert")), max_tokens=64)
    one, other = whole.apply(whole.build(), texts, CPU)
    assert np.abs(one - other).max() > 0.01
    with pytest.raises(ComponentError, match=r"max_tokens=65, but .* reads 64 at most"):
        SentenceEncoder(model=str(tiny("bert")), max_tokens=65).build()
    with pytest.raises(ComponentError, match="max_tokens must be 3 or more, not 2"):
        SentenceEncoder(model=str(tiny("bert")), max_tokens=2)


def test_an_encoder_with_weights_missing_is_refused(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("bert"), tmp_path / "bert")
    state = load_file(folder / "model.safetensors")
    lost = "encoder.layer.1.output.dense.weight"
    # The pooler is not needed.
    kept = {k: v for k, v in state.items() if k != lost and not k.startswith("pooler.")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ComponentError, match=f"1 of its weights are missing, first {lost}"):
        SentenceEncoder(model=str(folder)).build()
    save_file(kept | {lost: state[lost]}, folder / "model.safetensors", metadata={"format": "pt"})
    assert SentenceEncoder(model=str(folder)).build()


def test_a_model_of_images_is_no_sentence_encoder(tiny: Callable[[str], Path]) -> None:
    with pytest.raises(ComponentError, match=r"cannot read text.*extractor\.encoder"):
        SentenceEncoder(model=str(tiny("vit"))).build()


def changed(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def test_a_fingerprint_follows_what_decides_the_text_and_no_path(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    def known(model: Any) -> str:
        return json.dumps(model.fingerprint(), sort_keys=True)

    folder = tiny("blip")
    copy = shutil.copytree(folder, tmp_path / "elsewhere" / "blip")
    original = known(captioner(folder))
    assert known(captioner(copy)) == original
    assert str(folder.parent) not in original
    others = [
        captioner(folder, prompt="a plate"),
        captioner(folder, max_new_tokens=13),
        captioner(folder, num_beams=2),
        captioner(folder, weights="random"),
        captioner(folder, weights="random", random_state=1),
    ]
    assert len({original, *map(known, others)}) == 6
    changed(copy, "processor_config.json", '"rescale_factor": 0.00392', '"rescale_factor": 0.00393')
    assert known(captioner(copy)) != original
    vilt = tiny("vilt")
    asked = [answerer(vilt), answerer(vilt, decode="token"), answerer(vilt, question="what")]
    assert len(set(map(known, asked))) == 3


def test_a_fingerprint_follows_a_tokenizer_written_in_python(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("blip"), tmp_path / "blip")
    (folder / "tokenizer.json").unlink()
    changed(folder, "tokenizer_config.json", '"BertTokenizer"', '"EsmTokenizer"')
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<eos>", *models.WORDS]
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer = Processor(Source(model=str(folder))).loaded.tokenizer
    assert not tokenizer.is_fast
    assert tokenizer("soup")["input_ids"] == [2, words.index("soup"), 5]
    known = captioner(folder).fingerprint()
    assert captioner(folder).fingerprint() == known
    changed(folder, "vocab.txt", "soup\nsalad", "salad\nsoup")
    assert captioner(folder).fingerprint() != known


def test_a_fingerprint_names_the_libraries_that_make_the_input(
    tiny: Callable[[str], Path],
) -> None:
    for model in (captioner(tiny("blip")), answerer(tiny("vilt"))):
        found = model.fingerprint()
        assert torchvision.__version__.startswith(found["torchvision"])
        assert found["transformers"] == transformers.__version__


def test_an_encoders_fingerprint_follows_how_it_reads(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    known = SentenceEncoder(model=str(tiny("bert"))).fingerprint()
    copy = shutil.copytree(tiny("bert"), tmp_path / "elsewhere" / "bert")
    assert SentenceEncoder(model=str(copy)).fingerprint() == known
    assert SentenceEncoder(model=str(copy), max_tokens=64).fingerprint() != known
    assert SentenceEncoder(model=str(copy), normalize=True).fingerprint() != known
    changed(copy, "tokenizer.json", '"lowercase": true', '"lowercase": false')
    assert SentenceEncoder(model=str(copy)).fingerprint() != known


@pytest.mark.parametrize("file", ["modules.json", "1_Pooling/config.json", "0_Words/vocab.txt"])
def test_an_encoders_fingerprint_follows_its_parts(
    file: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("sentences"), tmp_path / "sentences")
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).touch()
    known = SentenceEncoder(model=str(folder)).fingerprint()
    with (folder / file).open("a") as part:
        part.write("\n")
    assert SentenceEncoder(model=str(folder)).fingerprint() != known


def drawings(text: tuple[str | None, ...] | None) -> Collection:
    return Collection(
        name="drawings",
        ids=("a", "b"),
        images=(MemoryImage(b""), MemoryImage(b"")),
        digests=("0", "1"),
        labels=pd.DataFrame({"animal": ["dog", None]}, dtype=object),
        split=np.array(["all", "all"]),
        numeric=pd.DataFrame({"width": [1.0, 2.0]}),
        text=text,
    )


def test_the_text_column_is_read() -> None:
    assert Text().texts(drawings(("a dog", None))) == ("a dog", None)
    assert Text(column="description").name == "description"
    with pytest.raises(ComponentError, match=r"'dorp'\. Did you mean 'drop'"):
        Text(empty="dorp")


def test_without_a_text_column_the_way_out_is_named() -> None:
    with pytest.raises(DataError, match=r"dataset\.text_column=COLUMN.*animal, width"):
        Text().texts(drawings(None))


REPEATING = {
    "taco ta ta ta": "taco",
    "taco ta ta ta with cheese": "taco with cheese",
    "banana ba ba": "banana",
    "the the the": "the",
    "red red red red shoes on a table": "red shoes on a table",
    "Pizza, pizza, pizza.": "Pizza",
    "a plate of food with a plate of food with a plate of food": "a plate of food",
    # Cut off by max_new_tokens, between words and within one.
    "a plate of food with a plate of food with a plate of food with a": "a plate of food",
    "a plate of food with a plate of food with a pla": "a plate of food",
    "a plate with a plate with a plate with a fork": "a plate with a fork",
    "a bowl of rice and rice and rice and rice": "a bowl of rice",
    "the eiffel tower the eiffel tower": "the eiffel tower",
    "a a a a b b b b": "a b",
    "sushishishishi roll": "sushi roll",
}
MEANT = (
    "bora bora",
    "a beach in bora bora",
    "couscous with lamb",
    "New York New York",
    "a dog and a dog",
    "a man and a woman and a man and a child",
    "a statue of a man next to a statue of a man",
    "a plate of food with a bowl of food",
    "room 11 1 1",
    "pho",
)


@pytest.mark.parametrize("text", REPEATING)
def test_a_caption_that_repeats_itself_is_shortened_and_says_so(text: str) -> None:
    repaired, note = repair(text)
    assert repaired == REPEATING[text]
    assert note == f"repeats itself; shortened from '{text}'"
    assert repair(repaired) == (repaired, "")


@pytest.mark.parametrize("text", MEANT)
def test_what_may_be_meant_stays(text: str) -> None:
    assert repair(text) == (text, "")


def test_an_empty_caption_is_told() -> None:
    assert repair(" \n") == ("", "empty")
