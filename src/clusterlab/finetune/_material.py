"""The images of a lesson, ready to be shown; and the facts of a training on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clusterlab.errors import ComponentError
from clusterlab.finetune._images import Pixels, Shown, read_pixels
from clusterlab.finetune._lesson import Lesson
from clusterlab.models.source import Source

if TYPE_CHECKING:
    from clusterlab.finetune._placement import Placement
    from clusterlab.finetune._trainer import Trained
    from clusterlab.finetune._workshop import Workshop


class Material:
    """pixels: of all images of the lesson. training, validation: what an epoch shows, and what it
    is tried on; None where there is nothing to try it on."""

    def __init__(
        self,
        lesson: Lesson,
        prepare: Callable[[np.ndarray], np.ndarray],
        folder: Path,
        *,
        workshop: Workshop,
        augment: Callable[[Any], Any] | None,
        frozen: bool,
        random_state: int,
    ) -> None:
        """Reads into a file in `folder`. frozen: as Shown has it. Raises ComponentError where no
        training image can be decoded."""
        rows = dict.fromkeys(item.row for item in (*lesson.training, *lesson.validation))
        self.pixels: Pixels = read_pixels(
            lesson.collection,
            list(rows),
            prepare,
            folder / "pixels.raw",
            decoding=workshop.decoding,
            workers=workshop.workers,
        )
        digests = lesson.collection.digests
        self.training = Shown(
            self.pixels,
            lesson.training,
            lesson.encoded,
            digests,
            augment=augment,
            augment_originals=lesson.augments_originals,
            frozen=frozen,
            random_state=random_state,
        )
        if not len(self.training):
            raise ComponentError("None of the training images can be read.")
        tried = Shown(self.pixels, lesson.validation, lesson.encoded, digests)
        self.validation = tried if len(tried) else None

    def facts(self, source: Source, placement: Placement, trained: Trained) -> dict[str, Any]:
        """What the report tells of the training; JSON-able."""
        return {
            "started_from": source.describe(),
            "images_trained_on": len({item.row for item in self.training.items}),
            "items_an_epoch": len(self.training),
            "validation_images": len(self.validation or ()),
            "device": placement.device,
            "precision": placement.precision,
            "resumed_after_epoch": trained.resumed,
        }
