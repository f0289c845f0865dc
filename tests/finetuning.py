"""Small fine-tunings: coloured pictures in memory, and networks that are trained on them."""

from __future__ import annotations

import atexit
import gc
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from safetensors.torch import load_file

from clusterlab.components import Component
from clusterlab.extractors.cnn import Cnn
from clusterlab.finetune._workshop import Tuning
from clusterlab.finetune.classifier import Classifier
from clusterlab.finetune.finetune import fine_tune
from clusterlab.types import Collection, Compute, Decoding, ImageSource, MemoryImage

# Each training collects garbage, and would look for it in all of the libraries: half of its time.
gc.freeze()
atexit.register(gc.unfreeze)

COLOURS = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200], [200, 200, 60]])
"""What the images of a class look like, beneath much noise."""
SPLIT = ("train", "train", "train", "val", "test")


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def picture(class_: int, rng: np.random.Generator, side: int = 16) -> bytes:
    """A square of the class's colour, in noise."""
    noisy = COLOURS[class_ % 4] + rng.normal(0, 50, (side, side, 3))
    return png(np.clip(noisy, 0, 255).astype(np.uint8))


def collection(
    n: int = 40,
    *,
    n_classes: int = 2,
    labels: Mapping[str, Sequence[Any]] | None = None,
    multi_valued: Iterable[str] = (),
    split: Sequence[str] = SPLIT,
    images: Sequence[ImageSource] | None = None,
    contents: Sequence[bytes] | None = None,
    seed: int = 0,
) -> Collection:
    """n pictures, every n_classes-th of one class; `split` and `labels` are repeated to n."""
    rng = np.random.default_rng(seed)
    made = contents or [picture(row % n_classes, rng) for row in range(n)]
    said = labels or {"kind": [f"class {row % n_classes}" for row in range(n)]}
    repeated = {name: [cells[row % len(cells)] for row in range(n)] for name, cells in said.items()}
    return Collection(
        name="small",
        ids=tuple(f"{row:03}" for row in range(n)),
        images=tuple(images or map(MemoryImage, made)),
        digests=tuple(hashlib.sha256(content).hexdigest() for content in made),
        labels=pd.DataFrame(repeated, dtype=object),
        multi_valued=frozenset(multi_valued),
        split=np.array([split[row % len(split)] for row in range(n)]),
        numeric=pd.DataFrame(index=range(n)),
    )


def extractor(instance: Any, name: str = "it") -> Component:
    target = f"{type(instance).__module__}.{type(instance).__name__}"
    return Component(name=name, config={"_target_": target}, instance=instance)


def cnn(**arguments: Any) -> Component:
    """A convolutional network so small that an epoch takes some hundredths of a second."""
    given: dict[str, Any] = {
        "filters": [4, 6],
        "dropout": [0.0, 0.2],
        "embedding": 8,
        "size": 8,
        "momentum": 0.5,
    }
    return extractor(Cnn(**given | arguments), "cnn")


def finetuning(**options: Any) -> Component:
    """finetune=classifier for two epochs; the config is JSON-able, as the store needs it."""
    given = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-2, **options}
    plain = {k: v if k not in ("augmentation", "rebalance") else repr(v) for k, v in given.items()}
    target = f"{Classifier.__module__}.{Classifier.__name__}"
    config = {"_target_": target, **plain}
    return Component(name="classifier", config=config, instance=Classifier(**given))


def tuned(
    images: Collection,
    model: Component,
    component: Component,
    folder: Path,
    *,
    precision: str = "fp32",
    decoding: Decoding | None = None,
) -> Tuning:
    """On a CPU, and kept below `folder`."""
    compute = Compute(device="cpu", precision=precision)
    return fine_tune(
        images, model, component, folder=folder, compute=compute, decoding=decoding, workers=2
    )


def weights(tuning: Tuning) -> bytes:
    """The bytes of the weights that were kept."""
    assert tuning.training is not None
    return tuning.training.weights.read_bytes()


def changed(model: Component, tuning: Tuning) -> dict[str, bool]:
    """Name of each weight or statistic of the network -> whether training changed a bit of it."""
    assert tuning.training is not None
    before = model.instance.backbone(model.instance.build()).state_dict()
    after = load_file(tuning.training.weights)
    assert set(before) == set(after)
    return {name: not torch.equal(before[name], after[name]) for name in before}
