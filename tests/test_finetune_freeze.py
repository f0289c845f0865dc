"""Which part of a model is trained, and that the rest stays as it is to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import transformers
from safetensors.torch import save_file
from torch import nn

from clusterlab.components import Component
from clusterlab.errors import ComponentError
from clusterlab.extractors.timm import Timm
from clusterlab.extractors.transformers import Transformers
from clusterlab.finetune._freeze import blocks, freeze
from clusterlab.finetune._heads import Heads
from clusterlab.finetune._targets import Target
from tests.finetuning import changed, cnn, collection, extractor, finetuning, tuned
from tests.models import tiny_clip, tiny_dinov2, tiny_vit

# Name, number of blocks, the first and the last.
ARCHITECTURES = [
    ("vit_tiny_patch16_224", 12, "blocks.0.", "blocks.11."),
    ("resnet18", 8, "layer1.0.", "layer4.1."),
    ("resnet10t", 4, "layer1.0.", "layer4.0."),
    ("efficientnet_b0", 16, "blocks.0.", "blocks.6."),
    ("mobilenetv2_050", 17, "blocks.0.", "blocks.6."),
    ("convnext_atto", 12, "stages.0.blocks.0.", "stages.3.blocks.1."),
    ("swin_tiny_patch4_window7_224", 12, "layers.0.blocks.0.", "layers.3.blocks.1."),
    ("levit_128s", 13, "stem.conv1.", "stages.2.blocks.3."),
    ("vgg11", 8, "features.0.", "features.18."),
    ("dla34", 7, "base_layer.", "level5."),
    ("regnety_002", 5, "stem.", "s4."),
]


@pytest.mark.parametrize(("name", "n", "first", "last"), ARCHITECTURES, ids=lambda v: str(v))
def test_blocks_of_timm_models(name: str, n: int, first: str, last: str) -> None:
    with torch.device("meta"):
        network = timm.create_model(name, pretrained=False, num_classes=0)
    found = blocks(network)
    assert (len(found), found[0], found[-1]) == (n, first, last)
    assert len(set(found)) == n


@pytest.mark.parametrize(
    ("config", "n"),
    [
        (transformers.ViTConfig(), 12),
        (transformers.Dinov2Config(), 12),
        (transformers.ResNetConfig(), 16),
        (transformers.ConvNextConfig(), 18),
        (transformers.SwinConfig(), 12),
        (transformers.CLIPVisionConfig(), 12),
    ],
    ids=lambda value: type(value).__name__,
)
def test_blocks_of_transformers_models(config: Any, n: int) -> None:
    with torch.device("meta"):
        network = transformers.AutoModel.from_config(config)
    assert len(blocks(network)) == n


@pytest.mark.parametrize(
    ("share", "n_frozen"), [(0, 0), (0.25, 3), (0.5, 6), (0.7, 8), (0.8, 9), (0.99, 11)]
)
def test_the_studys_arithmetic(share: float, n_frozen: int) -> None:
    """A ViT of 12 blocks: "50%" is the embeddings and 6 blocks, "80%" the embeddings and 9."""
    with torch.device("meta"):
        network = timm.create_model("vit_tiny_patch16_224", pretrained=False, num_classes=0)
    names = [name for name, _ in network.named_parameters()]
    frozen = freeze(network, share, used=names, batch_norm=True)
    assert (frozen.blocks, frozen.frozen_blocks) == (12, n_frozen)
    still = {name for name, p in network.named_parameters() if not p.requires_grad}
    expected = {name for name in names for i in range(n_frozen) if name.startswith(f"blocks.{i}.")}
    if share:
        expected |= {"cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"}
    assert still == expected
    n_still = sum(p.numel() for name, p in network.named_parameters() if name in still)
    assert frozen.parameters - frozen.trainable == n_still
    if share == 0.8:
        assert frozen.sentences()[0].startswith(
            "9 of 12 blocks and what comes before them are frozen:"
        )


@pytest.mark.parametrize("n", [3, 7, 12, 16])
def test_too_small_a_share_says_one_that_is_enough(n: int) -> None:
    chain = nn.ModuleDict(
        {"blocks": nn.Sequential(*(nn.Sequential(nn.Linear(1, 1)) for _ in "a" * n))}
    )
    names = [name for name, _ in chain.named_parameters()]
    with pytest.raises(ComponentError, match=f"of {n} blocks is none") as caught:
        freeze(chain, 0.9 / n, used=names, batch_norm=True)
    said = float(str(caught.value).split("Use ")[1].split(" or")[0])
    assert freeze(chain, said, used=names, batch_norm=True).frozen_blocks == 1


def resnet(folder: Path, **arguments: Any) -> Component:
    """ResNet-18 with weights in a file, as a user's own are; they count as trained ones."""
    made = Timm(model="resnet18", weights="random", crop=32)
    network = made.backbone(made.build())
    save_file(network.state_dict(), folder / "resnet18.safetensors")
    path = str(folder / "resnet18.safetensors")
    return extractor(Timm(model="resnet18", weights=path, crop=32, **arguments))


def is_statistic(name: str) -> bool:
    return name.endswith(("running_mean", "running_var", "num_batches_tracked"))


@pytest.mark.parametrize("freeze_batch_norm", [True, False])
def test_half_a_resnet_is_frozen_to_the_bit(freeze_batch_norm: bool, tmp_path: Path) -> None:
    model = resnet(tmp_path)
    options = finetuning(frozen=0.5, freeze_batch_norm=freeze_batch_norm, learning_rate=1e-3)
    found = changed(model, tuned(collection(20), model, options, tmp_path))
    for name, differs in found.items():
        is_frozen = name.startswith(("conv1", "bn1", "layer1", "layer2"))
        if is_frozen or (freeze_batch_norm and is_statistic(name)):
            assert not differs, f"{name} was to stay as it is"
        else:
            assert differs, f"{name} was to be trained"
    assert any(is_statistic(name) for name in found)


def test_a_network_that_begins_at_random_learns_its_statistics(tmp_path: Path) -> None:
    model = extractor(Timm(model="resnet18", weights="random", crop=32))
    found = changed(model, tuned(collection(20), model, finetuning(), tmp_path))
    assert all(found.values())


# Of models of two blocks: what comes before the second, and what the features do not depend on.
PARTS: list[tuple[Callable[[Path], Path], str, tuple[str, ...], tuple[str, ...]]] = [
    (tiny_vit, "cls", ("embeddings.", "layers.0."), ("pooler.",)),
    (tiny_dinov2, "cls", ("embeddings.", "encoder.layer.0."), ("embeddings.mask_token",)),
    (
        tiny_clip,
        "pooled",
        ("vision_model.embeddings", "vision_model.pre", "vision_model.encoder.layers.0."),
        ("text_", "logit_scale", "vision_model.embeddings.position_ids"),
    ),
]


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize(("build", "output", "first", "unused"), PARTS)
def test_transformers_models_are_trained_from_the_block_that_was_asked_for(
    build: Callable[[Path], Path],
    output: str,
    first: tuple[str, ...],
    unused: tuple[str, ...],
    share: float,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "clusterlab")
    model = extractor(Transformers(model=str(build(tmp_path / "model")), output=output))
    tuning = tuned(collection(20), model, finetuning(frozen=share), tmp_path)
    for name, differs in changed(model, tuning).items():
        if name.endswith("k_proj.bias"):
            continue  # It moves all scores of a token alike: its gradient is rounding.
        still = unused + first if share else unused
        assert differs != name.startswith(still), name
    assert tuning.training is not None
    said = tuning.training.trainable
    which = "1 of 2 blocks and what comes before them are" if share else "None of 2 blocks is"
    assert said[0].startswith(f"{which} frozen: ")
    network = model.instance.backbone(model.instance.build())
    n_unused = sum(p.numel() for name, p in network.named_parameters() if name.startswith(unused))
    assert said[1] == f"{n_unused:,} more weights play no part in the features."
    for sentence in said:
        assert sentence in caplog.text


def test_what_is_frozen_behaves_as_in_inference() -> None:
    """A frozen part with dropout gives the same numbers in training."""
    model = cnn(dropout=[0.9, 0.0]).instance
    backbone = model.build()
    network = model.backbone(backbone)
    names = [name for name, _ in network.named_parameters()]
    frozen = freeze(network, 0.5, used=names, batch_norm=False)
    kind = Target(column="kind", classes=("a", "b"))
    options = {"n_features": 8, "dropout": 0.0, "label_smoothing": 0.0}
    module = Heads(backbone, [kind], still=frozen.modules, **options)
    pixels = torch.randint(0, 256, (4, 8, 8, 3), dtype=torch.uint8)
    module.train()
    values = pixels.permute(0, 3, 1, 2) / 255
    one, two = (network.blocks[0](values) for _ in range(2))
    assert torch.equal(one, two)
    assert network.blocks[1].training
