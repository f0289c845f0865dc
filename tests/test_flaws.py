"""What the studies did wrong: the literal variants, the arithmetic beside them, and the page."""

from __future__ import annotations

import math
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from clusterlab.config.check import problems, value_problems
from clusterlab.config.compose import compose
from clusterlab.config.resolved import resolve
from clusterlab.stages import STAGES
from tests.finetuning import cnn, collection, finetuning, tuned

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "flaws.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "scripts"))

from flaws import arithmetic, catalogue, shared  # noqa: E402


class Noise:
    """Draws another image each time it is asked, and remembers what it made."""

    def __init__(self) -> None:
        self.shown: list[bytes] = []

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        drawn = torch.randint(0, 256, image.shape, dtype=torch.uint8)
        self.shown.append(drawn.numpy().tobytes())
        return drawn

    def __repr__(self) -> str:
        return "Noise()"


def epochs_of(folder: Path, **options: bool) -> tuple[list[set[bytes]], tuple[str, ...]]:
    """The drawn images of each of three epochs, and the training's notes."""
    noise = Noise()
    component = finetuning(epochs=3, patience=None, augmentation=noise, **options)
    training = tuned(collection(24, split=("train",)), cnn(), component, folder).training
    assert training is not None
    n = len(noise.shown) // 3
    return [set(noise.shown[start : start + n]) for start in (0, n, 2 * n)], training.notes


def test_frozen_augmentation_shows_the_same_pixels_each_epoch(tmp_path: Path) -> None:
    epochs, notes = epochs_of(tmp_path, frozen_augmentation=True)
    assert epochs[0] == epochs[1] == epochs[2]
    assert len(epochs[0]) == 24
    assert any("finetune.frozen_augmentation=true" in note for note in notes)


def test_by_default_every_epoch_shows_others(tmp_path: Path) -> None:
    epochs, notes = epochs_of(tmp_path)
    assert not epochs[0] & epochs[1] | epochs[1] & epochs[2] | epochs[0] & epochs[2]
    assert not any("frozen_augmentation" in note for note in notes)


def test_the_arithmetic_against_hand_made_cases() -> None:
    nan = math.nan
    recalls = [1.0, nan, 0.5, 0.0, nan]
    assert arithmetic.mean_counting_absent(recalls) == pytest.approx(1.5 / 5)
    assert arithmetic.mean_of_present(recalls) == pytest.approx(1.5 / 3)
    # Class 2 is the second that is left, so place 2 is class 3; place 4 is beyond the end.
    assert arithmetic.selected_by_position(recalls, [2, 4]) == pytest.approx(0.0)
    assert arithmetic.selected_by_class(recalls, [2, 4]) == pytest.approx(0.5)
    assert math.isnan(arithmetic.selected_by_class(recalls, [1]))
    labels = ["a"] * 7 + ["b", "c", "d"]
    assert arithmetic.one_over_n(labels) == pytest.approx(0.25)
    assert arithmetic.lost_in_a_cut(["one", "two", "three"], [3, 3, 3], 6) == 1
    assert shared.spread([0.5, 0.6, 0.7]) == ".600 ± .100"


def commands() -> Iterator[tuple[str, str]]:
    for flaw in catalogue.FLAWS:
        for command in (flaw.literal, flaw.repaired):
            if command.startswith("clusterlab "):
                yield flaw.key, command


def test_the_page_tells_of_every_flaw_and_shows_both_commands() -> None:
    keys = [flaw.key for flaw in catalogue.FLAWS]
    assert len(set(keys)) == len(keys)
    missing = [key for key in keys if f"`{key}`" not in PAGE]
    assert not missing
    flat = " ".join(PAGE.replace("\\\n", " ").split())
    absent = [command for _, command in commands() if " ".join(command.split()) not in flat]
    assert not absent


def test_every_command_of_the_page_composes() -> None:
    found = {command for _, command in commands()}
    found |= set(re.findall(r"^    (clusterlab .+)$", PAGE, re.MULTILINE))
    assert len(found) > 30
    for command in sorted(found):
        assert shlex.split(command)[1] in ("run", "tune"), command
        config = compose(shared.words_of(command))
        resolved = resolve(config)
        assert [*problems(resolved, STAGES), *value_problems(resolved)] == [], command
