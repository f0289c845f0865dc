"""What a fine-tuning works with, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clusterlab.components import Component
from clusterlab.training import Predictions, Training
from clusterlab.types import Compute, Decoding, Features, Text


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """root: the folder that fine-tunings are kept in. config: the fine-tuning's resolved arguments,
    by which it is known there. workers: threads that read images."""

    root: Path
    config: Mapping[str, Any]
    decoding: Decoding
    compute: Compute
    workers: int


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """extractor: what makes the features from now on. training: how it was trained, None where
    nothing was. predict: what the model says about the images that have these features, and texts.
    store: a sentence on what was reused. seen_before: how many of the images that are kept apart
    now had been part of the training of the weights that this one started from."""

    extractor: Component
    training: Training | None = None
    predict: Callable[[Features, Sequence[Text]], tuple[Predictions, ...]] = lambda *_: ()
    store: str = "none"
    seen_before: int = 0
