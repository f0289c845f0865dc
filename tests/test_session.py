"""The session: device, precision, memory, and a model that is loaded once."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clusterlab.config.check import CHOICES
from clusterlab.errors import ComponentError
from clusterlab.extractors.timm import Timm
from clusterlab.models import session as sessions
from clusterlab.models.open_session import _trials as trials
from clusterlab.models.open_session import open_session
from clusterlab.models.photographs import photographs
from clusterlab.models.place import BACKENDS
from clusterlab.models.precision import DTYPES, TOLERANCE, has_bf16
from clusterlab.models.session import Session
from clusterlab.store import Store
from clusterlab.types import Compute

CPU = torch.device("cpu")
needs_bf16 = pytest.mark.skipif(not has_bf16(CPU), reason="this CPU does not compute in bfloat16")


@pytest.fixture(autouse=True)
def _nothing_loaded() -> None:
    sessions._loaded.clear()
    trials.clear()


TINY: dict[str, Any] = {
    "model": "vit_tiny_patch16_224",
    "model_args": {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 1, "num_heads": 2},
    "crop": 32,
}


class Small:
    """A real network, small enough to be built at once; `most` is what its memory holds."""

    version = 1
    batch_sizes = (8, 64)
    sources = ()

    def __init__(self, *, most: int = 1000, seed: int = 0, spread: float = 0.0) -> None:
        self.most = most
        self.seed = seed
        self.spread = spread
        self.built = 0
        self.batches: list[int] = []

    def fingerprint(self) -> Mapping[str, Any]:
        return {"seed": self.seed, "spread": self.spread}

    def prepare(self, image: np.ndarray) -> np.ndarray:
        return image[:8, :8].reshape(-1).astype(np.float32) / 255

    def build(self) -> torch.nn.Module:
        self.built += 1
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            layer = torch.nn.Linear(192, 16)
        with torch.no_grad():
            # A large common part leaves bfloat16 no digits for what tells the images apart.
            layer.bias.add_(self.spread)
        return torch.nn.Sequential(layer, _Less(self.spread)).eval()

    def apply(self, module: Any, inputs: Sequence[Any], device: torch.device) -> np.ndarray:
        if len(inputs) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.batches.append(len(inputs))
        batch = torch.from_numpy(np.stack(inputs)).to(device)
        return module(batch.to(next(module.parameters()).dtype)).float().numpy()


class _Less(torch.nn.Module):
    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = amount

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values - self.amount


def inputs(n: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).random((n, 192), dtype=np.float32))


def test_out_of_memory_halves_and_goes_on() -> None:
    small = Small(most=5)
    session = open_session(small, Compute(precision="fp32"))
    found = session.run(inputs(32))
    expected = open_session(Small(), Compute(precision="fp32")).run(inputs(32))
    assert np.array_equal(found, expected)
    assert max(small.batches) == 4
    assert session.limit == 4
    session.run(inputs(8))
    assert small.batches[-2:] == [4, 4], "what did not fit once is not tried again"


def test_where_not_even_one_fits_the_ways_out_are_named() -> None:
    session = open_session(Small(most=0), Compute(precision="fp32"))
    with pytest.raises(ComponentError, match="Not even one image fits into the memory of cpu"):
        session.run(inputs(4))


def test_memory_that_really_runs_out(tmp_path: Path) -> None:
    """A process that may have 250 MiB more: a large batch does not fit, a small one does."""
    code = """
import resource, sys
import numpy as np
from clusterlab.extractors.timm import Timm
from clusterlab.models.open_session import _trials as trials
from clusterlab.models.open_session import open_session
from clusterlab.types import Compute
model = Timm(model="resnet18", weights="random")
session = open_session(model, Compute(device="cpu", precision="fp32"))
image = np.zeros((224, 224, 3), np.uint8)
session.run([image] * 2)
import psutil
now = psutil.Process().memory_info().vms
resource.setrlimit(resource.RLIMIT_AS, (now + 250 * 2**20, -1))
found = session.run([image] * 120)
print(len(found), session.limit)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MALLOC_ARENA_MAX": "1", "CLUSTERLAB_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    n, limit = done.stdout.split()
    assert int(n) == 120
    assert int(limit) < 120


def test_several_devices_share_a_batch_and_keep_its_order() -> None:
    small = Small()
    session = open_session(small, Compute(device=("cpu", "cpu"), precision="fp32"))
    alone = open_session(Small(), Compute(precision="fp32")).run(inputs(13))
    assert np.allclose(session.run(inputs(13)), alone, atol=1e-6)
    assert sorted(small.batches) == [6, 7]
    assert session.batch_size == 16
    assert session.facts["device"] == "cpu,cpu"


def test_a_model_is_loaded_once_a_process() -> None:
    small, again, other = Small(), Small(), Small(seed=1)
    for model in (small, again, other):
        open_session(model, Compute(precision="fp32")).run(inputs(2))
    assert [small.built, again.built, other.built] == [1, 0, 1]


def test_only_a_few_models_stay_loaded() -> None:
    for seed in range(7):
        open_session(Small(seed=seed), Compute(precision="fp32")).run(inputs(1))
    assert len(sessions._loaded) == 4


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_an_error(device: str) -> None:
    with pytest.raises(ComponentError) as error:
        open_session(Small(), Compute(device=device))
    assert f"device={device}, but this PyTorch" in str(error.value)
    assert "Use device=cpu, or device=auto" in str(error.value)


@pytest.mark.parametrize(
    ("compute", "says"),
    [
        (Compute(device="gpu"), "Unknown device 'gpu'. Use auto, cpu, cuda, cuda:N or mps."),
        (Compute(device=()), "an empty list"),
        (Compute(precision="bf61"), "Did you mean 'bf16'?"),
        (Compute(backend="openvin"), "Did you mean 'openvino'?"),
    ],
)
def test_what_there_is_not_is_named(compute: Compute, says: str) -> None:
    with pytest.raises(ComponentError) as error:
        open_session(Small(), compute)
    assert says in str(error.value)


def test_the_config_knows_the_same_names() -> None:
    assert CHOICES["precision"] == ("auto", *DTYPES)
    assert CHOICES["backend"] == BACKENDS


def test_auto_says_what_it_chose() -> None:
    session = open_session(Small(), Compute())
    assert session.facts["device"] in ("cpu", "cuda:0", "mps")
    assert session.facts["precision"] in ("fp32", "bf16")


@needs_bf16
def test_auto_takes_bf16_where_it_changes_nothing_to_speak_of() -> None:
    session = open_session(Small(), Compute(device="cpu"))
    assert session.precision == "bf16"
    assert session.facts["bf16_cosine_to_fp32"] >= TOLERANCE


@needs_bf16
def test_auto_refuses_bf16_where_it_would_change_the_vectors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "clusterlab"):
        session = open_session(Small(spread=300.0), Compute(device="cpu"))
    assert session.precision == "fp32"
    assert session.facts["bf16_cosine_to_fp32"] < TOLERANCE
    assert "bf16 would change the vectors" in caplog.text
    module = session._modules()[0]
    assert next(module.parameters()).dtype == torch.float32


@needs_bf16
def test_the_trial_of_bf16_is_remembered(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = open_session(Small(), Compute(device="cpu"), store)
    sessions._loaded.clear()
    trials.clear()
    small = Small()
    second = open_session(small, Compute(device="cpu"), store)
    assert small.built == 0
    assert second.facts == first.facts


@needs_bf16
def test_without_a_store_bf16_is_tried_once_a_process() -> None:
    small, again = Small(), Small()
    for model in (small, again):
        open_session(model, Compute(device="cpu")).run(inputs(2))
    assert [small.built, again.built] == [2, 0]


@needs_bf16
def test_bf16_keeps_a_real_model_within_the_tolerance() -> None:
    """A ResNet in bfloat16 against float32, on other images than those it is tried on."""
    model = Timm(model="resnet18", weights="random")
    images = [model.prepare(image[::-1, ::-1]) for image in photographs()]
    exact, quick = (
        np.array(Session(model, model.fingerprint(), Compute(), (CPU,), precision).run(images))
        for precision in ("fp32", "bf16")
    )
    cosines = (exact * quick).sum(axis=1) / np.linalg.norm(exact, axis=1)
    assert (cosines / np.linalg.norm(quick, axis=1)).min() > TOLERANCE
    assert np.abs(exact - quick).max() > 0, "bfloat16 was really used"


@pytest.mark.parametrize("precision", ["fp32", pytest.param("bf16", marks=needs_bf16)])
def test_openvino_agrees_with_torch(precision: str) -> None:
    pytest.importorskip("openvino", reason="the optional extra openvino is not installed")
    model = Timm(model="resnet18", weights="random")
    images = [model.prepare(image) for image in photographs()]
    exact = np.array(open_session(model, Compute(device="cpu", precision="fp32")).run(images))
    session = open_session(model, Compute(device="cpu", precision=precision, backend="openvino"))
    found = np.array(session.run(images))
    cosines = (exact * found).sum(axis=1) / np.linalg.norm(exact, axis=1)
    assert (cosines / np.linalg.norm(found, axis=1)).min() > (
        1 - 1e-6 if precision == "fp32" else TOLERANCE
    )
    assert session.facts["backend"] == "openvino"


def test_openvino_is_for_vectors_of_images_on_a_cpu() -> None:
    pytest.importorskip("openvino", reason="the optional extra openvino is not installed")
    with pytest.raises(ComponentError, match="extractors that turn images into vectors"):
        open_session(Small(), Compute(precision="fp32", backend="openvino")).run(inputs(1))


def test_a_compiled_model_gives_the_same_vectors() -> None:
    model = Timm(**TINY, weights="random")
    images = [model.prepare(image) for image in photographs()[:4]]
    plain, compiled = (
        np.array(
            open_session(model, Compute(device="cpu", precision="fp32", compile=c)).run(images)
        )
        for c in (False, True)
    )
    assert np.abs(plain - compiled).max() < 1e-5
    with pytest.raises(ComponentError, match="extractors that turn images into vectors"):
        open_session(Small(), Compute(precision="fp32", compile=True)).run(inputs(1))


def test_other_models_make_room_before_a_batch_is_halved() -> None:
    """A model that fits only once it is alone."""
    open_session(Small(seed=5), Compute(precision="fp32")).run(inputs(1))

    class Large(Small):
        def apply(self, module: Any, inputs: Sequence[Any], device: torch.device) -> np.ndarray:
            if len(sessions._loaded) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().apply(module, inputs, device)

    session = open_session(Large(), Compute(precision="fp32"))
    assert len(session.run(inputs(8))) == 8
    assert session.limit is None
    assert len(sessions._loaded) == 1


def test_a_model_too_large_to_load_is_told_as_such() -> None:
    class Huge(Small):
        def build(self) -> torch.nn.Module:
            self.built += 1
            raise torch.OutOfMemoryError("CUDA out of memory")

    huge = Huge()
    with pytest.raises(ComponentError, match="The model itself does not fit"):
        open_session(huge, Compute(precision="fp32")).run(inputs(64))
    assert huge.built == 1


@needs_bf16
def test_what_goes_wrong_while_bf16_is_tried_is_told() -> None:
    class Wrong(Small):
        def apply(self, *_: Any) -> np.ndarray:
            raise AttributeError("'list' object has no attribute 'mean'")

    with pytest.raises(ComponentError, match="The model failed on a photograph: AttributeError"):
        open_session(Wrong(), Compute(device="cpu"))
    tight = Small(most=3)
    session = open_session(tight, Compute(device="cpu"))
    assert session.precision == "bf16", "memory that is short makes smaller trials, not another end"


def test_a_class_of_ones_own_is_another_model() -> None:
    class Mine(Small):
        pass

    mine = Mine()
    open_session(Small(), Compute(precision="fp32")).run(inputs(1))
    open_session(mine, Compute(precision="fp32")).run(inputs(1))
    assert mine.built == 1
