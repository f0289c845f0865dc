"""Each image feature against OpenCV and scikit-image themselves, on real photos and 8x8 scans."""

from __future__ import annotations

import colorsys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from skimage.feature import hog, local_binary_pattern
from sklearn.datasets import load_digits

from clusterlab.errors import ComponentError
from clusterlab.extractors.canny import Canny
from clusterlab.extractors.color_hist import ColorHist
from clusterlab.extractors.concat import Concat
from clusterlab.extractors.hog import Hog
from clusterlab.extractors.hsv_hist import HsvHist
from clusterlab.extractors.lbp import Lbp
from clusterlab.extractors.pixels import Pixels
from clusterlab.extractors.sift import Sift
from clusterlab.images import decode

STUDY = {"sift": Sift, "hog": Hog, "color_hist": ColorHist, "canny": Canny, "lbp": Lbp}
OTHERS = {"pixels": Pixels, "hsv_hist": HsvHist}


def by_the_libraries(bgr: np.ndarray) -> dict[str, np.ndarray]:
    """The food study's definitions, written out with OpenCV, scikit-image and NumPy alone."""
    small = cv2.resize(bgr, (224, 224))
    unit = small.astype(np.float32) / 255.0
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    unit_grey = cv2.cvtColor(unit, cv2.COLOR_BGR2GRAY)

    found, descriptors = cv2.SIFT.create().detectAndCompute(small, None)
    quarters = []
    for top, left in [(0, 0), (0, 112), (112, 0), (112, 112)]:
        inside = [
            descriptors[i]
            for i, point in enumerate(found)
            if left <= point.pt[0] < left + 112 and top <= point.pt[1] < top + 112
        ]
        quarters.append(np.mean(inside, axis=0) if inside else np.zeros(128))

    edges = cv2.Canny(grey, 100, 200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patterns = local_binary_pattern(unit_grey, P=8, R=1, method="uniform")
    return {
        "sift": np.concatenate(quarters),
        "hog": hog(unit_grey, pixels_per_cell=(56, 56), cells_per_block=(2, 2), orientations=9),
        "color_hist": np.concatenate(
            [cv2.calcHist([unit], [channel], None, [32], [0, 1]).ravel() for channel in range(3)]
        ),
        "canny": np.array(
            [
                np.mean(edges[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]) / 255
                for row in range(8)
                for column in range(8)
            ]
        ),
        "lbp": np.bincount(patterns.astype(int).ravel(), minlength=10) / (224 * 224 + 1e-7),
    }


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[Path]:
    """12 real JPEGs, spread over the classes."""
    found = sorted((shared_data / "clothing").rglob("*.jpg"))
    return found[:: len(found) // 12][:12]


@pytest.fixture(scope="module")
def scans() -> list[np.ndarray]:
    """12 real 8x8 scans of digits, RGB."""
    grey = (load_digits().images[:12] * 255 / 16).round().astype(np.uint8)
    return list(np.repeat(grey[:, :, :, None], 3, axis=3))


def vector(extractor: Any, image: np.ndarray) -> np.ndarray:
    return np.asarray(extractor.embed([extractor.prepare(image)])[0])


@pytest.mark.parametrize(
    ("name", "length", "tolerance"),
    [
        ("sift", 512, 0),
        ("hog", 324, 1e-5),
        ("color_hist", 96, 0),
        ("canny", 64, 1e-7),
        ("lbp", 10, 1e-7),
    ],
)
def test_feature_agrees_with_the_libraries_on_photos_and_scans(
    name: str, length: int, tolerance: float, photos: list[Path], scans: list[np.ndarray]
) -> None:
    extractor = STUDY[name]()
    pairs = [(decode(path.read_bytes()), cv2.imread(str(path))) for path in photos]
    pairs += [(scan, scan) for scan in scans]
    for rgb, bgr in pairs:
        ours = vector(extractor, rgb)
        expected = by_the_libraries(bgr)[name]
        assert ours.shape == (length,)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected.astype(np.float32), rtol=0, atol=tolerance)


def test_concat_is_the_five_features_in_the_study_order(photos: list[Path]) -> None:
    concat = Concat(parts={name: kind() for name, kind in STUDY.items()})
    for path in photos[:4]:
        expected = by_the_libraries(cv2.imread(str(path)))
        ours = vector(concat, decode(path.read_bytes()))
        assert ours.shape == (1006,)
        np.testing.assert_allclose(
            ours,
            np.concatenate([expected[n] for n in ("sift", "hog", "color_hist", "canny", "lbp")]),
            rtol=0,
            atol=1e-5,
        )


@pytest.mark.parametrize(
    "settings",
    [
        {"size": 64, "cell": 8, "block": 3, "orientations": 9},
        {"size": 65, "cell": 7, "block": 2, "orientations": 8},
        {"size": 50, "cell": 9, "block": 1, "orientations": 12},
    ],
)
def test_hog_agrees_with_scikit_image_at_other_settings(
    settings: dict[str, int], photos: list[Path]
) -> None:
    bgr = cv2.imread(str(photos[0]))
    small = cv2.resize(bgr, (settings["size"],) * 2).astype(np.float32) / 255
    expected = hog(
        cv2.cvtColor(small, cv2.COLOR_BGR2GRAY),
        pixels_per_cell=(settings["cell"],) * 2,
        cells_per_block=(settings["block"],) * 2,
        orientations=settings["orientations"],
    )
    ours = vector(Hog(**settings), decode(photos[0].read_bytes()))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)


def test_color_hist_leaves_out_white_unless_asked_to_count_it() -> None:
    white = np.full((10, 10, 3), 255, np.uint8)
    assert vector(ColorHist(), white).sum() == 0
    counted = vector(ColorHist(include_one=True), white)
    assert counted[[31, 63, 95]].tolist() == [224 * 224] * 3
    shares = vector(ColorHist(include_one=True, normalize=True), white)
    assert shares.sum() == pytest.approx(3)


def test_color_hist_is_blue_green_red() -> None:
    blue = np.zeros((4, 4, 3), np.uint8)
    blue[:, :, 2] = 200
    blocks = vector(ColorHist(), blue).reshape(3, 32)
    assert blocks.argmax(axis=1).tolist() == [25, 0, 0]


def test_hsv_hist_agrees_with_a_count_by_colorsys(photos: list[Path]) -> None:
    rgb = cv2.resize(decode(photos[3].read_bytes()), (24, 24))
    expected = np.zeros((4, 3, 2))
    near_a_border = 0
    for pixel in rgb.reshape(-1, 3) / 255:
        position = np.array(colorsys.rgb_to_hsv(*pixel)) * (4, 3, 2)
        # OpenCV rounds hue to 2 degrees and the others to 1/255, so these may fall either way.
        near_a_border += bool((np.abs(position - position.round()) < 0.03).any())
        expected[tuple(np.minimum(position.astype(int), (3, 2, 1)))] += 1 / 576
    ours = vector(HsvHist(size=24, bins=[4, 3, 2]), rgb)
    assert np.abs(ours.reshape(4, 3, 2) - expected).sum() <= 2 * near_a_border / 576 + 1e-6
    assert near_a_border < 576 / 4
    separate = vector(HsvHist(size=24, bins=[4, 3, 2], joint=False), rgb)
    joint = ours.reshape(4, 3, 2)
    np.testing.assert_allclose(
        separate,
        np.concatenate([joint.sum((1, 2)), joint.sum((0, 2)), joint.sum((0, 1))]),
        atol=1e-6,
    )


def test_pixels_of_an_image_of_that_size_are_its_own(scans: list[np.ndarray]) -> None:
    np.testing.assert_array_equal(
        vector(Pixels(size=8), scans[0]), (scans[0].ravel() / 255).astype(np.float32)
    )


def test_pixels_average_over_the_area_when_shrinking() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[::2] = 200
    np.testing.assert_allclose(vector(Pixels(size=2), image), 100 / 255, atol=1e-6)


@pytest.mark.parametrize("name", [*STUDY, *OTHERS])
@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (1, 500), (700, 3)])
@pytest.mark.parametrize("value", [0, 255])
def test_tiny_and_constant_images_have_finite_vectors_of_the_usual_length(
    name: str, shape: tuple[int, int], value: int
) -> None:
    extractor = (STUDY | OTHERS)[name]()
    usual = vector(extractor, np.arange(300 * 200 * 3).reshape(300, 200, 3).astype(np.uint8))
    ours = vector(extractor, np.full((*shape, 3), value, np.uint8))
    assert ours.shape == usual.shape
    assert np.isfinite(ours).all()


@pytest.mark.parametrize("name", [*STUDY, *OTHERS, "concat"])
def test_threads_give_the_same_bytes_as_a_loop(name: str, photos: list[Path]) -> None:
    images = [decode(path.read_bytes()) for path in photos] * 2
    if name == "concat":
        extractor: Any = Concat(parts={part: kind() for part, kind in STUDY.items()})
    else:
        extractor = (STUDY | OTHERS)[name]()
    untouched = [image.copy() for image in images]
    one_by_one = extractor.embed([extractor.prepare(image) for image in images])
    with ThreadPoolExecutor(4) as pool:
        together = extractor.embed(list(pool.map(extractor.prepare, images)))
    assert together.tobytes() == one_by_one.tobytes()
    assert all((a == b).all() for a, b in zip(images, untouched, strict=True))


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Hog, {"size": 100}, "size >= cell \\* block"),
        (Canny, {"size": 4}, "Set its size to 8 or more"),
        (ColorHist, {"bins": 300}, "300 bins of 256"),
        (HsvHist, {"bins": [8, 8]}, "three numbers of bins"),
        (Pixels, {"size": 0}, "Set its size to 1 or more"),
        (Concat, {"parts": {}}, "at least one part"),
    ],
)
def test_impossible_settings_are_refused_when_built(
    kind: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ComponentError, match=message):
        kind(**settings)
