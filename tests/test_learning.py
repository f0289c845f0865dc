"""Fine-tuning really learns: on real photos from real weights, and from scratch."""

from __future__ import annotations

from pathlib import Path

import clusterlab


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
