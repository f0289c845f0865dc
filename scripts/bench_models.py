"""Deep features, from file to vector: clusterlab against the plain loop over the same model.

    python scripts/bench_models.py [--images 32] [--repeats 5] [--workers N] [--part PART ...]
        [--data FOLDER [--weights FILE]] [--gpu-images 4000]

speed: one image at a time in fp32 (PIL, timm's own transform, the model in inference mode, threads
    as PyTorch sets them) against the engine, by PyTorch and, where installed, by OpenVINO. The
    sides take turns in one process, over the same files and the same random weights. Loading a
    model and trying its precision are outside the times.
sweep: what the first and the second extraction of a process take, loading and trying included.
ari: k-means on a labelled folder by the precision of the features. Needs --data and --weights.
gpu: ViT-B/16 in bf16, and the share of the time that the model waits for images.

The images are crops of the photos that come with scikit-image, or those of --data as they are.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

# Before torch, as clusterlab does it: idle threads would spin on the cores that others need.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import skimage
import timm
import torch
from PIL import Image
from sklearn.cluster import KMeans
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform

from clusterlab.components import Component
from clusterlab.datasets.folder import Folder
from clusterlab.environment import machine, n_cores
from clusterlab.extractors.engine import Extraction, extract
from clusterlab.extractors.timm import Timm
from clusterlab.metrics.ari import ari
from clusterlab.models.open_session import open_session
from clusterlab.models.precision import TOLERANCE
from clusterlab.types import Collection, Compute

# Model -> the least ratio wanted by PyTorch and by OpenVINO.
MODELS = {"resnet50": (2.2, 3), "vit_base_patch16_224": (2.2, 3), "efficientnet_b0": (1.7, 4.5)}
PARTS = ("speed", "sweep", "ari", "gpu")
SEEDS = range(10)
BACKENDS = ["torch", *(["openvino"] if importlib.util.find_spec("openvino") else [])]
PHOTOS = ["astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg"]


class Watched(Timm):
    """Adds up the seconds in which the model works; the rest of the time it waits for images."""

    seconds = 0.0

    def apply(self, module: Any, inputs: Sequence[np.ndarray], device: torch.device) -> np.ndarray:
        begin = time.perf_counter()
        vectors = super().apply(module, inputs, device)
        self.seconds += time.perf_counter() - begin
        return vectors


@dataclass
class Side:
    """One way to the vectors. seconds: of each repeat. waiting: the share that the model waits."""

    name: str
    run: Callable[[], np.ndarray]
    how: str
    extractor: Watched | None = None
    seconds: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    vectors: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    def go(self) -> None:
        worked = self.extractor.seconds if self.extractor else 0.0
        begin = time.perf_counter()
        self.vectors = self.run()
        self.seconds.append(time.perf_counter() - begin)
        if self.extractor:
            self.waiting.append(1 - (self.extractor.seconds - worked) / self.seconds[-1])


def plain_side(name: str, collection: Collection) -> Side:
    """One image after the other, as a person would write it."""
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=0).eval()
    transform = create_transform(**resolve_model_data_config(model))

    def run() -> np.ndarray:
        vectors = []
        with torch.inference_mode():
            for image in collection.images:
                picture = Image.open(image.path).convert("RGB")
                vectors.append(model(transform(picture).unsqueeze(0))[0].numpy())
        return np.array(vectors)

    return Side("plain loop", run, "cpu fp32")


def run_engine(model: Timm, collection: Collection, compute: Compute, workers: int) -> Extraction:
    """By the real engine, without its store."""
    target = {"_target_": "clusterlab.extractors.timm.Timm"}
    component = Component(name="timm", config=target, instance=model)
    return extract(collection, component, compute=compute, workers=workers)


def own_side(extractor: Watched, collection: Collection, compute: Compute, workers: int) -> Side:
    """The engine, with its model loaded and its precision settled."""
    few = collection.take(collection.ids[:8])
    facts = run_engine(extractor, few, compute, workers).compute
    settled = replace(compute, precision=facts["precision"])

    def run() -> np.ndarray:
        return run_engine(extractor, collection, settled, workers).features.values

    how = f"{facts['device']} {facts['precision']}"
    return Side(f"clusterlab, {compute.backend}", run, how, extractor)


def on_cpu(backend: str, precision: str = "auto") -> Compute:
    return Compute(device="cpu", precision=precision, backend=backend)


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,): of the rows of two (n, d) arrays."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / lengths)


def speed(collection: Collection, repeats: int, workers: int) -> bool:
    """Prints a row a model and side; whether all vectors agree with the plain ones."""
    n, agree = len(collection), True
    print(f"\nspeed: {n} images, random weights, medians of {repeats} interleaved repeats")
    print("cosine: of each vector to that of the plain loop. waiting: of the model, for images")
    heads = ["img/s", "ratio", "range", "target", "least cosine", "median", "waiting"]
    print(f"{'':52}" + "".join(f"{head:>13}" for head in heads), flush=True)
    for name, targets in MODELS.items():
        sides = [plain_side(name, collection)]
        for backend in BACKENDS:
            extractor = Watched(model=name, weights="random")
            sides.append(own_side(extractor, collection, on_cpu(backend), workers))
        for _ in range(repeats):
            for side in sides:
                side.go()
        plain = sides[0]
        print(row(name, plain, n, []), flush=True)
        for side, target in zip(sides[1:], targets, strict=False):
            rounds = [a / b for a, b in zip(plain.seconds, side.seconds, strict=True)]
            same = cosines(side.vectors, plain.vectors)
            agree &= bool(same.min() >= TOLERANCE)
            ratio = f"{median(plain.seconds) / median(side.seconds):.2f}"
            cells = [ratio, f"{min(rounds):.2f}-{max(rounds):.2f}", f"{target}"]
            cells += [f"{same.min():.6f}", f"{median(same):.6f}", f"{median(side.waiting):.0%}"]
            print(row("", side, n, cells), flush=True)
    return agree


def row(name: str, side: Side, n: int, cells: Sequence[str]) -> str:
    rate = f"{n / median(side.seconds):.1f}"
    return f"{name:22}{side.name:20}{side.how:>10}" + "".join(f"{c:>13}" for c in [rate, *cells])


def sweep(collection: Collection, repeats: int, workers: int) -> None:
    few = collection.take(collection.ids[:8])
    repeats = min(repeats, 3)
    print(f"\nsweep: seconds of two extractions of {len(few)} images in one process, store off,")
    print(f"precision=auto, random weights, medians of {repeats}")
    print(f"{'':42}{'first':>10}{'second':>10}")
    for name in MODELS:
        for backend in BACKENDS:
            times = []
            for repeat in range(repeats):
                # Another seed is another model, which this process has not seen.
                extractor = Timm(model=name, weights="random", random_state=1 + repeat)
                pair = [time.perf_counter()]
                for _ in range(2):
                    run_engine(extractor, few, on_cpu(backend), workers)
                    pair.append(time.perf_counter())
                times.append(np.diff(pair))
            first, second = np.median(times, axis=0)
            print(f"{name:22}{f'clusterlab, {backend}':20}{first:10.2f}{second:10.2f}", flush=True)


def ari_by_precision(folder: Path, weights: Path, workers: int) -> None:
    collection = Folder(path=str(folder)).load()
    truth = np.unique(collection.labels["label"].astype(str), return_inverse=True)[1]
    n_classes = len(np.unique(truth))
    extractor: Any = Timm(
        model="mobilenetv2_100.ra_in1k", weights=str(weights), model_args={"pad_type": "same"}
    )
    print(f"\nari: {len(collection)} photos, MobileNetV2 with real weights, k-means with k =")
    print(f"{n_classes} on the vectors as they are, seeds {SEEDS[0]} to {SEEDS[-1]}")
    heads = ["ARI", "std", "lowest", "highest", "least cosine", "median"]
    print(f"{'':32}" + "".join(f"{head:>13}" for head in heads))
    exact: np.ndarray | None = None
    for backend in BACKENDS:
        for precision in ("fp32", "bf16"):
            compute = on_cpu(backend, precision)
            values = run_engine(extractor, collection, compute, workers).features.values
            exact = values if exact is None else exact
            means = [KMeans(n_classes, n_init=10, random_state=seed) for seed in SEEDS]
            scores = [ari(each.fit_predict(values), truth) for each in means]
            same = cosines(values, exact)
            numbers = [fmean(scores), stdev(scores), min(scores), max(scores)]
            cells = [f"{x:.4f}" for x in numbers] + [f"{same.min():.6f}", f"{median(same):.6f}"]
            print(f"{backend:12}{precision:20}" + "".join(f"{cell:>13}" for cell in cells))
        facts = open_session(extractor, on_cpu(backend)).facts
        trial = f"cosine of the trial {facts.get('bf16_cosine_to_fp32', 'not taken')}"
        print(f"{backend:12}auto takes {facts['precision']}: {trial}, wanted {TOLERANCE}")


def gpu(collection: Collection, repeats: int, workers: int) -> None:
    extractor = Watched(model="vit_base_patch16_224", weights="random")
    side = own_side(extractor, collection, Compute(device="cuda", precision="bf16"), workers)
    for _ in range(repeats):
        side.go()
    rates = sorted(len(collection) / seconds for seconds in side.seconds)
    print(f"\ngpu: ViT-B/16 in bf16, random weights, {torch.cuda.get_device_name()},")
    print(f"{len(collection)} images, {workers} workers, medians of {repeats}")
    print(f"{median(rates):.0f} images/s ({rates[0]:.0f} to {rates[-1]:.0f}); the model waits for")
    print(f"images {median(side.waiting):.0%} of the time")


def make_jpegs(n: int, folder: Path) -> None:
    """n different crops of scikit-image's photos, 400x300, as JPEGs of quality 90."""
    rng = np.random.default_rng(0)
    for index in range(n):
        path = Path(skimage.__file__).parent / "data" / PHOTOS[index % len(PHOTOS)]
        picture = Image.open(path).convert("RGB")
        width, height = (round(side * rng.uniform(0.5, 1)) for side in picture.size)
        left = int(rng.integers(picture.width - width + 1))
        top = int(rng.integers(picture.height - height + 1))
        crop = picture.crop((left, top, left + width, top + height)).resize((400, 300))
        crop.save(folder / f"{index:05}.jpg", quality=90)


def images(data: Path | None, n: int, folder: Path) -> Collection:
    """n images of `data`, evenly spread over it, or n crops in `folder`."""
    if data is None:
        make_jpegs(n, folder)
        return Folder(path=str(folder)).load()
    whole = Folder(path=str(data)).load()
    # The engine computes exact copies once, which the plain loop does not.
    ids = sorted(dict(zip(whole.digests, whole.ids, strict=True)).values())
    return whole.take(ids[i] for i in np.linspace(0, len(ids) - 1, min(n, len(ids))).astype(int))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=n_cores())
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--data", type=Path, help="a folder of pictures")
    parser.add_argument("--weights", type=Path, help="weights of mobilenetv2_100, pad_type=same")
    parser.add_argument("--gpu-images", type=int, default=4000)
    options = parser.parse_args()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{date.today()}, {machine()['processor']}, {n_cores()} cores{load}")
    versions = [f"{name} {version(name)}" for name in ["torch", "timm", "pillow", *BACKENDS[1:]]]
    print(f"Python {platform.python_version()}, {', '.join(versions)}")
    print(f"{torch.get_num_threads()} threads of PyTorch, {options.workers} workers")
    agree = True
    with tempfile.TemporaryDirectory() as folder:
        collection = images(options.data, options.images, Path(folder))
        if "speed" in options.part:
            agree = speed(collection, options.repeats, options.workers)
        if "sweep" in options.part:
            sweep(collection, options.repeats, options.workers)
    if "ari" in options.part and options.data and options.weights:
        ari_by_precision(options.data, options.weights, options.workers)
    elif "ari" in options.part:
        print("\nari: not measured; it needs --data and --weights")
    if "gpu" in options.part and torch.cuda.is_available():
        with tempfile.TemporaryDirectory() as folder:
            many = images(options.data, options.gpu_images, Path(folder))
            gpu(many, options.repeats, options.workers)
    elif "gpu" in options.part:
        print("\ngpu: not measured; PyTorch finds no CUDA GPU here")
    if not agree:
        print(f"some vectors agree less than {TOLERANCE} with the plain loop's")
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
