"""The handwritten digits that ship inside scikit-learn."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits

from clusterlab.datasets.assemble import assemble
from clusterlab.datasets.listing import Listing
from clusterlab.datasets.options import Options
from clusterlab.types import Collection, MemoryImage


@dataclass(frozen=True, kw_only=True)
class Digits:
    """1,797 real scans of 8x8 pixels, as greyscale PNGs, with their digit as `label`.

    The 17 grey levels of the data (0..16, 16 is full ink) become round(255 * level / 16).
    The options are those of `Options`. E. Alpaydin & C. Kaynak 1998, UCI Optical Recognition of
    Handwritten Digits.

    >>> collection = Digits(sample_per_class=3).load()
    >>> len(collection), collection.labels["label"].nunique()
    (30, 10)
    """

    name: str = "digits"
    sample_share: float | None = None
    sample_per_class: int | None = None
    min_class_size: int | None = None
    class_column: str | None = None
    split: Mapping[str, float] | None = None
    random_state: int = 0
    max_failed_share: float = 0.5

    def __post_init__(self) -> None:
        Options.of(self)

    def load(self) -> Collection:
        scans = load_digits()
        labels = pd.DataFrame({"label": [str(digit) for digit in scans.target]}, dtype=object)
        listing = Listing(
            name=self.name,
            where="the digits of scikit-learn",
            ids=[f"digit-{row:04d}" for row in range(len(scans.images))],
            images=[MemoryImage(_png(levels)) for levels in scans.images],
            labels=labels,
            numeric=pd.DataFrame(index=labels.index),
        )
        return assemble(listing, Options.of(self))


def _png(levels: np.ndarray) -> bytes:
    """levels: (8, 8) float in 0..16."""
    buffer = io.BytesIO()
    Image.fromarray(np.rint(levels * (255 / 16)).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
