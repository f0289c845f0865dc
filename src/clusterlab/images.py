"""Encoded bytes to RGB arrays: the one place where image files are read."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageColor, UnidentifiedImageError

MAX_PIXELS = 89_478_485
"""Images with more pixels are refused: Pillow's own default, here an error at once."""

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_ORIENTATION_TAG = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_PNG_ORIENTATION = (b"eXIf", b"Raw profile type", b"adobe.xmp")

# Pillow registers rare formats on first need, and two threads that need one at the same moment
# can make it forget a format; registering all of them here takes the race away.
Image.init()


def decode(
    content: bytes, *, background: str = "white", reduce_to: int | None = None
) -> np.ndarray:
    """Decodes one encoded image, upright and opaque. Safe to call from several threads.

    The EXIF orientation is applied; transparency is composited on `background`; of an animation
    or a multi-page file the first frame counts; palette, greyscale, 1-bit, CMYK and LAB images
    become RGB (embedded colour profiles are not applied). Images deeper than 8 bits are scaled as
    `scale_to_8_bit` says.

    background: a Pillow colour name or "#rrggbb".
    reduce_to: decodes JPEGs at 1/2, 1/4 or 1/8 of their size while the shorter side stays at least
        this many pixels. Several times faster, but the pixels differ slightly from those of a full
        decode that is resized; so it is off unless asked for. Other formats ignore it.
    Returns (height, width, 3) uint8 RGB.
    Raises whatever Pillow raises for a file that it cannot read (OSError, ValueError, TypeError,
    SyntaxError, ...), ValueError for an empty file, a Git LFS pointer or an unknown colour, and
    Image.DecompressionBombError above MAX_PIXELS.

    >>> buffer = io.BytesIO()
    >>> Image.new("RGBA", (3, 2), (0, 0, 0, 0)).save(buffer, "PNG")
    >>> decode(buffer.getvalue(), background="#ff8000")[0, 0].tolist()
    [255, 128, 0]
    """
    colour = ImageColor.getrgb(background)[:3]
    image = _open(content)
    if reduce_to is None:
        fast = _decode_jpeg(content, image)
        if fast is not None:
            return _upright(fast, image)
    else:
        image.draft(image.mode, (reduce_to, reduce_to))
    # Loaded before the orientation is read: Pillow turns TIFFs by itself while loading.
    image.load()
    return _upright(_to_rgb(image, colour), image)


def image_size(content: bytes) -> tuple[int, int]:
    """(width, height) in pixels of the upright image, from the header. Raises as `decode` does.

    >>> buffer = io.BytesIO()
    >>> Image.new("L", (3, 2)).save(buffer, "PNG")
    >>> image_size(buffer.getvalue())
    (3, 2)
    """
    image = _open(content)
    width, height = image.size
    # Pillow gives a TIFF's upright size already, and decodes a PNG whole to look for EXIF data.
    turned = image.format != "TIFF" and (
        image.format != "PNG" or any(mark in content for mark in _PNG_ORIENTATION)
    )
    if turned and image.getexif().get(_ORIENTATION_TAG) in _SIDEWAYS:
        return height, width
    return width, height


def describe_failure(error: BaseException) -> tuple[str, str]:
    """(class name, message in one line) for a row of failures.csv.

    >>> describe_failure(OSError("image file\\n is truncated"))
    ('OSError', 'image file is truncated')
    """
    return type(error).__name__, " ".join(str(error).split()) or "no message"


def scale_to_8_bit(values: np.ndarray) -> np.ndarray:
    """Grey values of a deep image, (h, w), as uint8.

    Values are divided by the range of the bits that the largest one needs, at least 8: a full
    16-bit scan by 257, a 12-bit camera image stored in 16 bits by 16, one that only holds 0..255
    not at all. Floats within [0, 1] are taken as shares of white. Where there are negative values,
    the range from the lowest to the highest becomes 0..255. Raises ValueError for NaN or infinity.

    >>> scale_to_8_bit(np.array([[0, 4095]], np.uint16)).tolist()
    [[0, 255]]
    """
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("the image holds NaN or infinite values")
    low, high = float(values.min()), float(values.max())
    if low < 0:
        values, top = values - low, high - low
    elif 0 < high <= 1:
        top = 1.0
    else:
        top = 2.0 ** max(8, int(np.ceil(np.log2(high + 1)))) - 1
    return np.rint(values * (255 / top)).astype(np.uint8) if top else values.astype(np.uint8)


def _open(content: bytes) -> Image.Image:
    if not content:
        raise ValueError("the file is empty")
    if content.startswith(_LFS_POINTER):
        raise ValueError("is a Git LFS pointer, not an image: run `git lfs pull`")
    try:
        image = Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        # Pillow's own message holds a memory address, which no two runs would agree on.
        raise UnidentifiedImageError("not an image, or in no format that can be read") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise Image.DecompressionBombError(
            f"{width} x {height} pixels are more than the {MAX_PIXELS} that are read; "
            "make a smaller copy"
        )
    return image


def _decode_jpeg(content: bytes, image: Image.Image) -> np.ndarray | None:
    """Plain JPEGs by OpenCV, which gives the same pixels 1.5 to 3 times as fast; else None.

    A file that does not end as a JPEG must is left to Pillow: OpenCV would fill what is missing of
    a truncated image with grey and say nothing.
    """
    if image.format != "JPEG" or image.mode not in ("RGB", "L"):
        return None
    if not content.endswith(b"\xff\xd9"):
        return None
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    pixels: np.ndarray | None = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if pixels is None or pixels.shape[1::-1] != image.size:
        return None
    return pixels


def _to_rgb(image: Image.Image, background: tuple[int, ...]) -> np.ndarray:
    if image.mode in _DEEP_MODES:
        return _deep_to_rgb(image, background)
    if not image.has_transparency_data:
        return np.array(image if image.mode == "RGB" else image.convert("RGB"))
    canvas = Image.new("RGBA", image.size, (*background, 255))
    # A premultiplied greyscale image has no direct way to RGBA.
    opaque_grey = image.convert("LA") if image.mode == "La" else image
    canvas.alpha_composite(opaque_grey.convert("RGBA"))
    return np.array(canvas)[:, :, :3].copy()


def _deep_to_rgb(image: Image.Image, background: tuple[int, ...]) -> np.ndarray:
    values = np.asarray(image)
    pixels = np.repeat(scale_to_8_bit(values)[:, :, None], 3, axis=2)
    transparent: Any = image.info.get("transparency")
    if transparent is not None:
        pixels[values == transparent] = background
    return pixels


def _upright(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    """Applies the EXIF orientation, 1..8, that `image` names; any other value means upright."""
    orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    if orientation in _SIDEWAYS:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
