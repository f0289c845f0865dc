"""Real weights see what is there, and fine-tuning really learns: from them, and from scratch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import clusterlab


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _one_store(cache: Path, _own_store: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the real weights see in the photos is computed once."""
    monkeypatch.setenv("CLUSTERLAB_CACHE", str(cache))


def test_real_weights_find_the_kinds_of_clothes(shared_data: Path, tmp_path: Path) -> None:
    """On CPU and in float32: what the experiment is there for."""
    words = [f"data_dir={shared_data}", "view=pca", "device=cpu"]
    result = clusterlab.run("clothing_mobilenetv2", words, folder=tmp_path / "run")
    assert result.metrics["n_scored"] == 713
    assert result.metrics["n_features"] == 1280
    assert result.metrics["ari/label"] >= 0.40
    assert result.metrics["nmi/label"] >= 0.48
    facts = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert facts["compute"]["device"] == "cpu"
    assert facts["compute"]["precision"] in ("fp32", "bf16")
    assert facts["features"]["models"][0]["weights"] == "local"
    assert facts["features"]["config"]["transform"]["resize"] == 256
    assert "marks" not in result.metrics


def test_fine_tuned_features_group_unseen_photos_better(shared_data: Path, tmp_path: Path) -> None:
    """Shorter than the experiment, which docs/fine-tuning.md has in full: four epochs of the last
    blocks. Pretrained features reach an ARI of about .43 on these images."""
    words = [f"data_dir={shared_data}", "clustered_split=test", "view=pca"]
    short = ["finetune.epochs=4", "finetune.frozen=0.7"]
    before = clusterlab.run("clothing_mobilenetv2", words, folder=tmp_path / "before")
    after = clusterlab.run("clothing_mobilenetv2_ft", [*words, *short], folder=tmp_path / "after")
    assert before.metrics["n_scored"] == after.metrics["n_scored"] == 372
    assert before.metrics["scored_split"] == after.metrics["scored_split"] == "test"
    assert after.metrics["ari/label"] > before.metrics["ari/label"] + 0.10
    assert after.metrics["accuracy/label"] > 0.75


def test_a_small_cnn_learns_digits_from_scratch(tmp_path: Path) -> None:
    words = ["finetune.epochs=6", "view=pca"]
    result = clusterlab.run("digits_cnn", words, folder=tmp_path / "run")
    assert result.metrics["scored_split"] == "test"
    assert result.metrics["accuracy/label"] > 0.95
    assert "marks" not in result.metrics
