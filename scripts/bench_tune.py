"""What a search costs against as many separate runs: whole processes, interleaved.

Usage: python scripts/bench_tune.py [--repeats 3] [--images 5000] [--trials 100]

5,000 crops of scikit-learn's two photographs as 16 x 16 x 3 = 768 pixel features; HDBSCAN on UMAP,
whose two numbers of neighbours make two reductions that the trials share. A search of 100 trials is
one process, from the first import to its report; a separate run is one too, with one of the same
settings, once without the store (everything anew) and once with a store that has its features and
its reduction already. A search starts with an empty store.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from clusterlab.environment import machine

SHARED = [
    "dataset=folder",
    "extractor=pixels",
    "extractor.size=16",
    "reducer=umap",
    "reducer.n_components=5",
    "reducer.min_dist=0.1",
    "clusterer=hdbscan",
    "view=none",
    "report.max_thumbnails=0",
]
SEARCH = [
    "search=hdbscan",
    "search.space.reducer.n_neighbors=[5,15]",
    "search.n_best=1",
]


def make_images(n: int, folder: Path) -> None:
    """n different square crops, 16 pixels wide, so that decoding costs next to nothing."""
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(image) for image in load_sample_images().images]
    for index in range(n):
        picture = pictures[index % len(pictures)]
        side = int(rng.integers(24, 200))
        left = int(rng.integers(picture.width - side))
        top = int(rng.integers(picture.height - side))
        crop = picture.crop((left, top, left + side, top + side))
        crop.resize((16, 16)).save(folder / f"{index:05}.png")


def seconds(verb: str, words: list[str], cache: Path) -> float:
    """How long a process takes, start and end included."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "clusterlab", verb, *words],
        env={**os.environ, "CLUSTERLAB_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--trials", type=int, default=100)
    options = parser.parse_args()
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, {datetime.now(UTC):%Y-%m-%d}")
    times: dict[str, list[float]] = {"search": [], "run": [], "run, store filled": []}
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        (here / "images").mkdir()
        make_images(options.images, here / "images")
        own = [*SHARED, f"dataset.path={here / 'images'}"]
        for index in range(options.repeats):

            def folder(kind: str, index: int = index) -> str:
                return f"hydra.run.dir={here / f'{kind}{index}'}"

            trials = f"search.n_trials={options.trials}"
            words = [*own, *SEARCH, trials, f"seed={index}", folder("search")]
            times["search"].append(seconds("tune", words, here / f"cache{index}"))
            words = [*own, "store=false", f"clusterer.min_cluster_size={5 + index}", folder("run")]
            times["run"].append(seconds("run", words, here / "none"))
            words = [*own, f"clusterer.min_cluster_size={5 + index}", f"seed={index}"]
            cache = here / f"cache{index}"
            times["run, store filled"].append(seconds("run", [*words, folder("again")], cache))
    median = {kind: statistics.median(values) for kind, values in times.items()}
    print(f"{f'a search of {options.trials} trials':<40}{median['search']:8.1f} s")
    for kind in ("run", "run, store filled"):
        ratio = options.trials * median[kind] / median["search"]
        said = f"{options.trials} x one {kind}"
        whole = options.trials * median[kind]
        print(f"{said:<40}{whole:8.1f} s{ratio:8.1f} x  (one: {median[kind]:.1f} s)")


if __name__ == "__main__":
    main()
