"""Where models come from, and what is made of files that are not what they should be."""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import hf_hub_download
from safetensors.torch import save_file

from clusterlab.errors import ComponentError
from clusterlab.models import _hub
from clusterlab.models._names import wanted
from clusterlab.models.checkpoint import mismatch, read_state
from clusterlab.models.source import Source
from tests.hub import Hub

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "conv.bias": torch.ones(2)}
# The file lists of real repositories, each with what a run needs of it.
REPOSITORIES = {
    "facebook/dinov2-base": (
        {"config.json", "model.safetensors", "preprocessor_config.json"},
        {".gitattributes", "README.md", "pytorch_model.bin"},
    ),
    "sentence-transformers/all-mpnet-base-v2": (
        {
            "1_Pooling/config.json",
            "config.json",
            "config_sentence_transformers.json",
            "data_config.json",
            "model.safetensors",
            "modules.json",
            "sentence_bert_config.json",
            "special_tokens_map.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "vocab.txt",
        },
        {
            ".gitattributes",
            "README.md",
            "onnx/model.onnx",
            "onnx/model_O4.onnx",
            "openvino/openvino_model.bin",
            "openvino/openvino_model.xml",
            "pytorch_model.bin",
            "train_script.py",
        },
    ),
    "dandelin/vilt-b32-finetuned-vqa before it had safetensors": (
        {"config.json", "preprocessor_config.json", "pytorch_model.bin", "vocab.txt"},
        {"README.md", "training_args.bin", "optimizer.pt"},
    ),
    "Salesforce/blip2-opt-2.7b": (
        {
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "merges.txt",
        },
        {
            "pytorch_model-00001-of-00002.bin",
            "pytorch_model-00002-of-00002.bin",
            "pytorch_model.bin.index.json",
            "tf_model.h5",
            "flax_model.msgpack",
            "modeling_blip.py",
        },
    ),
    "timm/vit_base_patch16_clip_224.openai": (
        {"config.json", "model.safetensors"},
        {"open_clip_model.safetensors", "open_clip_pytorch_model.bin", "README.md"},
    ),
}


class Touch:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.path}'",)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub of our own, and an empty cache."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    with Hub() as hub:
        for name, value in hub.environment(tmp_path / "hf").items():
            monkeypatch.setenv(name, value)
        yield hub


def repository(folder: Path, *, scale: float = 1.0) -> Path:
    """A repository with everything twice, and a file that only newer versions have."""
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "onnx").mkdir()
    save_file({name: scale * value for name, value in STATE.items()}, folder / "model.safetensors")
    torch.save(STATE, folder / "pytorch_model.bin")
    for name in ("config.json", "tokenizer.json", "1_Pooling/config.json"):
        (folder / name).write_text(f'{{"{name}": {scale}}}', encoding="utf-8")
    (folder / "onnx" / "model.onnx").write_bytes(b"0" * 100)
    (folder / "modeling.py").write_text("raise SystemExit", encoding="utf-8")
    return folder


def same(state: dict[str, torch.Tensor], expected: dict[str, torch.Tensor] = STATE) -> bool:
    return state.keys() == expected.keys() and all(
        torch.equal(state[name], value) for name, value in expected.items()
    )


@pytest.mark.parametrize("model", REPOSITORIES)
def test_only_what_is_needed_is_taken_of_a_repository(model: str) -> None:
    needed, spare = REPOSITORIES[model]
    assert set(wanted(needed | spare, weights=True)) == needed
    weights = {name for name in needed if ".safetensors" in name or name.endswith(".bin")}
    assert set(wanted(needed | spare, weights=False)) == needed - weights


def test_a_model_comes_from_the_hub_once(hub: Hub, tmp_path: Path) -> None:
    commit = hub.push("lab/tiny", repository(tmp_path / "repo"))
    source = Source(model="lab/tiny")
    assert source.missing()
    folder = source.folder()
    assert sorted(hub.downloads()) == [
        "1_Pooling/config.json",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    asked = len(hub.requests)
    assert not source.missing()
    assert same(read_state(source.files()))
    assert source.fetch() == source.folder() == folder
    assert source.describe() == {
        "model": "lab/tiny",
        "revision": commit,
        "weights": "hub",
        "sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
    }
    assert len(hub.requests) == asked, "what is there is used without a word to the hub"


def test_a_revision_stays_what_it_is(hub: Hub, tmp_path: Path) -> None:
    old = hub.push("lab/tiny", repository(tmp_path / "old"))
    pinned, main = Source(model="lab/tiny", revision=old), Source(model="lab/tiny")
    main.fetch()
    new = hub.push("lab/tiny", repository(tmp_path / "new", scale=2.0))
    assert not pinned.missing()
    assert main.describe()["revision"] == old, "main is what it was when it was fetched"
    other = Source(model="lab/tiny", revision=new)
    assert other.missing()
    assert other.describe()["revision"] == new
    assert pinned.digest() != other.digest()
    assert same(read_state(pinned.files()))


def test_weights_as_pickles_are_taken_only_where_there_is_nothing_else(
    hub: Hub, tmp_path: Path
) -> None:
    folder = repository(tmp_path / "repo")
    (folder / "model.safetensors").unlink()
    hub.push("lab/old", folder)
    source = Source(model="lab/old")
    assert [file.name for file in source.files()] == ["pytorch_model.bin"]
    assert same(read_state(source.files()))


def test_a_cache_that_lacks_files_is_completed(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.push("lab/tiny", repository(tmp_path / "repo"))
    source = Source(model="lab/tiny")
    folder = source.fetch()
    (folder / "tokenizer.json").unlink()
    # A disk that was full: the link is there, the content is not.
    weights = (folder / "model.safetensors").resolve()
    content = weights.read_bytes()
    weights.write_bytes(content[:-5])
    assert source.missing()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ComponentError, match=r"lacking: model.safetensors, tokenizer.json"):
        source.folder()
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert (source.folder() / "model.safetensors").read_bytes() == content
    assert not source.missing()


def test_a_cache_that_another_program_filled_is_used_and_completed_by_fetch(
    hub: Hub, tmp_path: Path
) -> None:
    commit = hub.push("lab/tiny", repository(tmp_path / "repo"))
    source = Source(model="lab/tiny")
    cache = tmp_path / "hf" / "hub"
    for name in ("config.json", "model.safetensors"):
        assert source.missing()
        hf_hub_download("lab/tiny", name, endpoint=hub.url, cache_dir=cache)
    asked = len(hub.requests)
    assert source.folder().name == commit
    assert len(hub.requests) == asked
    source.fetch()
    assert (source.folder() / "tokenizer.json").is_file()


def test_without_the_network_all_is_there(hub: Hub, tmp_path: Path) -> None:
    """A process in which no socket can be opened."""
    hub.push("lab/tiny", repository(tmp_path / "repo"))
    Source(model="lab/tiny").fetch()
    code = """
import socket
def refuse(*arguments):
    raise AssertionError("the network was touched")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from clusterlab.models.checkpoint import read_state
from clusterlab.models.source import Source
source = Source(model="lab/tiny")
assert not source.missing()
source.fetch(), source.folder()
print(source.describe()["weights"], sorted(read_state(source.files())))
"""
    environment = {**os.environ, "HF_HUB_OFFLINE": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "hub ['conv.bias', 'conv.weight']\n"


def test_a_typo_while_offline_is_told_with_both_ways_out(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.push("lab/tiny", repository(tmp_path / "repo"))
    Source(model="lab/tiny").fetch()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ComponentError) as caught:
        Source(model="lab/tyni", setting="extractor.parts.a.weights").files()
    said = str(caught.value)
    assert "'lab/tyni' (revision main)" in said
    assert str(tmp_path / "hf" / "hub") in said
    assert "HF_HUB_OFFLINE" in said
    assert "Did you mean 'lab/tiny'?" in said
    assert "`clusterlab fetch`" in said
    assert "extractor.parts.a.weights=PATH" in said


@pytest.mark.parametrize(
    ("model", "revision", "says"),
    [
        ("lab/tyni", None, "has no such model, or it is private. Did you mean 'lab/tiny'?"),
        ("lab/tiny", "v9", "its repository has no revision 'v9'"),
        ("lab/gated", None, "ask for access on its page .* `hf auth login`"),
        ("lab/keras", None, r"holds no PyTorch weights \(config.json, tf_model.h5\)"),
        ("lab/two", None, "Several files of .* could be the weights: a.safetensors, b.safetensors"),
        ("lab/tiny/vit", None, "neither a folder that exists nor a hub id"),
        ("lab--tiny", None, "neither a folder nor a hub id"),
    ],
)
def test_what_the_hub_refuses_is_told(
    hub: Hub, tmp_path: Path, model: str, revision: str | None, says: str
) -> None:
    hub.push("lab/tiny", repository(tmp_path / "tiny"))
    Source(model="lab/tiny").fetch()
    hub.push("lab/gated", repository(tmp_path / "gated"), gated=True)
    for name, files in {
        "lab/keras": ["config.json", "tf_model.h5"],
        "lab/two": ["config.json", "a.safetensors", "b.safetensors"],
    }.items():
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for file in files:
            (folder / file).write_text("{}", encoding="utf-8")
        hub.push(name, folder)
    with pytest.raises(ComponentError, match=says):
        Source(model=model, revision=revision).folder()


def test_a_hub_that_is_down_is_noticed_at_once(hub: Hub) -> None:
    hub.down = True
    begin = time.perf_counter()
    with pytest.raises(ComponentError, match=f"{hub.url} answered with HTTP 503"):
        Source(model="lab/tiny").folder()
    assert time.perf_counter() - begin < 5


def test_a_hub_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _hub._PATIENCE < 15
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr(_hub, "_PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begin = time.perf_counter()
        with pytest.raises(ComponentError, match=r"cannot be reached \(TimeoutError: no answer"):
            Source(model="lab/tiny").folder()
        assert time.perf_counter() - begin < 5


def test_a_cache_that_cannot_be_written_is_named(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.push("lab/tiny", repository(tmp_path / "repo"))
    (tmp_path / "file").touch()
    monkeypatch.setenv("HF_HOME", str(tmp_path / "file"))
    with pytest.raises(ComponentError, match=f"cache cannot be written .*{tmp_path}/file"):
        Source(model="lab/tiny").folder()


@pytest.mark.parametrize(
    "name", ["model.safetensors", "pytorch_model.bin", "vit_best.safetensors", "a.pth", "a.pt"]
)
def test_a_local_folder_holds_weights_under_any_sensible_name(tmp_path: Path, name: str) -> None:
    save = save_file if name.endswith(".safetensors") else torch.save
    save(STATE, tmp_path / name)
    torch.save({"step": torch.zeros(1)}, tmp_path / "training_args.bin")
    for source in (
        Source(model=str(tmp_path)),
        Source(model="lab/none", weights=str(tmp_path)),
        Source(model="lab/none", weights=str(tmp_path / name)),
    ):
        assert same(read_state(source.files()))
        assert source.describe()["weights"] == "local"
        assert str(tmp_path.parent) not in str(source.describe())
    assert not Source(model=str(tmp_path)).missing()
    assert Source(model=str(tmp_path)).fetch() == tmp_path


def test_shards_are_read_together_and_must_all_be_there(tmp_path: Path) -> None:
    names = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    for (key, value), name in zip(STATE.items(), names, strict=True):
        save_file({key: value}, tmp_path / name)
    source = Source(model=str(tmp_path))
    assert same(read_state(source.files()))
    parts = [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in names]
    assert source.digest() == hashlib.sha256("".join(parts).encode()).hexdigest()
    (tmp_path / names[0]).unlink()
    with pytest.raises(ComponentError, match=f"lacks {names[0]}"):
        source.files()


def test_a_digest_follows_the_file(tmp_path: Path) -> None:
    source = Source(model=str(tmp_path))
    for scale in (1.0, 2.0):
        save_file({"a": torch.full((3,), scale)}, tmp_path / "model.safetensors")
        content = (tmp_path / "model.safetensors").read_bytes()
        os.utime(tmp_path / "model.safetensors", ns=(0, int(scale)))
        assert source.digest() == hashlib.sha256(content).hexdigest()


def test_own_weights_take_their_configs_from_the_model(hub: Hub, tmp_path: Path) -> None:
    hub.push("lab/tiny", repository(tmp_path / "repo"))
    torch.save(STATE, tmp_path / "mine.pth")
    file = str(tmp_path / "mine.pth")
    source = Source(model="lab/tiny", weights=file)
    assert source.missing()
    assert (source.folder() / "config.json").is_file()
    assert "model.safetensors" not in hub.downloads()
    assert source.files() == [tmp_path / "mine.pth"]
    assert not Source(model="lab/other", weights=file, configs=False).missing()
    whole = Source(model="lab/other", weights=str(tmp_path / "repo"))
    assert not whole.missing()
    assert whole.folder() == tmp_path / "repo"


def test_random_weights_need_the_configs_at_most(hub: Hub, tmp_path: Path) -> None:
    hub.push("lab/tiny", repository(tmp_path / "repo"))
    source = Source(model="lab/tiny", weights="random")
    assert source.random
    assert source.files() == []
    assert source.describe() == {
        "model": "lab/tiny",
        "revision": None,
        "weights": "random",
        "sha256": "random",
    }
    assert not hub.requests
    assert (source.folder() / "config.json").is_file()
    assert "model.safetensors" not in hub.downloads()
    assert not Source(model="timm/none", weights="random", configs=False).missing()


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("radnom", "extractor.weights=radnom: there is no such file.* Did you mean 'random'?"),
        ("/nowhere/vit.pth", "no such file or folder"),
    ],
)
def test_weights_that_do_not_exist_are_named(weights: str, says: str) -> None:
    with pytest.raises(ComponentError, match=says):
        Source(model="lab/tiny", weights=weights).files()


def test_a_local_folder_without_weights_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "tf_model.h5").touch()
    with pytest.raises(ComponentError, match=r"holds no PyTorch weights \(in it: tf_model.h5\)"):
        Source(model=str(tmp_path)).files()
    with pytest.raises(ComponentError, match=r"is a file\. Say what the model is"):
        Source(model=str(tmp_path / "tf_model.h5")).files()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1}},
        lambda state: {"model": state, "args": {"model": "vit"}},
        lambda state: {"model_state_dict": state},
        lambda state: {"state_dict_ema": state, "state_dict": {"conv.bias": torch.zeros(2)}},
        lambda state: {"model": {"state_dict": state}},
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {
            "state_dict": {f"module._orig_mod.{name}": value for name, value in state.items()}
        },
        lambda state: {**state, "epoch": 3},
    ],
)
def test_what_training_scripts_wrap_around_weights_is_taken_off(tmp_path: Path, wrap) -> None:
    torch.save(wrap(STATE), tmp_path / "checkpoint.pth")
    assert same(read_state([tmp_path / "checkpoint.pth"]))


def test_a_module_of_the_model_called_module_keeps_its_name(tmp_path: Path) -> None:
    state = {"module.weight": torch.ones(1), "head.weight": torch.ones(1)}
    torch.save(state, tmp_path / "model.pth")
    assert read_state([tmp_path / "model.pth"]).keys() == state.keys()


@pytest.mark.parametrize("as_zip", [True, False])
@pytest.mark.parametrize("forced", ["0", "1"])
def test_a_pickle_with_code_is_not_executed(
    tmp_path: Path, as_zip: bool, forced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", forced)
    trap = tmp_path / "executed"
    content = {"state_dict": STATE, "extra": Touch(trap)}
    file = tmp_path / "model.pth"
    if as_zip:
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(content["extra"], protocol=2))
    with pytest.raises(ComponentError, match="holds no weights that can be read safely"):
        read_state([file])
    assert not trap.exists()
    pickle.loads(pickle.dumps(content["extra"]))
    assert trap.exists(), "the trap would have snapped"


def test_files_that_are_no_weights_say_what_they_are(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "whole.safetensors")
    torch.save(STATE, tmp_path / "whole.pth")
    whole = (tmp_path / "whole.safetensors").read_bytes()
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    says = {
        "short.safetensors": (whole[:-8], r"\(\d+ bytes\) is cut short, damaged"),
        "header.safetensors": (whole[:20], "is cut short"),
        "empty.safetensors": (b"", "is an empty file|are an empty file"),
        "pointer.safetensors": (pointer, "is a Git LFS pointer.* git lfs pull"),
        "pointer.bin": (pointer, "is a Git LFS pointer"),
        "page.safetensors": (b"<!DOCTYPE html><html>", "is a web page, not weights"),
        "page.pth": (b"\n<html>", "is a web page"),
        "short.pth": ((tmp_path / "whole.pth").read_bytes()[:-300], "is cut short"),
        "noise.pth": (b"hello", "damaged or another kind of file"),
    }
    for name, (content, pattern) in says.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ComponentError, match=pattern) as caught:
            read_state([tmp_path / name])
        assert str(tmp_path / name) in str(caught.value)
    with pytest.raises(ComponentError, match=r"gone.pth cannot be read: No such file"):
        read_state([tmp_path / "gone.pth"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (torch.ones(3), "holds a Tensor, not a state dict"),
        ({"epoch": 3, "lr": 0.1}, r"no tensor in it \(it holds epoch, lr\)"),
        ({}, r"no tensor in it \(it is empty\)"),
        ({"state_dict": {}}, r"it is empty"),
        (torch.nn.Linear(2, 2), "holds more than tensors .torch.nn.modules.linear.Linear"),
    ],
)
def test_pickles_that_are_no_state_dict_say_so(tmp_path: Path, content: object, says: str) -> None:
    torch.save(content, tmp_path / "model.pth")
    with pytest.raises(ComponentError, match=says):
        read_state([tmp_path / "model.pth"])


def test_a_mismatch_names_the_first_keys_of_each_kind() -> None:
    resnet = {f"layer{i}.weight": (2, 2) for i in range(5)} | {"fc.weight": (10, 2)}
    fits = {name: torch.zeros(shape) for name, shape in resnet.items()}
    assert mismatch(fits, resnet) == ""
    assert mismatch({**fits, "head": torch.zeros(1)}, resnet) == "", "a head too many does no harm"
    vit = {"patch.weight": torch.zeros(1), "fc.weight": torch.zeros(5, 2)}
    assert mismatch(vit, resnet) == (
        "5 of 6 are missing ('layer0.weight', 'layer1.weight', 'layer2.weight', ...); "
        "1 has another shape ('fc.weight' is (5, 2), not (10, 2)); "
        "1 is unexpected ('patch.weight')"
    )


def test_real_weights_are_read_whole(shared_data: Path) -> None:
    file = shared_data.parent / "weights" / "mobilenetv2_100_qat_innorm.safetensors"
    if not file.is_file():
        pytest.skip(f"no real weights at {file}")
    source = Source(model="timm/mobilenetv2_100", weights=str(file), configs=False)
    state = read_state(source.files())
    assert sum(value.numel() for value in state.values()) > 3_000_000
    assert source.digest() == hashlib.sha256(file.read_bytes()).hexdigest()
