"""What passes between the stages. Each value is checked once, when it is made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from clusterlab.ceiling import Ceiling
from clusterlab.errors import DataError
from clusterlab.meaning import Agreement, Annotators, Homogeneity
from clusterlab.neighbourhood import Neighbourhood
from clusterlab.stability import Stability

NOISE = -1


class ImageSource(Protocol):
    """Where the bytes of one image come from. `path` is '' for an image that is not a file."""

    @property
    def path(self) -> str: ...

    def read(self) -> bytes: ...


@dataclass(frozen=True)
class FileImage:
    """An image on disk."""

    path: str

    def read(self) -> bytes:
        return Path(self.path).read_bytes()


@dataclass(frozen=True)
class MemoryImage:
    """An image held as encoded bytes (PNG, JPEG, ...)."""

    content: bytes = field(repr=False)
    path: str = ""

    def read(self) -> bytes:
        return self.content


@dataclass(frozen=True)
class Failure:
    """One image that could not be used: a row of failures.csv."""

    id: str
    path: str
    stage: str
    error: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Images with stable ids, sorted by id, with what is known about them.

    Every sequence and table has one row an image, in the order of `ids`.

    labels: object columns. A single-valued column holds str or None (missing); a column named in
        `multi_valued` holds tuples of str, the empty tuple meaning missing.
    derived: label column -> the one that it was made of; who has learned one knows of the other.
    synthetic: the label columns that a model made (labelers/); no person has looked at them.
    circular: label columns that were made of the features of the images that they are scored on.
    built_on: label column of macro-categories -> ids of the images that these were made of.
    annotators: label columns that each hold one person's grouping of the same images.
    split: (n,) str: "train", "val" or "test"; "all" everywhere where no split was made.
    digests: hex SHA-256 of each image's bytes; equal digests are exact duplicates.
    numeric: float columns, NaN for missing. text: (n,) str or None, or no text column at all.
    failures: images that could not even be listed (a missing file); they are not among `ids`.
    notes: sentences for the reader of the report on what was left out, and why.
    """

    name: str
    ids: tuple[str, ...]
    images: tuple[ImageSource, ...]
    digests: tuple[str, ...]
    labels: pd.DataFrame
    multi_valued: frozenset[str] = frozenset()
    derived: Mapping[str, str] = field(default_factory=dict)
    synthetic: frozenset[str] = frozenset()
    circular: frozenset[str] = frozenset()
    built_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    annotators: tuple[str, ...] = ()
    split: np.ndarray
    numeric: pd.DataFrame
    text: tuple[str | None, ...] | None = None
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    max_failed_share: float = 0.5

    def __post_init__(self) -> None:
        n = len(self.ids)
        if list(self.ids) != sorted(set(self.ids)):
            raise DataError(f"The ids of collection '{self.name}' are not sorted and unique.")
        parts = {
            "images": len(self.images),
            "digests": len(self.digests),
            "labels": len(self.labels),
            "split": len(self.split),
            "numeric": len(self.numeric),
            "text": n if self.text is None else len(self.text),
        }
        wrong = {part: rows for part, rows in parts.items() if rows != n}
        if wrong:
            raise DataError(f"Collection '{self.name}' has {n} ids, but rows: {wrong}.")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, ids: Iterable[str]) -> Collection:
        """The same collection with only these images, in the order of `self.ids`."""
        rows = np.flatnonzero(pd.Index(self.ids).isin(list(ids))).tolist()
        return replace(
            self,
            ids=tuple(self.ids[row] for row in rows),
            images=tuple(self.images[row] for row in rows),
            digests=tuple(self.digests[row] for row in rows),
            labels=self.labels.iloc[rows].reset_index(drop=True),
            split=self.split[rows],
            numeric=self.numeric.iloc[rows].reset_index(drop=True),
            text=None if self.text is None else tuple(self.text[row] for row in rows),
        )


@dataclass(frozen=True, kw_only=True)
class Features:
    """Vectors of a collection, or of a part of it where images failed.

    ids: the images, sorted. values: (n, d) float32, finite. space: the name of the space, such as
    "features" or "reduced". provenance: how the values came to be, as JSON-able values.
    seen_labels: label columns that went into the values; scores on them are not unsupervised.
    seen_splits: the splits of the images whose labels went into the values, where these are
        learned from the labels ("train", and "val" where it chose the epoch); an honest score is
        on others. Empty where nothing was learned from labels.
    marks: what must stand beside every number made of them, such as "random weights".
    """

    ids: tuple[str, ...]
    values: np.ndarray
    space: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    seen_labels: tuple[str, ...] = ()
    seen_splits: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[0] != len(self.ids):
            raise DataError(
                f"The {self.space} values have shape {self.values.shape}; "
                f"expected ({len(self.ids)}, d)."
            )
        if self.values.dtype != np.float32:
            raise DataError(f"The {self.space} values are {self.values.dtype}, not float32.")
        finite = np.isfinite(self.values).all(axis=1)
        if not finite.all():
            first = self.ids[int(np.flatnonzero(~finite)[0])]
            raise DataError(
                f"{int((~finite).sum())} of {len(self.ids)} rows of the {self.space} values hold "
                f"NaN or infinity, the first for image '{first}'. Check the component that made "
                "them."
            )

    def take(self, ids: Sequence[str]) -> Features:
        """The same features of only these images, in the order of `self.ids`."""
        if len(ids) == len(self.ids):
            return self
        rows = np.flatnonzero(pd.Index(self.ids).isin(list(ids)))
        return replace(
            self, ids=tuple(self.ids[row] for row in rows.tolist()), values=self.values[rows]
        )


@dataclass(frozen=True)
class Clustering:
    """labels: (n,) int, -1 is noise. strength: (n,) in [0, 1], higher is firmer, or None. cost:
    of k-modes, the mismatches between the images and their clusters' modes; it falls with k."""

    labels: np.ndarray
    strength: np.ndarray | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        if self.labels.ndim != 1 or not np.issubdtype(self.labels.dtype, np.integer):
            raise DataError(
                f"Cluster labels must be (n,) integers, not {self.labels.dtype} of shape "
                f"{self.labels.shape}."
            )
        if self.labels.size and int(self.labels.min()) < NOISE:
            raise DataError(
                f"Cluster labels must be >= -1 (-1 is noise), but hold {int(self.labels.min())}."
            )

    @property
    def clusters(self) -> np.ndarray:
        """The cluster numbers in ascending order, without noise."""
        found: np.ndarray = np.unique(self.labels)
        return np.asarray(found[found != NOISE])


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """scores: tidy, one row a (metric, label, space, split, noise), with value, chance,
    chance_std and n. headline: flat "<metric>/<label or space>" -> value. clusters: one row a
    cluster, as in clusters.csv. stability: where it was asked for. homogeneity: of each label
    column. agreements: of labelers with each other. ceiling, neighbourhood, annotators: where the
    evaluator was asked for them. notes: what a reader must know before trusting a number."""

    scores: pd.DataFrame
    headline: Mapping[str, float]
    clusters: pd.DataFrame
    scored_split: str = "all"
    stability: Stability | None = None
    homogeneity: tuple[Homogeneity, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    ceiling: Ceiling | None = None
    neighbourhood: Neighbourhood | None = None
    annotators: Annotators | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How image bytes become pixels. background: the colour that shows through transparency.
    reduce_to: decode JPEGs at a reduced size whose shorter side is at least this many pixels;
    faster, and it changes pixels slightly."""

    background: str = "white"
    reduce_to: int | None = None

    def notes(self) -> tuple[str, ...]:
        if self.reduce_to is None:
            return ()
        return (
            f"JPEGs were decoded at a reduced size (decode.reduce_to={self.reduce_to}): features "
            "differ slightly from those of a full decode.",
        )


@dataclass(frozen=True, kw_only=True)
class Compute:
    """Where and how models run.

    device: "auto", "cpu", "cuda", "cuda:N" or "mps", or several of them to share each batch.
    precision: "fp32", "bf16", "fp16", or "auto": bf16 where the hardware has it and the vectors
    agree with those of fp32 (models/precision.py), else fp32; texts are made in fp32, but on a
    GPU by chat models in 16 bits.
    compile: by torch.compile. backend: "torch" or "openvino".
    """

    device: str | tuple[str, ...] = "auto"
    precision: str = "auto"
    compile: bool = False
    backend: str = "torch"


@dataclass(frozen=True)
class Text:
    """What a model, or the table, says about one image.

    text: as the features were made of it. model: who said it; the column's name for a table.
    seconds: what it took to write, NaN where nobody had to. note: "" or what is odd about it
    ("empty", "repeats itself, shortened from '...'").
    """

    id: str
    text: str
    model: str
    seconds: float = math.nan
    note: str = ""
