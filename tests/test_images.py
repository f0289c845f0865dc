"""Reading images: the odd files of real life, against Pillow, OpenCV and plain arithmetic."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from clusterlab.images import MAX_PIXELS, decode, describe_failure, image_size, scale_to_8_bit

UNREADABLE = {
    "LICENSE_Pillow": "UnidentifiedImageError",
    "broken.png": "UnidentifiedImageError",
    "broken_data_stream.png": "OSError",
    "crash-2020-10-test.tif": "OSError",
    "decompression_bomb.gif": "DecompressionBombError",
    "oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif": "UnidentifiedImageError",
    "png_decompression_dos.png": "ValueError",
    "truncated_image.png": "OSError",
    "truncated_jpeg.jpg": "OSError",
}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


@pytest.fixture(scope="module")
def odd(shared_data: Path) -> Path:
    return shared_data / "odd_images"


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "clothing" / "test").rglob("*.jpg"))[::12]


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def difference(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def test_each_odd_image_decodes_or_raises_and_it_is_known_which(odd: Path) -> None:
    failed = {}
    for path in sorted(path for path in odd.iterdir() if path.is_file()):
        try:
            pixels = decode(path.read_bytes())
        except Exception as error:
            failed[path.name], message = describe_failure(error)
            assert message
            assert "\n" not in message
            assert "0x" not in message
            continue
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
        assert pixels.flags.c_contiguous
        assert pixels.flags.writeable
        assert image_size(path.read_bytes()) == pixels.shape[1::-1], path.name
    assert failed == UNREADABLE


def test_a_git_lfs_pointer_is_named_with_the_way_out(odd: Path) -> None:
    pointers = sorted((odd / "lfs_pointers").iterdir())
    assert len(pointers) == 8
    for path in pointers:
        with pytest.raises(ValueError, match="is a Git LFS pointer, not an image: run `git lfs pu"):
            decode(path.read_bytes())


def test_an_empty_file_is_named() -> None:
    with pytest.raises(ValueError, match="empty"):
        decode(b"")


@pytest.mark.parametrize("name", ["hopper_orientation_2", "hopper_orientation_3"])
@pytest.mark.parametrize("other", ["hopper_orientation_6", "hopper_orientation_8", "hopper"])
def test_photos_of_every_orientation_come_out_alike(odd: Path, name: str, other: str) -> None:
    one, two = (decode((odd / f"{stem}.jpg").read_bytes()) for stem in (name, other))
    assert difference(one, two) < 6
    assert difference(one[::-1], two) > 40
    assert difference(one[:, ::-1], two) > 25


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_agrees_with_pillow_in_every_format(orientation: int, format_: str) -> None:
    rng = np.random.default_rng(orientation)
    pixels = np.kron(rng.integers(0, 255, (4, 6, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(pixels), format_, exif=exif)

    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))

    np.testing.assert_array_equal(decode(content), expected)
    assert image_size(content) == expected.shape[1::-1]
    assert (expected.shape[0] > expected.shape[1]) == (orientation in (5, 6, 7, 8))


def test_photos_have_the_pixels_of_pillow_and_of_opencv(photos: list[Path]) -> None:
    for path in photos:
        pixels = decode(path.read_bytes())
        np.testing.assert_array_equal(pixels, np.asarray(Image.open(path).convert("RGB")))
        reference = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        np.testing.assert_array_equal(pixels, reference)


def test_a_cut_off_photo_is_an_error_and_not_half_grey(photos: list[Path]) -> None:
    content = photos[0].read_bytes()
    with pytest.raises(OSError, match="truncated"):
        decode(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("colour", "rgb"), [("white", (255, 255, 255)), ("#204060", (32, 64, 96)), ("red", (255, 0, 0))]
)
@pytest.mark.parametrize("name", ["transparent.png", "pil123rgba.png", "iss634.apng"])
def test_alpha_is_composited_on_the_colour(
    odd: Path, name: str, colour: str, rgb: tuple[int, int, int]
) -> None:
    rgba = np.asarray(Image.open(odd / name).convert("RGBA")).astype(float)
    alpha = rgba[:, :, 3:] / 255
    expected = rgba[:, :, :3] * alpha + np.array(rgb) * (1 - alpha)

    pixels = decode((odd / name).read_bytes(), background=colour)

    assert np.abs(pixels - expected).max() <= 1


@pytest.mark.parametrize("name", ["1_trns.png", "l_trns.png", "i_trns.png", "rgb_trns.png"])
def test_a_transparent_value_shows_the_background_and_nothing_else_changes(
    odd: Path, name: str
) -> None:
    image = Image.open(odd / name)
    raw = np.asarray(image.convert("L") if image.mode == "1" else image)
    hidden = raw == image.info["transparency"]
    if hidden.ndim == 3:
        hidden = hidden.all(axis=2)
    assert 0 < hidden.sum() < hidden.size

    red, blue = (decode((odd / name).read_bytes(), background=c) for c in ("red", "blue"))

    assert (red[hidden] == (255, 0, 0)).all()
    assert (blue[hidden] == (0, 0, 255)).all()
    np.testing.assert_array_equal(red[~hidden], blue[~hidden])


def test_a_transparent_palette_shows_the_background() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((0, 0), 0)
    for transparency in (0, bytes([0, 255])):
        pixels = decode(encoded(image, "PNG", transparency=transparency), background="lime")
        assert pixels[0, 0].tolist() == [0, 255, 0]
        assert pixels[1, 1].tolist() == [40, 50, 60]


def test_grey_with_alpha_is_composited() -> None:
    image = Image.new("LA", (2, 1), (100, 255))
    image.putpixel((1, 0), (100, 0))
    assert decode(encoded(image, "PNG")).tolist() == [[[100, 100, 100], [255, 255, 255]]]


def test_an_unknown_background_is_an_error() -> None:
    with pytest.raises(ValueError, match="whiet"):
        decode(encoded(Image.new("RGB", (2, 2)), "PNG"), background="whiet")


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("hopper.Lab.tif", 3),
        ("hopper.png", 1),
        ("hopper.bmp", 1),
        ("hopper.ppm", 2),
        ("hopper.tif", 1),
        ("hopper.webp", 4),
        ("hopper.gif", 6),
    ],
)
def test_the_same_picture_in_other_formats_looks_the_same(
    odd: Path, name: str, tolerance: float
) -> None:
    photo = decode((odd / "hopper.jpg").read_bytes())
    assert difference(decode((odd / name).read_bytes()), photo) < tolerance


def test_cmyk_looks_like_its_rgb_twin(odd: Path) -> None:
    cmyk, rgb = (decode((odd / f"pil_sample_{mode}.jpg").read_bytes()) for mode in ("cmyk", "rgb"))
    assert difference(cmyk, rgb) < 8


def test_a_full_16_bit_image_is_divided_by_257(odd: Path) -> None:
    pixels = decode((odd / "hopper_16bit.pgm").read_bytes())
    grey = decode((odd / "hopper_8bit.pgm").read_bytes())
    assert difference(pixels, grey) < 1.5
    assert 60 < pixels.mean() < 200


def test_a_dim_16_bit_image_is_not_black(odd: Path) -> None:
    """Its values reach 694, which takes 10 bits."""
    raw = cv2.imread(str(odd / "16bit.cropped.tif"), cv2.IMREAD_UNCHANGED)
    pixels = decode((odd / "16bit.cropped.tif").read_bytes())
    np.testing.assert_allclose(pixels[:, :, 0], raw * 255.0 / 1023, atol=0.51)
    assert len(np.unique(pixels)) > 20


def test_values_deeper_than_8_bits() -> None:
    def scaled(values: list[float], dtype: str) -> list[int]:
        return scale_to_8_bit(np.array([values], dtype))[0].tolist()

    assert scaled([0, 100, 255], "uint16") == [0, 100, 255]
    assert scaled([0, 257, 65535], "uint16") == [0, 1, 255]
    assert scaled([-5, 0, 5], "int32") == [0, 128, 255]
    assert scaled([0, 0.5, 1], "float32") == [0, 128, 255]
    assert scaled([0, 200.4], "float32") == [0, 200]
    assert scaled([0, 0], "float32") == [0, 0]
    assert scaled([-3, -3], "int32") == [0, 0]
    with pytest.raises(ValueError, match="NaN"):
        scaled([0, float("nan")], "float32")


def test_a_float_tiff_decodes() -> None:
    ramp = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    pixels = decode(encoded(Image.fromarray(ramp), "TIFF"))
    np.testing.assert_array_equal(pixels[:, :, 1], np.rint(ramp * 255))


@pytest.mark.parametrize("format_", ["GIF", "TIFF", "PNG", "WEBP"])
def test_the_first_frame_counts(format_: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if format_ == "WEBP" else {}
    content = encoded(frames[0], format_, save_all=True, append_images=frames[1:], **options)
    assert (decode(content) == (255, 0, 0)).all()


def test_reduced_decoding_keeps_the_shorter_side_and_nearly_the_pixels(photos: list[Path]) -> None:
    for path in photos[:4]:
        content = path.read_bytes()
        full, small = decode(content), decode(content, reduce_to=150)
        assert min(small.shape[:2]) >= 150
        assert small.shape[0] < full.shape[0]
        resized = cv2.resize(full, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert 0 < difference(small, resized) < 4
        np.testing.assert_array_equal(decode(content, reduce_to=5000), full)


def test_reduced_decoding_also_turns_the_image(odd: Path) -> None:
    content = (odd / "hopper_orientation_6.jpg").read_bytes()
    upright = decode((odd / "hopper.jpg").read_bytes())
    small = decode(content, reduce_to=60)
    assert small.shape == (64, 64, 3)
    assert difference(small, cv2.resize(upright, (64, 64), interpolation=cv2.INTER_AREA)) < 6


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    content = encoded(Image.new("1", (10_000, MAX_PIXELS // 10_000 + 1)), "PNG")
    with pytest.raises(Image.DecompressionBombError, match="more than the 89478485 that are read"):
        decode(content)


def test_many_threads_get_the_same_pixels(odd: Path) -> None:
    paths = [odd / name for name in ("hopper.tif", "hopper.Lab.tif", "iss634.webp", "i_trns.png")]
    contents = [path.read_bytes() for path in paths] * 4
    expected = [decode(content) for content in contents]
    with ThreadPoolExecutor(8) as threads:
        for pixels, alone in zip(threads.map(decode, contents), expected, strict=True):
            np.testing.assert_array_equal(pixels, alone)


def test_the_size_comes_from_the_header_alone(photos: list[Path]) -> None:
    content = photos[0].read_bytes()
    assert image_size(content[: len(content) // 4]) == Image.open(photos[0]).size
