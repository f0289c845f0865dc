"""`clusterlab fetch`: what it brings, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.models import save_for_hf

from clusterlab.cli.fetch import main
from clusterlab.errors import ConfigError, UsageError
from clusterlab.models.needs import sources
from clusterlab.models.source import Source
from tests.hub import Hub
from tests.models import tiny_blip, tiny_sentences, tiny_vilt, tiny_vit
from tests.runs import environment, run_folder

RESNET = "timm/resnet10t.c3_in1k"
VIT = "timm/test_vit.r160_in1k"


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


def experiment(folder: Path, name: str, extractor: str, lines: str) -> None:
    """An experiment of a user's. lines: the extractor's settings, in YAML, indented."""
    place = folder / "conf" / "experiment"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.yaml").write_text(
        f"# @package _global_\ndefaults:\n  - override /extractor: {extractor}\n"
        f"extractor:\n{lines}",
        encoding="utf-8",
    )


def timm_folder(folder: Path) -> Path:
    """A real, small ViT as timm puts it on the hub, with random weights."""
    folder.mkdir(parents=True)
    model = timm.create_model(VIT.removeprefix("timm/"), pretrained=False)
    save_for_hf(model, folder, safe_serialization=True)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """Two experiments of a user's, with models of the hub above, and one without a model."""
    experiment(tmp_path, "small", "transformers", "  model: lab/tiny\n")
    experiment(tmp_path, "resnet", "timm", "  model: resnet10t\n")
    experiment(tmp_path, "edges", "hog", "  size: 112\n")
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


# Runs clusterlab, and tells of every attempt to reach a network, even one that a library gets over.
OFFLINE = """
import sys
touched = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        touched.append(f"{event} {arguments[-1]}")
        raise OSError("the network was touched")
sys.addaudithook(watch)
from clusterlab.cli.main import main
sys.exit(main(sys.argv[1:]) or (str(touched) if touched else 0))
"""
# Every kind of model in one run, since importing the libraries takes longer than all else.
KINDS = """\
  parts:
    image:
      model: lab/tiny
    another:
      _target_: clusterlab.extractors.timm.Timm
      model: test_vit.r160_in1k
      revision: main
    caption:
      model: lab/blip
      max_new_tokens: 5
      encoder: lab/sentences
    answer:
      _target_: clusterlab.extractors.vilt.Vilt
      model: lab/vilt
      encoder: lab/sentences
    text:
      _target_: clusterlab.extractors.text.Text
      encoder: lab/sentences
"""


def test_after_fetch_a_run_touches_no_network(hub: Hub, tmp_path: Path, shared_data: Path) -> None:
    """A whole run, in a process in which no socket can be opened."""
    made = {"lab/blip": tiny_blip, "lab/vilt": tiny_vilt, "lab/sentences": tiny_sentences}
    for model, make in {**made, VIT: timm_folder}.items():
        # Not where the id would be a path: a folder there would be the user's own model.
        hub.push(model, make(tmp_path / "made" / model))
    experiment(tmp_path, "all", "fusion", KINDS)
    words = ["+experiment=all", "--config-dir", str(tmp_path / "conf")]
    assert main([*words]) == 0
    asked = len(hub.requests)
    few = ["dataset=illustrations", f"data_dir={shared_data}", "dataset.sample_share=0.02"]
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, "run", *words, *few, "view=none", "clusterer.n_clusters=2"],
        env={**environment(tmp_path), "HF_HUB_OFFLINE": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    run = run_folder(done, tmp_path)
    assert len(hub.requests) == asked
    facts = json.loads((run / "environment.json").read_text())["features"]
    models = [model for part in facts["parts"].values() for model in part["models"]]
    found = {model["model"]: model["weights"] for model in models}
    assert found == dict.fromkeys([*made, VIT, "lab/tiny"], "hub")
    assert json.loads((run / "metrics.json").read_text())["n_features"] == 64 + 4 * 32


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
    assert main([*words]) == 0
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


def test_models_within_models_are_found_with_the_keys_that_set_them() -> None:
    image, caption = (Source(model=f"lab/{name}") for name in ("image", "caption"))
    words = Source(model="lab/words", setting="extractor.encoder")
    encoder = SimpleNamespace(sources=(words,))
    fusion = SimpleNamespace(
        parts={
            "image": SimpleNamespace(sources=(image,)),
            "caption": SimpleNamespace(sources=(caption,), encoder=encoder),
            "text": SimpleNamespace(encoder=encoder),
            "colour": SimpleNamespace(),
        }
    )
    assert [(source.model, source.setting) for source in sources(fusion)] == [
        ("lab/image", "extractor.parts.image.weights"),
        ("lab/caption", "extractor.parts.caption.weights"),
        ("lab/words", "extractor.parts.caption.encoder"),
        ("lab/words", "extractor.parts.text.encoder"),
    ]
