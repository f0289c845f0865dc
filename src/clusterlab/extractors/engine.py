"""The engine: turns a collection into features, whatever the extractor.

Reading and decoding in threads, batching, the store, progress and failures are here once, so that
an extractor is only how one image becomes model input and how a batch becomes vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from clusterlab.environment import n_cores
from clusterlab.errors import ClusterlabError, ComponentError, DataError
from clusterlab.extractors._read_ahead import read_ahead
from clusterlab.extractors._vectors import Vectors
from clusterlab.images import decode, describe_failure
from clusterlab.origin import origin
from clusterlab.store import Store, digest_of, key_of
from clusterlab.types import (
    Collection,
    Component,
    Decoding,
    Failure,
    Features,
    ImageExtractor,
    TableExtractor,
)

# Raised where a change of the engine changes vectors.
ENGINE_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """features: of the images that worked. failures: one row an image that did not.
    store: a sentence on what came from the store and why the rest did not.
    fitted: what the extractor learned from the images."""

    features: Features
    failures: tuple[Failure, ...]
    store: str
    fitted: Mapping[str, np.ndarray] = field(default_factory=dict)


def extract(
    collection: Collection,
    component: Component,
    *,
    store: Store | None = None,
    decoding: Decoding | None = None,
    workers: int | None = None,
    batch_size: int = 64,
) -> Extraction:
    """Features of every image of `collection` that can be read, rows in the order of its ids.

    workers: threads that read and prepare images; one a core by default. They change the speed,
    never the vectors.
    """
    extractor = component.instance
    if hasattr(extractor, "transform"):
        return _from_table(collection, component)
    run = _ImageRun(
        collection, component, store, decoding or Decoding(), workers or n_cores(), batch_size
    )
    return run.extract()


def _from_table(collection: Collection, component: Component) -> Extraction:
    extractor: TableExtractor = component.instance
    values = np.asarray(extractor.transform(collection), dtype=np.float32)
    features = Features(
        ids=collection.ids,
        values=values,
        space="features",
        provenance={"config": dict(component.config), "version": extractor.version},
        seen_labels=tuple(c for c in extractor.columns if c in collection.labels.columns),
    )
    return Extraction(
        features=features, failures=(), store="made from the table, which the store does not keep"
    )


class _ImageRun:
    """One pass over a collection: the state that its steps share."""

    def __init__(
        self,
        collection: Collection,
        component: Component,
        store: Store | None,
        decoding: Decoding,
        workers: int,
        batch_size: int,
    ) -> None:
        self.collection = collection
        self.component = component
        self.extractor: ImageExtractor = component.instance
        self.store = store
        self.decoding = decoding
        self.workers = workers
        self.batch_size = batch_size
        self.description: dict[str, Any] = {
            "config": dict(component.config),
            "version": [ENGINE_VERSION, self.extractor.version],
            "decoding": {"background": decoding.background, "reduce_to": decoding.reduce_to},
            "code": origin(component.config),
        }
        self.fitted: Mapping[str, np.ndarray] = {}
        self.failures: dict[int, Failure] = {}

    def extract(self) -> Extraction:
        threads = cv2.getNumThreads()
        # The workers already use every core; OpenCV's own threads would only get in their way.
        cv2.setNumThreads(1)
        try:
            if hasattr(self.extractor, "fit"):
                self._fit()
            return self._extract()
        finally:
            cv2.setNumThreads(threads)

    def _fit(self) -> None:
        extractor: Any = self.extractor
        split = self.collection.split
        training = split == "train" if (split == "train").any() else split != ""
        # By content, as the store knows them: a renamed file must not change what is learned.
        rows = sorted(
            map(int, np.flatnonzero(training)), key=lambda row: self.collection.digests[row]
        )
        digests = [self.collection.digests[row] for row in rows]
        learned_from = {**self.description, "images": key_of({"digests": digests})}

        def fit() -> Mapping[str, np.ndarray]:
            learned: Mapping[str, np.ndarray] = extractor.fit(self._inputs(rows, "learn"))
            return learned

        if self.store is None:
            arrays = dict(fit())
        else:
            arrays = dict(self.store.remember("fitted", learned_from, fit).arrays)
        extractor.restore(arrays)
        self.fitted = arrays
        self.description["fitted"] = {name: digest_of(array) for name, array in arrays.items()}

    def _extract(self) -> Extraction:
        first_row: dict[str, int] = {}
        for row, digest in enumerate(self.collection.digests):
            first_row.setdefault(digest, row)
        vectors = Vectors(len(self.collection))
        key = key_of(self.description)
        reason = ""
        if self.store is not None:
            reason = self.store.why_new("vectors", self.description)
            for digest, vector in self.store.vectors(key, list(first_row)):
                vectors.put(first_row[digest], vector)
        missing = [row for row in first_row.values() if not vectors.has[row]]
        n_stored = len(first_row) - len(missing)
        self._compute(missing, vectors)
        if self.store is not None and n_stored:
            self.store.touch(key)
        for row, digest in enumerate(self.collection.digests):
            self._copy(vectors, row, first_row[digest])
        return Extraction(
            features=self._features(vectors),
            failures=tuple(self.failures[row] for row in sorted(self.failures)),
            store=_store_sentence(self.store, n_stored, len(missing), reason),
            fitted=self.fitted,
        )

    def _compute(self, rows: list[int], vectors: Vectors) -> None:
        for batch in self._prepared(rows, "extract"):
            if not batch:
                continue
            values = self._embed([item for _, item in batch])
            if values.ndim != 2 or len(values) != len(batch):
                raise ComponentError(
                    f"Extractor '{self.component.name}' returned vectors of shape {values.shape} "
                    f"for a batch of {len(batch)} images; expected ({len(batch)}, d)."
                )
            kept = []
            for (row, _), vector in zip(batch, values, strict=True):
                if np.isfinite(vector).all():
                    vectors.put(row, vector)
                    kept.append((self.collection.digests[row], vector))
                else:
                    self._fail(row, ValueError("the vector holds NaN or infinity"))
            if self.store is not None:
                self.store.add_vectors(self.description, kept)

    def _embed(self, inputs: list[Any]) -> np.ndarray:
        try:
            return np.asarray(self.extractor.embed(inputs), dtype=np.float32)
        except ClusterlabError:
            raise
        except Exception as error:
            raise ComponentError(
                f"Extractor '{self.component.name}' failed on a batch of {len(inputs)} images: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _inputs(self, rows: list[int], what: str) -> Iterator[Any]:
        for batch in self._prepared(rows, what):
            for _, item in batch:
                yield item

    def _prepared(self, rows: list[int], what: str) -> Iterator[list[tuple[int, Any]]]:
        """Batches of (row, model input), without the images that failed."""
        for batch in read_ahead(
            rows, self._prepare, workers=self.workers, batch_size=self.batch_size, what=what
        ):
            yield list(self._finished(batch))

    def _prepare(self, row: int) -> Any:
        content = self.collection.images[row].read()
        # The store knows the vector by the bytes that were hashed, so it must be made of them.
        if hashlib.sha256(content).hexdigest() != self.collection.digests[row]:
            raise OSError("the file was changed while the run was going on; run again")
        image = decode(
            content, background=self.decoding.background, reduce_to=self.decoding.reduce_to
        )
        return self.extractor.prepare(image)

    def _finished(self, futures: Iterable[tuple[int, Future[Any]]]) -> Iterator[tuple[int, Any]]:
        for row, future in futures:
            try:
                yield row, future.result()
            except Exception as error:
                self._fail(row, error)

    def _fail(self, row: int, error: Exception) -> None:
        kind, message = describe_failure(error)
        source = self.collection.images[row]
        self.failures[row] = Failure(
            self.collection.ids[row], source.path, "extract", kind, message
        )

    def _copy(self, vectors: Vectors, row: int, source: int) -> None:
        if row == source:
            return
        if vectors.has[source]:
            vectors.put(row, vectors.values[source])
        else:
            original = self.failures[source]
            self.failures[row] = Failure(
                self.collection.ids[row],
                self.collection.images[row].path,
                "extract",
                original.error,
                original.message,
            )

    def _features(self, vectors: Vectors) -> Features:
        rows = np.flatnonzero(vectors.has)
        if not len(rows):
            examples = "; ".join(f"{f.id}: {f.message}" for f in list(self.failures.values())[:3])
            raise DataError(
                f"None of the {len(self.collection)} images of '{self.collection.name}' could be "
                f"read. {examples}"
            )
        values = vectors.values if len(rows) == len(vectors.has) else vectors.values[rows]
        return Features(
            ids=tuple(self.collection.ids[row] for row in rows),
            values=values,
            space="features",
            provenance=self.description,
        )


def _store_sentence(store: Store | None, n_stored: int, n_new: int, reason: str) -> str:
    if store is None:
        return f"{n_new:,} images computed; the store is off"
    if not n_new:
        return f"all {n_stored:,} images from the store"
    if n_stored:
        return f"{n_stored:,} images from the store, {n_new:,} computed: new to the store"
    return f"{n_new:,} images computed: {reason}"
