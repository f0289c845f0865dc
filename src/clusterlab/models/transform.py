"""How an image becomes the square that a vision model looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from clusterlab.errors import ComponentError, closest

Side = int | Sequence[int]
INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# Of an image longer than this many times its width only the middle is resized: the crop shows no
# more, and all of it could be gigabytes.
_LONGEST = 8


@dataclass(frozen=True, kw_only=True)
class Transform:
    """resize: pixels of the shorter side, or (height, width) whatever the shape. crop: (height,
    width) of the middle that is kept, or None for all. interpolation: with antialiasing, as Pillow
    does it. mean, std: of the channels, for values in [0, 1]. offset: whether half a pixel to the
    left of the crop is rounded ("round", as timm does) or left out ("floor", as transformers does).

    >>> small = Transform(resize=8, crop=(4, 4), interpolation="bilinear", mean=(0,) * 3,
    ...     std=(1,) * 3)
    >>> small.apply(np.zeros((40, 60, 3), np.uint8)).shape
    (4, 4, 3)
    """

    resize: int | tuple[int, int]
    crop: tuple[int, int] | None
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    offset: str = "round"

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of what the model sees."""
        if self.crop is not None:
            return self.crop
        assert not isinstance(self.resize, int)
        return self.resize

    def apply(self, image: np.ndarray) -> np.ndarray:
        """image: (height, width, 3) uint8 RGB. Returns (*size, 3) uint8; not yet normalised."""
        picture = Image.fromarray(_middle(image) if isinstance(self.resize, int) else image)
        height, width = self._resized(picture.height, picture.width)
        method = INTERPOLATIONS[self.interpolation]
        pixels = np.asarray(picture.resize((width, height), method))
        if self.crop is None:
            return pixels
        whole = round if self.offset == "round" else int
        top = whole((height - self.crop[0]) / 2)
        left = whole((width - self.crop[1]) / 2)
        return np.ascontiguousarray(pixels[top : top + self.crop[0], left : left + self.crop[1]])

    def describe(self) -> dict[str, Any]:
        """JSON-able, for a run's provenance and the store's key."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if not isinstance(self.resize, int):
            return self.resize
        if height <= width:
            return self.resize, int(self.resize * width / height)
        return int(self.resize * height / width), self.resize


def changed(
    own: Transform,
    *,
    resize: Side | None,
    crop: Side | None,
    interpolation: str | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> Transform:
    """A model's own transform, with what a user wants otherwise; None keeps the model's.

    A crop alone keeps the share of the picture that is seen. Raises ComponentError.
    """
    wanted = own
    if crop is not None:
        height, width = _pair(crop, "crop")
        factor = height / own.size[0]
        wanted = replace(wanted, crop=(height, width), resize=_scaled(own.resize, factor))
    if resize is not None:
        sides = int(resize) if isinstance(resize, int) else _pair(resize, "resize")
        whole = not isinstance(sides, int) and crop is None
        wanted = replace(wanted, resize=sides, crop=None if whole else wanted.crop)
    if interpolation is not None:
        wanted = replace(wanted, interpolation=interpolation)
    if mean is not None:
        wanted = replace(wanted, mean=tuple(map(float, mean)))
    if std is not None:
        wanted = replace(wanted, std=tuple(map(float, std)))
    _check(wanted)
    return wanted


def check_patch(transform: Transform, patch: int) -> None:
    """Raises ComponentError where the model's patches, `patch` pixels wide, do not fit."""
    if min(transform.size) < patch:
        raise ComponentError(
            f"The model sees {transform.size[0]} x {transform.size[1]} pixels, less than one of "
            f"its patches of {patch}. Set extractor.crop to {patch} or more."
        )


def _check(transform: Transform) -> None:
    resize, crop = transform.resize, transform.crop
    if transform.interpolation not in INTERPOLATIONS:
        raise ComponentError(
            f"Unknown interpolation '{transform.interpolation}'."
            f"{closest(transform.interpolation, INTERPOLATIONS)} "
            f"There are: {', '.join(INTERPOLATIONS)}."
        )
    if isinstance(resize, int) and crop is None:
        raise ComponentError(
            f"extractor.resize={resize} alone leaves images of unequal shape. Add extractor.crop="
            f"{resize}, or give both sides: extractor.resize=[{resize},{resize}]."
        )
    sides = (resize, resize) if isinstance(resize, int) else resize
    if crop is not None and min(crop) < 1:
        raise ComponentError(f"extractor.crop must be 1 or more, not {min(crop)}.")
    kept = sides if crop is None else crop
    if min(kept) < 1 or kept[0] > sides[0] or kept[1] > sides[1]:
        raise ComponentError(
            f"Images are resized to {sides[0]} x {sides[1]} pixels (shorter side, or height x "
            f"width), less than the {kept[0]} x {kept[1]} that the crop keeps. Set "
            "extractor.resize to at least as much as extractor.crop."
        )
    if len(transform.mean) != 3 or len(transform.std) != 3 or min(transform.std) <= 0:
        raise ComponentError(
            "extractor.mean and extractor.std are three numbers each, std above 0; got "
            f"mean={list(transform.mean)}, std={list(transform.std)}."
        )


def _pair(side: Side, name: str) -> tuple[int, int]:
    if isinstance(side, int):
        return side, side
    if len(side) != 2:
        raise ComponentError(f"extractor.{name} is one number or [height, width], not {side}.")
    return int(side[0]), int(side[1])


def _scaled(side: int | tuple[int, int], factor: float) -> int | tuple[int, int]:
    if isinstance(side, int):
        return round(side * factor)
    return round(side[0] * factor), round(side[1] * factor)


def _middle(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    longest = _LONGEST * min(height, width)
    if max(height, width) <= longest:
        return image
    top, left = max(0, (height - longest) // 2), max(0, (width - longest) // 2)
    return np.ascontiguousarray(image[top : top + longest, left : left + longest])
