"""A plain classifier beside a captioner: what its image vectors say without any words."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from clusterlab.components import ImageDescriber
from clusterlab.environment import versions
from clusterlab.files import write_json
from clusterlab.images import decode
from clusterlab.models.session import Session
from clusterlab.store import key_of
from clusterlab.types import Collection

if TYPE_CHECKING:
    from clusterlab.finetune._workshop import Workshop

VERSION = 1
_FILE = "plain_classifier.json"


class Sight:
    """What a captioner sees of an image before it writes a word: the mean over the tokens of its
    vision encoder, (b, d)."""

    version = 1

    def __init__(self, captioner: ImageDescriber) -> None:
        self._captioner = captioner
        self.sources = captioner.sources
        self.batch_sizes = captioner.batch_sizes

    def fingerprint(self) -> dict[str, Any]:
        return {**self._captioner.fingerprint(), "output": "mean of the vision encoder's tokens"}

    def prepare(self, image: np.ndarray) -> Any:
        return self._captioner.prepare(image)["pixel_values"]

    def build(self) -> nn.Module:
        module: Any = self._captioner.build()
        git = module.config.model_type == "git"
        seeing: nn.Module = module.git.image_encoder if git else module.vision_model
        return seeing

    def apply(self, module: Any, inputs: Sequence[Any], device: torch.device) -> list[np.ndarray]:
        pixels = torch.cat(list(inputs)).to(device, next(module.parameters()).dtype)
        tokens = module(pixel_values=pixels).last_hidden_state.float()
        return list(tokens.mean(dim=1).cpu().numpy())


def plain_classifier(
    collection: Collection,
    column: str,
    taught: Sequence[int],
    captioner: ImageDescriber,
    workshop: Workshop,
    folder: Path,
) -> Mapping[str, Any]:
    """How well logistic regression on the captioner's image vectors names the classes of images
    that it has not seen: JSON-able facts, computed once and then kept in `folder`.

    taught: rows of the training images, on which it is fitted. It is judged on all test images that
    have a label, or, without any, on validation images. Returns split, n, accuracy in [0, 1] and
    ari in [-0.5, 1], higher is better; nothing at all where there is nothing to judge it by.
    """
    labels = collection.labels[column].to_numpy()
    split, unseen = _unseen(collection, labels)
    if not unseen:
        return {}
    seen = sorted(set(taught))
    images = [[[collection.digests[row], labels[row]] for row in rows] for rows in (seen, unseen)]
    key = key_of({"images": images, "version": VERSION, "scikit-learn": versions()["scikit-learn"]})
    found = _kept(folder / _FILE, key)
    if found is None:
        vectors = dict(_vectors(collection, [*seen, *unseen], captioner, workshop))
        found = _judged(
            vectors,
            labels,
            [row for row in seen if row in vectors],
            [row for row in unseen if row in vectors],
        )
        write_json(folder / _FILE, {"key": key, "found": found})
    return {"split": split, **found} if found else {}


def _unseen(collection: Collection, labels: np.ndarray) -> tuple[str, list[int]]:
    """The rows with a label that a run is scored by, and the name of their split."""
    has_label = np.array([label is not None for label in labels])
    for split in ("test", "val"):
        rows = np.flatnonzero(has_label & (collection.split == split)).tolist()
        if rows:
            return split, rows
    return "", []


def _judged(
    vectors: Mapping[int, np.ndarray], labels: np.ndarray, seen: list[int], unseen: list[int]
) -> dict[str, Any]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, adjusted_rand_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if not unseen or len(set(labels[seen])) < 2:
        return {}
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        probe.fit(np.stack([vectors[row] for row in seen]), labels[seen].astype(str))
    said = probe.predict(np.stack([vectors[row] for row in unseen]))
    true = labels[unseen].astype(str)
    return {
        "n": len(unseen),
        "accuracy": float(accuracy_score(true, said)),
        "ari": float(adjusted_rand_score(true, said)),
    }


def _vectors(
    collection: Collection, rows: Sequence[int], captioner: ImageDescriber, workshop: Workshop
) -> Iterator[tuple[int, np.ndarray]]:
    """(row, (d,) float32) of those that can be read; the extraction reports the others."""
    sight = Sight(captioner)
    session = Session.of(sight, workshop.compute)
    decoding = workshop.decoding

    def read(row: int) -> Any:
        try:
            content = collection.images[row].read()
            image = decode(content, background=decoding.background, reduce_to=decoding.reduce_to)
            return sight.prepare(image)
        except Exception:
            # An image may fail in as many ways as there are formats; it costs itself alone.
            return None

    batch = session.batch_size
    starts = tqdm(range(0, len(rows), batch), desc="plain classifier", disable=None, leave=False)
    with ThreadPoolExecutor(workshop.workers) as pool:
        for start in starts:
            part = rows[start : start + batch]
            inputs = list(zip(part, pool.map(read, part), strict=True))
            readable = [(row, pixels) for row, pixels in inputs if pixels is not None]
            if readable:
                found = session.run([pixels for _, pixels in readable])
                yield from zip((row for row, _ in readable), found, strict=True)
    session.close()


def _kept(file: Path, key: str) -> dict[str, Any] | None:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return dict(told["found"]) if told["key"] == key else None
    except (OSError, ValueError, KeyError):
        return None
