"""The CNN from scratch: its layers against the study's, its weights, and what a run says of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

import clusterlab
from clusterlab.components import Component
from clusterlab.datasets.folder import Folder
from clusterlab.errors import ComponentError, ConfigError
from clusterlab.extractors.cnn import Cnn
from clusterlab.extractors.engine import extract
from clusterlab.models.needs import bring
from clusterlab.types import Collection, Compute
from tests.runs import pictures

SMALL: dict[str, Any] = {"filters": [4, 6], "dropout": [0.0, 0.25], "embedding": 5, "size": 16}
EXACT = Compute(device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return Folder(path=str(pictures(tmp_path_factory.mktemp("photos"), 12))).load()


def vectors(photos: Collection, cnn: Cnn) -> np.ndarray:
    target = {"_target_": "clusterlab.extractors.cnn.Cnn"}
    component = Component(name="cnn", config=target, instance=cnn)
    return extract(photos, component, compute=EXACT).features.values


def network_of(cnn: Cnn) -> Any:
    return cnn.backbone(cnn.build())


def save(network: torch.nn.Module, file: Path) -> str:
    save_file(network.state_dict(), file)
    return str(file)


def test_layers_are_those_of_the_study() -> None:
    network = network_of(Cnn(size=32))
    found = {name: tuple(p.shape) for name, p in network.named_parameters()}
    expected: dict[str, tuple[int, ...]] = {}
    for block, (channels, filters) in enumerate([(3, 32), (32, 64), (64, 128)]):
        expected |= {
            f"blocks.{block}.first.weight": (filters, channels, 3, 3),
            f"blocks.{block}.first.bias": (filters,),
            f"blocks.{block}.second.weight": (filters, filters, 3, 3),
            f"blocks.{block}.second.bias": (filters,),
            f"blocks.{block}.norm.weight": (filters,),
            f"blocks.{block}.norm.bias": (filters,),
        }
    expected |= {"embedding.weight": (256, 128), "embedding.bias": (256,)}
    assert found == expected
    # By hand: (9 * channels + 1) * filters a convolution, 2 * filters a norm, 129 * 256.
    first, second = 896 + 9_248 + 64, 18_496 + 36_928 + 128
    third, dense = 73_856 + 147_584 + 256, 33_024
    assert sum(p.numel() for p in network.parameters()) == first + second + third + dense
    assert [block.dropout.p for block in network.blocks] == [0.0, 0.25, 0.25]
    for norm in (block.norm for block in network.blocks):
        assert (norm.eps, norm.momentum) == (1e-3, pytest.approx(0.01))


def test_blocks_are_three_modules_of_the_only_sequence() -> None:
    network = network_of(Cnn(size=32))
    sequences = [m for m in network.modules() if isinstance(m, torch.nn.Sequential)]
    assert sequences == [network.blocks]
    assert len(network.blocks) == 3


def test_vectors_follow_the_layers_one_by_one(photos: Collection) -> None:
    """The forward pass written out, on pixels / 255."""
    cnn = Cnn(**SMALL)
    network = network_of(cnn)
    for block in network.blocks:
        # A new norm's own hardly change anything.
        block.norm.running_mean.uniform_(-0.2, 0.2)
        block.norm.running_var.uniform_(0.5, 2)
    seen = [cnn.prepare(np.asarray(Image.open(i.path).convert("RGB"))) for i in photos.images]
    values = torch.from_numpy(np.stack(seen)).permute(0, 3, 1, 2) / 255
    state = network.state_dict()
    with torch.inference_mode():
        found = network(values)
        for block in ("blocks.0", "blocks.1"):
            for layer in ("first", "second"):
                weight, bias = state[f"{block}.{layer}.weight"], state[f"{block}.{layer}.bias"]
                values = functional.conv2d(values, weight, bias, padding=1).clamp(min=0)
            mean, variance = state[f"{block}.norm.running_mean"], state[f"{block}.norm.running_var"]
            values = (values - mean[:, None, None]) / (variance + 1e-3).sqrt()[:, None, None]
            n, channels, height, width = values.shape
            cells = values.reshape(n, channels, height // 2, 2, width // 2, 2)
            values = cells.amax(dim=(3, 5))
        expected = values.mean(dim=(2, 3)) @ state["embedding.weight"].T + state["embedding.bias"]
    assert torch.allclose(found, expected.clamp(min=0), atol=1e-5)
    assert found.std(dim=0).max() > 1e-3


def test_vectors_are_256_values_of_0_or_more(photos: Collection) -> None:
    found = vectors(photos, Cnn(size=32))
    assert found.shape == (12, 256)
    assert found.min() == 0
    assert found.std(axis=0).max() > 1e-3, "they depend on the image"


def test_pixels_are_squashed_and_divided_by_255() -> None:
    cnn = Cnn(**{**SMALL, "size": [16, 24]})
    grey = cnn.prepare(np.full((90, 30, 3), 51, dtype=np.uint8))
    assert grey.shape == (16, 24, 3)
    module = cnn.build()
    with torch.inference_mode():
        found = module(torch.tensor(grey)[None])
        expected = cnn.backbone(module)(torch.full((1, 3, 16, 24), 0.2))
    assert torch.allclose(found, expected, atol=1e-6)


def test_kernels_start_as_glorot_says_and_biases_at_zero() -> None:
    network = network_of(Cnn(size=32))
    for name, values in network.named_parameters():
        if values.ndim > 1:
            places = 9 if values.ndim == 4 else 1
            limit = (6 / (places * (values.shape[0] + values.shape[1]))) ** 0.5
            assert 0.95 * limit < values.abs().max() <= limit, name
        elif not name.endswith("norm.weight"):
            assert not values.any(), name


def test_random_weights_are_seeded_and_leave_other_draws_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    states = [network_of(Cnn(**SMALL, random_state=seed)).state_dict() for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(3), expected)
    name = "blocks.0.first.weight"
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not torch.equal(states[0][name], states[2][name])


def test_penalty_is_that_of_the_kernels_alone() -> None:
    network = network_of(Cnn(**SMALL, l2=0.01))
    with torch.no_grad():
        for values in network.parameters():
            values.fill_(2.0)
    kernels = 3 * 4 * 9 + 4 * 4 * 9 + 4 * 6 * 9 + 6 * 6 * 9 + 6 * 5
    penalty = network.penalty()
    assert penalty.item() == pytest.approx(0.01 * 4 * kernels)
    penalty.backward()
    assert torch.allclose(network.embedding.weight.grad, torch.tensor(2 * 0.01 * 2.0))
    assert network.embedding.bias.grad is None


def test_weights_come_back_as_they_were_saved(tmp_path: Path, photos: Collection) -> None:
    cnn = Cnn(**SMALL, random_state=3)
    tuned = network_of(cnn)
    for block in tuned.blocks:
        block.norm.running_mean.fill_(0.1)
    file = save(tuned, tmp_path / "cnn.safetensors")
    other = Cnn(**SMALL).with_weights(file)
    state = network_of(other).state_dict()
    assert all(torch.equal(values, state[name]) for name, values in tuned.state_dict().items())
    assert np.array_equal(vectors(photos, other), vectors(photos, Cnn(**SMALL, weights=file)))
    assert other.fingerprint() == Cnn(**SMALL, weights=file, random_state=9).fingerprint()
    assert str(tmp_path) not in str(other.fingerprint())
    assert other.source.describe()["weights"] == "local"


def test_with_weights_leaves_the_first_as_it_was(tmp_path: Path) -> None:
    cnn = Cnn(**SMALL, random_state=3)
    before = cnn.fingerprint()
    other = cnn.with_weights(save(network_of(cnn), tmp_path / "cnn.safetensors"))
    assert cnn.fingerprint() == before
    assert cnn.source.random
    assert not other.source.random
    assert list(other.sources) == [other.source]
    assert other.transform == cnn.transform


@pytest.mark.parametrize(
    ("saved", "says"),
    [
        ({"filters": [4, 8]}, "'blocks.1.first.weight' is (8, 4, 3, 3), not (6, 4, 3, 3)"),
        ({"filters": [4], "dropout": [0]}, "are missing ('blocks.1.first.weight'"),
        ({"filters": [4, 6, 6], "dropout": [0, 0, 0]}, "9 unexpected, such as 'blocks.2."),
    ],
)
def test_weights_of_another_network_are_refused(
    saved: dict[str, Any], says: str, tmp_path: Path
) -> None:
    file = save(network_of(Cnn(**{**SMALL, **saved})), tmp_path / "other.safetensors")
    with pytest.raises(ComponentError, match=re.escape(says)) as caught:
        Cnn(**SMALL, weights=file).build()
    said = str(caught.value)
    assert said.startswith("The weights in other.safetensors are not those of this network")
    assert "extractor.filters=[4, 6]" in said


def test_weights_that_are_not_there_or_broken_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"extractor.weights=.*there is no such file"):
        bring(Cnn(weights=str(tmp_path / "none.safetensors")))
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not weights at all, but long enough to be read as a header")
    with pytest.raises(ComponentError, match=r"broken\.safetensors .* damaged"):
        Cnn(weights=str(broken)).build()


def test_nothing_is_looked_for_on_a_hub() -> None:
    for weights in (None, "random"):
        cnn = Cnn(**SMALL, weights=weights)
        assert not cnn.source.missing()
        bring(cnn)
        assert cnn.source.describe() == {
            "model": "patternmind-cnn",
            "revision": None,
            "weights": "random",
            "sha256": "random",
        }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"filters": []}, "extractor.filters=[] must be"),
        ({"filters": [4, 0]}, "extractor.filters=[4, 0] must be"),
        ({"dropout": [0.5]}, "extractor.dropout=[0.5] must be a share"),
        ({"dropout": [0.5, 1.0]}, "extractor.dropout=[0.5, 1.0] must be a share"),
        ({"embedding": 0}, "extractor.embedding=0 must be"),
        ({"size": 3}, "each 4 or more"),
        ({"size": [16, 16, 3]}, "extractor.size=[16, 16, 3] must be"),
        ({"l2": -1.0}, "extractor.l2=-1.0 must be"),
        ({"l2": float("nan")}, "extractor.l2=nan must be"),
        ({"momentum": 1.0}, "extractor.momentum=1.0 must be"),
    ],
)
def test_arguments_that_make_no_network_are_refused(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        Cnn(**{**SMALL, **arguments})


def test_a_run_of_it_untrained_is_marked(tmp_path: Path) -> None:
    words = ["extractor=cnn", "extractor.size=32", "dataset.sample_per_class=5", "view=none"]
    words += ["reducer=none", "clusterer.n_clusters=3"]
    result = clusterlab.run(None, words, folder=tmp_path / "run")
    assert result.metrics["n_features"] == 256
    assert set(result.scores["marks"]) == {"random weights"}
