"""Images to vectors: by a plain function of the pixels, or by a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from clusterlab.components import Component
from clusterlab.errors import ClusterlabError, ComponentError, DataError
from clusterlab.models.lineage import SEEN, trained_on
from clusterlab.origin import origin
from clusterlab.reading.image_pass import ImagePass
from clusterlab.reading.settings import Extraction, Settings
from clusterlab.reading.vectors import Vectors
from clusterlab.store import Store, digest_of, key_of
from clusterlab.types import Collection, Features

if TYPE_CHECKING:
    from clusterlab.models.source import Source

# Raised where a change of the engine changes vectors.
ENGINE_VERSION = 1
_BATCH = 64


def image_vectors(collection: Collection, component: Component, settings: Settings) -> Extraction:
    """The vectors of every image that can be read. Raises DataError where none can."""
    extractor: Any = component.instance
    if hasattr(extractor, "build"):
        # Not needed, and seconds to import, for features that are computed from pixels.
        from clusterlab.models.open_session import open_session

        session = open_session(extractor, settings.compute, settings.store)
        target = {"_target_": component.config["_target_"]}
        run = _ImageRun(
            collection,
            component,
            settings,
            config={**target, **session.identity, **session.how},
            embed=session.run,
            batch_size=settings.batch_size or session.batch_size,
        )
        marks = marks_of(extractor.sources, collection)
        found = run.extract()
        sources = [source.describe() for source in extractor.sources]
        provenance = {**found.features.provenance, "models": sources}
        features = replace(found.features, marks=marks, provenance=provenance)
        return replace(found, features=features, compute=session.facts)
    run = _ImageRun(
        collection,
        component,
        settings,
        config=dict(component.config),
        embed=extractor.embed,
        batch_size=settings.batch_size or _BATCH,
    )
    if hasattr(extractor, "fit"):
        run.fit()
    return run.extract()


class _ImageRun:
    """One extractor's way through a collection: the state that its steps share."""

    def __init__(
        self,
        collection: Collection,
        component: Component,
        settings: Settings,
        *,
        config: Mapping[str, Any],
        embed: Callable[[list[Any]], Any],
        batch_size: int,
    ) -> None:
        self.collection = collection
        self.component = component
        self.store = settings.store
        self.images = ImagePass(collection, component.instance.prepare, settings)
        self._embed_batch = embed
        self._batch_size = batch_size
        # Where a model works, it matters whether it waits for images; elsewhere they are the work.
        self._watched = component.name if hasattr(component.instance, "build") else ""
        decoding = settings.decoding
        self.description: dict[str, Any] = {
            "config": dict(config),
            "version": [ENGINE_VERSION, component.instance.version],
            "decoding": {"background": decoding.background, "reduce_to": decoding.reduce_to},
            "code": origin(config),
        }
        self.fitted: Mapping[str, np.ndarray] = {}

    def fit(self) -> None:
        extractor: Any = self.component.instance
        split = self.collection.split
        training = split == "train" if (split == "train").any() else split != ""
        # By content, as the store knows them: a renamed file must not change what is learned.
        rows = sorted(
            map(int, np.flatnonzero(training)), key=lambda row: self.collection.digests[row]
        )
        digests = [self.collection.digests[row] for row in rows]
        learned_from = {**self.description, "images": key_of({"digests": digests})}

        def fit() -> Mapping[str, np.ndarray]:
            learned: Mapping[str, np.ndarray] = extractor.fit(self._inputs(rows))
            return learned

        if self.store is None:
            arrays = dict(fit())
        else:
            arrays = dict(self.store.remember("fitted", learned_from, fit).arrays)
        extractor.restore(arrays)
        self.fitted = arrays
        self.description["fitted"] = {name: digest_of(array) for name, array in arrays.items()}

    def extract(self) -> Extraction:
        first_row = self.images.first_rows()
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
            failures=self.images.all_failures(),
            store=store_sentence(self.store, n_stored, len(missing), reason),
            fitted=self.fitted,
        )

    def _compute(self, rows: list[int], vectors: Vectors) -> None:
        for batch in self.images.results(
            rows, self._embed, batch_size=self._batch_size, name=self._watched
        ):
            kept = []
            for row, vector in batch:
                if np.isfinite(vector).all():
                    vectors.put(row, vector)
                    kept.append((self.collection.digests[row], vector))
                else:
                    self.images.fail(row, ValueError("the vector holds NaN or infinity"))
            if self.store is not None:
                self.store.add_vectors(self.description, kept)

    def _embed(self, inputs: list[Any]) -> np.ndarray:
        name = self.component.name
        try:
            values = np.asarray(self._embed_batch(inputs), dtype=np.float32)
        except ClusterlabError:
            raise
        except Exception as error:
            raise ComponentError(
                f"Extractor '{name}' failed on a batch of {len(inputs)} images: "
                f"{type(error).__name__}: {error}"
            ) from error
        if values.ndim != 2 or len(values) != len(inputs):
            raise ComponentError(
                f"Extractor '{name}' returned vectors of shape {values.shape} for a batch of "
                f"{len(inputs)} images; expected ({len(inputs)}, d)."
            )
        return values

    def _inputs(self, rows: list[int]) -> Iterator[Any]:
        for batch in self.images.batches(rows, batch_size=self._batch_size, what="learn"):
            for _, item in batch:
                yield item

    def _copy(self, vectors: Vectors, row: int, source: int) -> None:
        if row == source:
            return
        if vectors.has[source]:
            vectors.put(row, vectors.values[source])
        else:
            self.images.fail_like(row, source)

    def _features(self, vectors: Vectors) -> Features:
        rows = np.flatnonzero(vectors.has)
        if not len(rows):
            raise nothing_readable(self.images)
        values = vectors.values if len(rows) == len(vectors.has) else vectors.values[rows]
        return Features(
            ids=tuple(self.collection.ids[row] for row in rows),
            values=values,
            space="features",
            provenance=self.description,
        )


def marks_of(sources: Sequence[Source], collection: Collection) -> tuple[str, ...]:
    """What must stand beside every number that these models led to."""
    random = any(source.random for source in sources)
    seen = trained_on(sources, collection.digests)
    return (*(["random weights"] if random else []), *([SEEN] if seen else []))


def nothing_readable(images: ImagePass) -> DataError:
    """The error of a collection of which no image could be used."""
    examples = "; ".join(f"{f.id}: {f.message}" for f in images.all_failures()[:3])
    return DataError(
        f"None of the {len(images.collection)} images of '{images.collection.name}' could be "
        f"read. {examples}"
    )


def store_sentence(
    store: Store | None, n_stored: int, n_new: int, reason: str, what: str = "images"
) -> str:
    """What came from the store and why the rest did not."""
    if store is None:
        return f"{n_new:,} {what} computed; the store is off"
    if not n_new:
        return f"all {n_stored:,} {what} from the store"
    if n_stored:
        return f"{n_stored:,} {what} from the store, {n_new:,} computed: new to the store"
    return f"{n_new:,} {what} computed: {reason}"
