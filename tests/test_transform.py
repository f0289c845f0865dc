"""What a vision model is given to see, against the libraries' own preprocessing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import transformers as hf
from PIL import Image
from timm.data import create_transform, resolve_data_config

from clusterlab.errors import ComponentError
from clusterlab.models.own_transform import from_processor, from_timm, own_transform
from clusterlab.models.transform import Transform, changed

NOTHING: dict[str, Any] = {
    "resize": None,
    "crop": None,
    "interpolation": None,
    "mean": None,
    "std": None,
}


ALL: dict[str, Any] = {
    "resize": [64, 48],
    "crop": None,
    "interpolation": "bilinear",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
}


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[np.ndarray]:
    """Real photos: wide, tall and square."""
    files = sorted((shared_data / "clothing" / "test").glob("*/*.jpg"))[::60]
    images = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    return [*images, images[0][:, :120], images[1][:130], images[2][:51, :51]]


def normalised(transform: Transform, image: np.ndarray) -> np.ndarray:
    """(3, h, w), as a network gets it."""
    pixels = transform.apply(image).astype(np.float32) / 255
    return ((pixels - transform.mean) / transform.std).transpose(2, 0, 1)


@pytest.mark.parametrize(
    "model", ["resnet50", "efficientnet_b0", "vit_base_patch16_224", "convnext_tiny", "vgg16"]
)
def test_timm_models_see_what_timm_shows_them(model: str, photos: list[np.ndarray]) -> None:
    config = timm.get_pretrained_cfg(model).to_dict()
    theirs = create_transform(**resolve_data_config({}, pretrained_cfg=config))
    ours = from_timm(config)
    for image in photos:
        expected = theirs(Image.fromarray(image)).numpy()
        assert np.abs(normalised(ours, image) - expected).max() < 1e-5


@pytest.mark.parametrize(
    "processor",
    [
        hf.ViTImageProcessor(),
        hf.CLIPImageProcessor(),
        hf.SiglipImageProcessor(),
        hf.BitImageProcessor(size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224}),
    ],
    ids=lambda processor: type(processor).__name__,
)
def test_transformers_models_see_what_their_processor_shows_them(
    processor: Any, photos: list[np.ndarray]
) -> None:
    """transformers resizes by torchvision, we by Pillow: up to three steps of 1/255 apart."""
    ours = from_processor(processor.to_dict(), "test")
    for image in photos:
        expected = processor(images=image, return_tensors="pt")["pixel_values"][0].numpy()
        found = normalised(ours, image)
        assert found.shape == expected.shape
        step = 1 / 255 / min(ours.std)
        assert np.abs(found - expected).max() < 3.01 * step
        assert np.abs(found - expected).mean() < 0.2 * step


def own() -> Transform:
    """Short side 256, centre crop 224."""
    return from_processor(hf.BitImageProcessor(size={"shortest_edge": 256}).to_dict(), "test")


@pytest.mark.parametrize(
    ("wanted", "resize", "size"),
    [
        ({"crop": 112}, 128, (112, 112)),
        ({"resize": 300}, 300, (224, 224)),
        ({"resize": 300, "crop": 280}, 300, (280, 280)),
        ({"resize": [64, 48]}, (64, 48), (64, 48)),
        ({"resize": [64, 64], "crop": 32}, (64, 64), (32, 32)),
    ],
)
def test_a_user_can_change_it(wanted: dict[str, Any], resize: Any, size: tuple[int, int]) -> None:
    transform = changed(own(), **{**NOTHING, **wanted})
    assert transform.resize == resize
    assert transform.apply(np.zeros((100, 300, 3), np.uint8)).shape == (*size, 3)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"resize": 100, "crop": 200}, "Images are resized to 100 x 100 pixels"),
        ({"interpolation": "cubic"}, "Did you mean 'bicubic'?"),
        ({"mean": [0.5]}, "three numbers each"),
        ({"std": [0, 1, 1]}, "std above 0"),
        ({"resize": [1, 2, 3]}, "one number or [height, width]"),
        ({"crop": 0}, "extractor.crop must be 1 or more, not 0"),
    ],
)
def test_what_cannot_be_is_refused(wanted: dict[str, Any], says: str) -> None:
    with pytest.raises(ComponentError) as error:
        changed(own(), **{**NOTHING, **wanted})
    assert says in str(error.value)


def test_a_short_side_without_a_crop_is_refused() -> None:
    squash = from_processor(hf.ViTImageProcessor().to_dict(), "test")
    with pytest.raises(ComponentError, match=r"Add extractor\.crop=256"):
        changed(squash, **{**NOTHING, "resize": 256})


def test_a_processor_that_does_more_is_refused() -> None:
    with pytest.raises(ComponentError, match="more than resize, crop and normalise"):
        from_processor({"size": {"longest_edge": 512}}, "test")


@pytest.mark.parametrize(
    "processor",
    [
        hf.ViTImageProcessor(rescale_factor=1 / 127.5),
        hf.ViTImageProcessor(resample=4),
        hf.MobileViTImageProcessor(),
        hf.PoolFormerImageProcessor(),
        hf.LevitImageProcessor(),
    ],
    ids=lambda processor: type(processor).__name__,
)
def test_a_processor_that_does_more_than_it_says_is_found_out(processor: Any) -> None:
    with pytest.raises(ComponentError, match="more than resize, crop and normalise"):
        own_transform(processor, "test", told=False)
    assert changed(own_transform(processor, "test", told=True), **ALL).size == (64, 48)


@pytest.mark.parametrize(
    "processor",
    [
        hf.ViTImageProcessor(),
        hf.CLIPImageProcessor(),
        hf.SiglipImageProcessor(),
        hf.BitImageProcessor(),
        hf.DINOv3ViTImageProcessor(),
    ],
    ids=lambda processor: type(processor).__name__,
)
def test_the_processors_of_our_own_configs_are_understood(processor: Any) -> None:
    own_transform(processor, "test", told=False)


def test_a_strip_of_an_image_costs_no_gigabytes() -> None:
    """Resized whole, 20 x 200,000 pixels would become 256 x 2,560,000."""
    strip = np.zeros((20, 200_000, 3), np.uint8)
    strip[:, 99_000:101_000] = 200
    seen = own().apply(strip)
    assert seen.shape == (224, 224, 3)
    assert (seen == 200).all(), "the middle is what the crop shows"


def test_one_pixel_is_an_image_too() -> None:
    assert own().apply(np.full((1, 1, 3), 9, np.uint8)).shape == (224, 224, 3)
    assert torch.from_numpy(own().apply(np.full((3, 1, 3), 9, np.uint8))).float().mean() == 9
