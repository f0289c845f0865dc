"""Makes the sample collection in data/sample: crops of pictures that ship inside two packages.

    python scripts/make_sample.py [FOLDER]

Reads only files of the installed scikit-image and scikit-learn, never the network. The crops of a
picture do not overlap, so no two images share a pixel. data/README.md says where each is from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from PIL import Image


def package(name: str) -> Path:
    """The folder of an installed package, which is not imported for that."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"{name} is not installed")
    return Path(spec.origin).parent


SKIMAGE = package("skimage") / "data"
SKLEARN = package("sklearn") / "datasets" / "images"
PICTURES = {
    "brick": SKIMAGE / "brick.png",
    "cat": SKIMAGE / "chelsea.png",
    "coins": SKIMAGE / "coins.png",
    "flower": SKLEARN / "flower.jpg",
    "grass": SKIMAGE / "grass.png",
    "gravel": SKIMAGE / "gravel.png",
    "stars": SKIMAGE / "hubble_deep_field.jpg",
    "temple": SKLEARN / "china.jpg",
    "tissue": SKIMAGE / "ihc.png",
}
SIDE = 96
MOST = 20
QUALITY = 85


def crops(picture: Image.Image) -> Iterator[Image.Image]:
    """At most MOST squares of a grid of SIDE pixels over the picture, evenly chosen."""
    columns, rows = picture.width // SIDE, picture.height // SIDE
    n = min(MOST, columns * rows)
    for index in range(n):
        row, column = divmod(index * columns * rows // n, columns)
        left, top = column * SIDE, row * SIDE
        yield picture.crop((left, top, left + SIDE, top + SIDE))


def make(folder: Path) -> int:
    """Writes the collection, a folder a class, and returns the number of images."""
    written = 0
    for label, path in PICTURES.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        with Image.open(path) as picture:
            for number, crop in enumerate(crops(picture)):
                crop.save(folder / label / f"{label}_{number:02d}.jpg", quality=QUALITY)
                written += 1
    return written


if __name__ == "__main__":
    default = Path(__file__).resolve().parent.parent / "data" / "sample"
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    print(f"{make(target)} images in {target}")
