"""The images that a model is trained on: read once, drawn anew each epoch."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from clusterlab.errors import ComponentError, DataError
from clusterlab.finetune.rebalance import Item
from clusterlab.images import decode, describe_failure
from clusterlab.types import Collection, Decoding

log = logging.getLogger("clusterlab")


class Pixels:
    """What the model sees of each image, read once into a file: (n, h, w, 3) uint8.

    rows: those of the collection that can be read, in the order of the file.
    """

    def __init__(self, values: np.ndarray, rows: Sequence[int]) -> None:
        self.values = values
        self.rows = tuple(rows)
        self._place = {row: place for place, row in enumerate(rows)}

    def __getitem__(self, row: int) -> np.ndarray:
        return np.array(self.values[self._place[row]])

    def __contains__(self, row: int) -> bool:
        return row in self._place


def read_pixels(
    collection: Collection,
    rows: Sequence[int],
    prepare: Callable[[np.ndarray], np.ndarray],
    file: Path,
    *,
    decoding: Decoding,
    workers: int,
) -> Pixels:
    """Reads the images of these rows, and no other. Those that cannot be decoded are left out; the
    extraction that follows reports them. Raises DataError where a file is not there any more."""

    def read(row: int) -> np.ndarray | str:
        # A file that cannot be had now may be there tomorrow: that is no property of the image.
        content = collection.images[row].read()
        try:
            image = decode(content, background=decoding.background, reduce_to=decoding.reduce_to)
            return prepare(image)
        except Exception as error:
            # An image may fail in as many ways as there are formats; it costs itself alone.
            return describe_failure(error)[1]

    found: list[int] = []
    failed: list[str] = []
    shape: tuple[int, ...] = (1, 1, 3)
    # Written byte by byte, and only then mapped: a full disk is an error so, and no sudden death.
    with ThreadPoolExecutor(workers) as pool, file.open("wb") as pixels:
        progress = tqdm(pool.map(read, rows), total=len(rows), desc="read", disable=None)
        for row, image in zip(rows, _had(progress), strict=True):
            if isinstance(image, str):
                failed.append(f"{collection.ids[row]}: {image}")
                continue
            shape = image.shape
            pixels.write(image.astype(np.uint8).tobytes())
            found.append(row)
    if failed:
        of = (len(failed), len(rows), failed[0])
        log.info("%d of %d images cannot be trained on, the first %s", *of)
    if not found:
        return Pixels(np.zeros((0, *shape), np.uint8), ())
    return Pixels(np.memmap(file, np.uint8, mode="r", shape=(len(found), *shape)), found)


def _had(images: Iterable[np.ndarray | str]) -> Iterator[np.ndarray | str]:
    try:
        yield from images
    except OSError as error:
        raise DataError(
            f"An image that was there when the collection was listed cannot be read: {error}. "
            "Training on fewer images would be another training: run again when it is there."
        ) from error


class Shown(torch.utils.data.Dataset[dict[str, Any]]):
    """What an epoch shows: {"pixels": (h, w, 3) uint8, "targets": (t,) float32} an item.

    What `augment` makes of an image follows from the seed, the epoch, the image's content and the
    copy, so that neither workers nor an interruption change it. epoch: set before each one.
    frozen: leaves the epoch out of it, so that each one shows what the first has shown.
    """

    def __init__(
        self,
        pixels: Pixels,
        items: Sequence[Item],
        targets: np.ndarray,
        digests: Sequence[str],
        *,
        augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
        augment_originals: bool = False,
        frozen: bool = False,
        random_state: int = 0,
    ) -> None:
        """targets: (rows of the collection, t)."""
        self.items = [item for item in items if item.row in pixels]
        self.epoch = 0
        self._pixels = pixels
        self._targets = targets
        self._digests = digests
        self._augment = augment
        self._augment_originals = augment_originals
        self._frozen = frozen
        self._random_state = random_state

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = self.items[index]
        pixels = torch.from_numpy(self._pixels[item.row])
        if self._augment is not None and (item.copy or self._augment_originals):
            pixels = self._drawn(pixels, item)
        return {"pixels": pixels, "targets": torch.from_numpy(self._targets[item.row])}

    def _drawn(self, pixels: torch.Tensor, item: Item) -> torch.Tensor:
        assert self._augment is not None
        image = pixels.permute(2, 0, 1).contiguous()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed(item))
            try:
                drawn = self._augment(image)
            except Exception as error:
                raise ComponentError(
                    f"finetune.augmentation failed on an image of {tuple(image.shape)} pixels: "
                    f"{type(error).__name__}: {error}"
                ) from error
        if drawn.shape != image.shape or drawn.dtype != image.dtype:
            raise ComponentError(
                f"finetune.augmentation makes {tuple(drawn.shape)} {drawn.dtype} of an image of "
                f"{tuple(image.shape)} {image.dtype}, which the model cannot see. Let it keep size "
                "and type: no normalising, and random crops of the size that comes in."
            )
        return drawn.permute(1, 2, 0).contiguous()

    def _seed(self, item: Item) -> int:
        epoch = 0 if self._frozen else self.epoch
        parts = (self._random_state, epoch, self._digests[item.row], item.copy)
        return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:7], "big")
