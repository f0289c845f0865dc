"""`clusterlab fetch`: what it brings, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from clusterlab.cli.fetch import main, sources
from clusterlab.errors import ConfigError, UsageError
from clusterlab.models.source import Source
from tests.hub import Hub
from tests.models import tiny_vit
from tests.runs import environment, run_folder

RESNET = "timm/resnet10t.c3_in1k"


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny ViT with its image processor, as save_pretrained writes them."""
    return tiny_vit(tmp_path_factory.mktemp("vit"))


@pytest.fixture
def hub(vit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with the ViT at lab/tiny and a ResNet of timm, and an empty cache."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    resnet = tmp_path / "resnet"
    resnet.mkdir()
    save_file({"conv1.weight": torch.ones(2)}, resnet / "model.safetensors")
    (resnet / "config.json").write_text("{}", encoding="utf-8")
    with Hub() as hub:
        hub.push("lab/tiny", vit)
        hub.push(RESNET, resnet)
        for name, value in hub.environment(tmp_path / "hf").items():
            monkeypatch.setenv(name, value)
        yield hub


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """Two experiments of a user's, with models of the hub above, and one without a model."""
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    for name, extractor, lines in (
        ("small", "transformers", "model: lab/tiny"),
        ("resnet", "timm", "model: resnet10t"),
        ("edges", "hog", "size: 112"),
    ):
        (folder / f"{name}.yaml").write_text(
            f"# @package _global_\ndefaults:\n  - override /extractor: {extractor}\n"
            f"extractor:\n  {lines}\n",
            encoding="utf-8",
        )
    return ["--config-dir", str(tmp_path / "conf")]


def test_what_an_experiment_needs_is_fetched_once(
    hub: Hub, own: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = hub.repositories["lab/tiny"].refs["main"]
    weights = Source(model="lab/tiny")
    assert main(["+experiment=small", *own]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "fetched  lab/tiny"
    assert said[1].split() == [
        "commit",
        f"{commit[:12]},",
        f"{weights.files()[0].stat().st_size / 1e6:.1f}",
        "MB",
        "of",
        "weights",
        "in",
        str(tmp_path / "hf" / "hub" / "models--lab--tiny" / "snapshots" / commit),
    ]
    assert (weights.folder() / "config.json").is_file()
    assert (weights.folder() / "preprocessor_config.json").is_file()
    asked = len(hub.requests)
    assert main(["+experiment=small", *own]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "there    lab/tiny"
    assert len(hub.requests) == asked


@pytest.mark.usefixtures("hub")
def test_after_fetch_a_run_touches_no_network(own: list[str], tmp_path: Path) -> None:
    """A whole run, in a process in which no socket can be opened."""
    assert main(["+experiment=small", *own]) == 0
    code = """
import socket, sys
def refuse(*arguments):
    raise AssertionError("the network was touched")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from clusterlab.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
    small = ["dataset.sample_per_class=3", "view=none", "clusterer.n_clusters=2"]
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "+experiment=small", *own, *small],
        env={**environment(tmp_path), "HF_HUB_OFFLINE": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    features = json.loads((run_folder(done, tmp_path) / "metrics.json").read_text())["n_features"]
    assert features == 32


def test_several_experiments_at_once_as_json(
    hub: Hub, own: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["+experiment=small,resnet,edges", "seed=1", "--json", *own]) == 0
    said = capsys.readouterr()
    models = json.loads(said.out)["models"]
    assert [(m["model"], m["state"]) for m in models] == [
        ("lab/tiny", "fetched"),
        (RESNET, "fetched"),
    ]
    assert models[1]["bytes"] == Source(model=RESNET).files()[0].stat().st_size
    assert models[1]["commit"] == hub.repositories[RESNET].refs["main"]


def test_an_extractor_without_a_model_says_so(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert main(["extractor=lbp", "clusterer=dbscan"]) == 0
    assert capsys.readouterr().out == (
        "hog uses no model: there is nothing to fetch.\n"
        "lbp uses no model: there is nothing to fetch.\n"
    )
    assert not hub.requests


def test_files_of_ones_own_and_random_weights_are_named_as_such(
    hub: Hub, vit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["extractor=transformers", f"extractor.model={vit}"]
    assert main(words) == 0
    assert main([*words, "extractor.weights=random"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[::2] == [f"local    {vit}", f"random   {vit}"]
    assert said[1].endswith(f"MB of weights in {vit}")
    assert said[3].split() == ["random", "weights,", "configs", "in", str(vit)]
    assert not hub.requests


def test_one_model_that_cannot_be_had_does_not_keep_the_others_away(
    hub: Hub, own: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    del hub.repositories["lab/tiny"]
    assert main(["+experiment=small,resnet", *own]) == 1
    said = capsys.readouterr()
    assert said.out.startswith(f"fetched  {RESNET}\n")
    assert said.err.startswith("failed   lab/tiny\n")
    assert f"{hub.url} has no such model" in said.err
    assert main(["+experiment=small", "--json", *own]) == 1
    failed = json.loads(capsys.readouterr().out)["models"][0]
    assert failed["state"] == "failed"
    assert "has no such model" in failed["error"]


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (["small"], UsageError, "'small' is not key=value"),
        (["--jsn"], UsageError, "Did you mean '--json'?"),
        (["+experiment=ci_smok"], ConfigError, "Did you mean 'ci_smoke'?"),
        (["+experiment=ci_smoke,"], ConfigError, "experiment"),
        (["extractor.nonsense=1"], ConfigError, "extractor.nonsense"),
    ],
)
def test_wrong_words_fetch_nothing(
    hub: Hub, words: list[str], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says.replace("?", r"\?")):
        main(words)
    assert not hub.requests


def test_models_within_models_are_found() -> None:
    image, caption, words = (Source(model=f"lab/{name}") for name in ("image", "caption", "words"))
    encoder = SimpleNamespace(sources=(words,))
    fusion = SimpleNamespace(
        parts={
            "image": SimpleNamespace(sources=(image,)),
            "caption": SimpleNamespace(sources=(caption,), encoder=encoder),
            "text": SimpleNamespace(encoder=encoder),
            "colour": SimpleNamespace(),
        }
    )
    assert list(sources(fusion)) == [image, caption, words, words]
