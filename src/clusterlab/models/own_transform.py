"""What a model's own config says about the images that it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from clusterlab.errors import ComponentError
from clusterlab.models.photographs import photographs
from clusterlab.models.transform import INTERPOLATIONS, Transform

_CODES = {int(code): name for name, code in INTERPOLATIONS.items()}


def from_timm(config: Mapping[str, Any]) -> Transform:
    """A timm model's own: its `pretrained_cfg` says how it was evaluated."""
    _, height, width = config["input_size"]
    share = config.get("crop_pct") or 1.0
    scaled = (int(height / share), int(width / share))
    squash = config.get("crop_mode") == "squash"
    return Transform(
        resize=scaled if squash or height != width else scaled[0],
        crop=(height, width),
        interpolation=config["interpolation"],
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
    )


def from_processor(config: Mapping[str, Any], where: str) -> Transform:
    """That of a transformers image processor (its `to_dict()`).

    Raises ComponentError, naming the model as `where`, for one that does more than resize, crop
    and normalise.
    """
    size, crop = config.get("size") or {}, config.get("crop_size") or {}
    cut = bool(config.get("do_center_crop") and crop)
    if "height" in size and "width" in size:
        resize: Any = (int(size["height"]), int(size["width"]))
    else:
        resize = size.get("shortest_edge")
    method = _CODES.get(int(config.get("resample", Image.Resampling.BICUBIC)))
    simple = config.get("do_resize", True) and config.get("do_rescale", True) and method
    if not simple or resize is None or (isinstance(resize, int) and not cut):
        raise ComponentError(_does_more(where))
    plain = not config.get("do_normalize", True)
    return Transform(
        resize=resize,
        crop=(int(crop["height"]), int(crop["width"])) if cut else None,
        interpolation=str(method),
        mean=(0.0,) * 3 if plain else tuple(config["image_mean"]),
        std=(1.0,) * 3 if plain else tuple(config["image_std"]),
        offset="floor",
    )


def own_transform(processor: Any, where: str, *, told: bool) -> Transform:
    """That of a transformers image processor, tried on a photograph: some do more than they say.

    told: the user says all of it, so that it does not matter what the processor does.
    """
    if told:
        return Transform(resize=(1, 1), crop=None, interpolation="bicubic", mean=(), std=())
    own = from_processor(processor.to_dict(), where)
    photograph = photographs()[1]
    theirs = np.asarray(processor(images=photograph, return_tensors="np")["pixel_values"][0])
    if theirs.shape != (3, *own.size) or own.apply(photograph).shape != (*own.size, 3):
        raise ComponentError(_does_more(where))
    ours = (own.apply(photograph) / 255.0 - own.mean) / own.std
    # They resize by other code, which makes a difference of a few grey levels at most.
    if np.abs(theirs - ours.transpose(2, 0, 1)).mean() > 0.02:
        raise ComponentError(_does_more(where))
    return own


def _does_more(where: str) -> str:
    return (
        f"The image processor of '{where}' does more than resize, crop and normalise, so "
        "clusterlab cannot show the model what it was trained on. Use timm's model of that family, "
        "or say all of it: extractor.resize=[224,224] extractor.interpolation=bilinear "
        "extractor.mean=[.5,.5,.5] extractor.std=[.5,.5,.5]."
    )
