"""How an extraction is carried out, whatever the extractor; none of it is the extractor's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clusterlab.store import Store
from clusterlab.types import Compute, Decoding, Failure, Features, Text


@dataclass(frozen=True, kw_only=True)
class Settings:
    """workers: threads that read and prepare images. batch_size: None chooses one."""

    store: Store | None
    decoding: Decoding
    compute: Compute
    workers: int
    batch_size: int | None


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """features: of the images that worked. failures: one row an image that did not.
    store: a sentence on what came from the store and why the rest did not.
    fitted: what the extractor learned from the images. texts: what was said about the images.
    compute: the device and precision that the model ran with. notes: for the reader of the report.
    """

    features: Features
    failures: tuple[Failure, ...] = ()
    store: str
    fitted: Mapping[str, np.ndarray] = field(default_factory=dict)
    texts: tuple[Text, ...] = ()
    compute: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
