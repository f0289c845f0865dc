"""The classical features over many JPEGs: clusterlab against the plain loop of the food study.

    python scripts/bench_features.py [--images 1000] [--repeats 5] [--data FOLDER] [--workers N]

Both sides start from the same files on disk and end with the same vectors, which is checked. They
take turns in one process, and each number is the median of the repeats. What is paid once a
process is left out: every import, and the first call, which compiles. The plain loop is one
process that handles an image after the other and leaves OpenCV its own threads, as a person would
write it; --plain-threads 1 takes those away.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from statistics import median

import cv2
import numba
import numpy as np
import pandas as pd
import skimage
import sklearn
from PIL import Image
from skimage.feature import hog, local_binary_pattern

from clusterlab.components import Component
from clusterlab.extractors._picture import Picture, PictureFeature
from clusterlab.extractors.canny import Canny
from clusterlab.extractors.color_hist import ColorHist
from clusterlab.extractors.concat import Concat
from clusterlab.extractors.engine import extract
from clusterlab.extractors.hog import Hog
from clusterlab.extractors.lbp import Lbp
from clusterlab.extractors.sift import Sift
from clusterlab.images import decode
from clusterlab.types import Collection, FileImage

SKIMAGE = Path(skimage.__file__).parent / "data"
SKLEARN = Path(sklearn.__file__).parent / "datasets" / "images"
PHOTOS = [
    SKIMAGE / "astronaut.png",
    SKIMAGE / "chelsea.png",
    SKIMAGE / "coffee.png",
    SKIMAGE / "motorcycle_left.png",
    SKIMAGE / "rocket.jpg",
    SKLEARN / "china.jpg",
    SKLEARN / "flower.jpg",
]
WIDTH, HEIGHT = 400, 300
PARTS: dict[str, PictureFeature] = {
    "sift": Sift(),
    "hog": Hog(),
    "color_hist": ColorHist(),
    "canny": Canny(),
    "lbp": Lbp(),
}


def make_jpegs(pictures: Sequence[Path], n: int, folder: Path) -> list[Path]:
    """n different crops of the pictures, about 400x300, as JPEGs of quality 90."""
    rng = np.random.default_rng(0)
    if not pictures:
        raise SystemExit("--data holds no .jpg to cut crops from.")
    paths = []
    for index in range(n):
        picture = Image.open(pictures[index % len(pictures)]).convert("RGB")
        share = rng.uniform(0.5, 1)
        width, height = (round(side * share) for side in picture.size)
        left = rng.integers(picture.width - width + 1)
        top = rng.integers(picture.height - height + 1)
        crop = picture.crop((left, top, left + width, top + height))
        size = round(WIDTH * rng.uniform(0.9, 1.1)), round(HEIGHT * rng.uniform(0.9, 1.1))
        paths.append(folder / f"{index:05}.jpg")
        crop.resize(size).save(paths[-1], quality=90)
    return paths


def plain_sift(bgr: np.ndarray) -> np.ndarray:
    found, descriptors = cv2.SIFT_create().detectAndCompute(bgr, None)
    height, width = bgr.shape[:2]
    middle_x, middle_y = width // 2, height // 2
    quarters = []
    for y0, y1 in ((0, middle_y), (middle_y, height)):
        for x0, x1 in ((0, middle_x), (middle_x, width)):
            inside = [
                descriptors[i]
                for i, point in enumerate(found)
                if x0 <= point.pt[0] < x1 and y0 <= point.pt[1] < y1
            ]
            quarters.append(np.mean(inside, axis=0) if inside else np.zeros(128))
    return np.concatenate(quarters)


def plain_hog(unit_grey: np.ndarray) -> np.ndarray:
    vector, _ = hog(
        unit_grey,
        orientations=9,
        pixels_per_cell=(56, 56),
        cells_per_block=(2, 2),
        visualize=True,
        feature_vector=True,
    )
    return np.asarray(vector)


def plain_color(unit: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [cv2.calcHist([unit], [c], None, [32], [0, 1]).flatten() for c in range(3)]
    )


def plain_canny(grey: np.ndarray) -> np.ndarray:
    edges = cv2.Canny(grey, 100, 200)
    height, width = edges.shape[0] // 8, edges.shape[1] // 8
    densities = []
    for row in range(8):
        for column in range(8):
            cell = edges[row * height : (row + 1) * height, column * width : (column + 1) * width]
            densities.append(np.sum(cell) / (255.0 * cell.size))
    return np.array(densities)


def plain_lbp(unit_grey: np.ndarray) -> np.ndarray:
    patterns = local_binary_pattern(unit_grey, P=8, R=1, method="uniform")
    counts, _ = np.histogram(patterns.ravel(), bins=np.arange(11), range=(0, 10))
    return counts.astype(float) / (counts.sum() + 1e-7)


def plain_image(path: Path, names: Sequence[str], spent: dict[str, float]) -> list[np.ndarray]:
    """The features of one image as the study computes them. Adds the seconds of each step."""
    clock = Clock(spent)
    image = cv2.imread(str(path))
    clock.lap("decode")
    bgr = cv2.resize(image, (224, 224))
    unit = bgr.astype(np.float32) / 255.0
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    unit_grey = cv2.cvtColor(unit, cv2.COLOR_BGR2GRAY)
    clock.lap("resize, grey")
    steps: dict[str, Callable[[], np.ndarray]] = {
        "sift": lambda: plain_sift(bgr),
        "hog": lambda: plain_hog(unit_grey),
        "color_hist": lambda: plain_color(unit),
        "canny": lambda: plain_canny(grey),
        "lbp": lambda: plain_lbp(unit_grey),
    }
    vectors = []
    for name in names:
        vectors.append(steps[name]())
        clock.lap(name)
    return vectors


class Clock:
    """Adds up, in `spent`, the seconds between laps."""

    def __init__(self, spent: dict[str, float]) -> None:
        self._spent = spent
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._spent[name] = self._spent.get(name, 0.0) + now - self._last
        self._last = now


def plain_loop(paths: Sequence[Path], names: Sequence[str], spent: dict[str, float]) -> np.ndarray:
    return np.array([np.concatenate(plain_image(path, names, spent)) for path in paths])


def collection_of(paths: Sequence[Path]) -> Collection:
    nothing = pd.DataFrame(index=range(len(paths)))
    return Collection(
        name="bench",
        ids=tuple(path.name for path in paths),
        images=tuple(FileImage(str(path)) for path in paths),
        digests=tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths),
        labels=nothing,
        split=np.full(len(paths), "all"),
        numeric=nothing,
    )


def clusterlab_run(collection: Collection, names: Sequence[str], workers: int) -> np.ndarray:
    """By the real engine, without its store."""
    concat = Concat(parts={name: PARTS[name] for name in names})
    component = Component(name="concat", config={"parts": list(names)}, instance=concat)
    return extract(collection, component, workers=workers).features.values


def clusterlab_steps(paths: Sequence[Path], names: Sequence[str]) -> dict[str, float]:
    """Seconds of each step in one thread, over all paths."""
    spent: dict[str, float] = {}
    for path in paths:
        clock = Clock(spent)
        picture = Picture(decode(path.read_bytes()))
        clock.lap("decode")
        picture.grey(224), picture.grey_float(224)
        clock.lap("resize, grey")
        for name in names:
            PARTS[name].describe(picture)
            clock.lap(name)
    return spent


def compare(
    paths: Sequence[Path], names: Sequence[str], repeats: int, workers: int, plain_threads: int
) -> tuple[list[float], list[float], list[dict[str, float]], np.ndarray, np.ndarray]:
    """Both sides in turn: seconds of each repeat, the plain side's steps, and the vectors."""
    collection = collection_of(paths)
    own_threads = cv2.getNumThreads()
    plain_loop(paths[:8], names, {})
    clusterlab_run(collection.take(collection.ids[:8]), names, workers)
    plain, ours, steps = [], [], []
    for repeat in range(repeats):
        cv2.setNumThreads(plain_threads or own_threads)
        spent: dict[str, float] = {}
        begin = time.perf_counter()
        expected = plain_loop(paths, names, spent)
        plain.append(time.perf_counter() - begin)
        cv2.setNumThreads(own_threads)
        begin = time.perf_counter()
        values = clusterlab_run(collection, names, workers)
        ours.append(time.perf_counter() - begin)
        steps.append(spent)
        print(f"  repeat {repeat + 1}: plain {plain[-1]:.1f} s, clusterlab {ours[-1]:.1f} s")
    return plain, ours, steps, expected, values


def differences(names: Sequence[str], a: np.ndarray, b: np.ndarray) -> Iterator[tuple[str, float]]:
    """The largest absolute difference of each feature's values."""
    start = 0
    for name in names:
        length = len(PARTS[name].describe(Picture(np.zeros((8, 8, 3), np.uint8))))
        block = slice(start, start + length)
        yield name, float(np.abs(a[:, block].astype(np.float32) - b[:, block]).max())
        start += length


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if platform.system() == "Linux" else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def report(title: str, n: int, plain: Sequence[float], ours: Sequence[float]) -> None:
    rounds = [a / b for a, b in zip(plain, ours, strict=True)]
    print(f"\n{title}: ms an image, median of {len(plain)}")
    print(f"  plain loop   {median(plain) / n * 1e3:7.2f}")
    print(f"  clusterlab   {median(ours) / n * 1e3:7.2f}")
    print(
        f"  ratio        {median(plain) / median(ours):7.2f}   "
        f"(single repeats {min(rounds):.2f} to {max(rounds):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plain-threads", type=int, default=0, help="0: OpenCV's own choice")
    parser.add_argument("--data", type=Path, help="a folder of pictures to cut the JPEGs from")
    options = parser.parse_args()
    # scikit-image warns of every floating-point image, and the study uses one.
    warnings.filterwarnings("ignore", message="Applying `local_binary_pattern`")

    print(f"{date.today()}, {cpu()}, {cores()} cores, {options.workers} workers")
    versions = {"opencv": cv2, "scikit-image": skimage, "numba": numba}
    print(", ".join(f"{name} {module.__version__}" for name, module in versions.items()))
    found = PHOTOS if options.data is None else list(options.data.rglob("*.jpg"))
    with tempfile.TemporaryDirectory() as folder:
        paths = make_jpegs(sorted(found), options.images, Path(folder))
        bench(paths, options.repeats, options.workers, options.plain_threads)


def bench(paths: Sequence[Path], repeats: int, workers: int, plain_threads: int) -> None:
    n = len(paths)
    names = list(PARTS)
    print(f"{n} JPEGs of about {WIDTH}x{HEIGHT}; import and compilation not counted")
    plain, ours, steps, expected, values = compare(paths, names, repeats, workers, plain_threads)
    report("all features and their concatenation", n, plain, ours)

    cv2.setNumThreads(1)
    own = [clusterlab_steps(paths[:200], names) for _ in range(3)]
    print("\nwhere the time goes: ms an image; clusterlab in one thread, of which several run")
    print(f"  {'step':14}{'plain':>8}{'clusterlab':>12}{'largest difference':>20}")
    largest = dict(differences(names, expected, values))
    for step in ["decode", "resize, grey", *names]:
        a = median(spent[step] for spent in steps) / n * 1e3
        b = median(spent[step] for spent in own) / min(n, 200) * 1e3
        difference = f"{largest[step]:.1e}" if step in largest else ""
        print(f"  {step:14}{a:8.2f}{b:12.2f}{difference:>20}")

    rest = [name for name in names if name != "sift"]
    print()
    plain, ours, *_ = compare(paths, rest, repeats, workers, plain_threads)
    report("without SIFT", n, plain, ours)


if __name__ == "__main__":
    main()
