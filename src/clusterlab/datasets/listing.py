"""What a dataset found, before anything is dropped, sampled or split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from clusterlab.types import Failure, ImageSource


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a dataset found: one entry an image, in any order.

    where: what to call the source in a message, such as "the folder photos".
    split: (n,) str where the images come with a split, else None.
    The other fields are those of Collection.
    """

    name: str
    where: str
    ids: Sequence[str]
    images: Sequence[ImageSource]
    labels: pd.DataFrame
    multi_valued: frozenset[str] = frozenset()
    derived: Mapping[str, str] = field(default_factory=dict)
    annotators: tuple[str, ...] = ()
    split: Sequence[str] | None = None
    numeric: pd.DataFrame
    text: Sequence[str | None] | None = None
    failures: Sequence[Failure] = ()
    notes: Sequence[str] = ()

    def take(self, rows: Sequence[int]) -> Listing:
        """The same listing with only these rows, in this order."""
        return replace(
            self,
            ids=[self.ids[row] for row in rows],
            images=[self.images[row] for row in rows],
            labels=self.labels.iloc[list(rows)].reset_index(drop=True),
            split=None if self.split is None else [self.split[row] for row in rows],
            numeric=self.numeric.iloc[list(rows)].reset_index(drop=True),
            text=None if self.text is None else [self.text[row] for row in rows],
        )

    def without(self, failed: Mapping[int, tuple[str, str]]) -> Listing:
        """Moves rows to the failures. failed: row -> (class name of the error, message)."""
        failures = [
            Failure(self.ids[row], self.images[row].path, "load", error, message)
            for row, (error, message) in failed.items()
        ]
        rest = self.take([row for row in range(len(self.ids)) if row not in failed])
        return replace(rest, failures=[*self.failures, *failures])
