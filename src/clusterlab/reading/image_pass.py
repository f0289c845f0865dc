"""One pass over the images of a collection: reading, decoding, and what could not be read."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import cv2

from clusterlab.errors import ComponentError
from clusterlab.images import decode, describe_failure
from clusterlab.reading.read_ahead import read_ahead
from clusterlab.reading.settings import Settings
from clusterlab.types import Collection, Failure

log = logging.getLogger("clusterlab")


class ImagePass:
    """failures: row -> the image that could not be used."""

    def __init__(
        self, collection: Collection, prepare: Callable[[Any], Any], settings: Settings
    ) -> None:
        self.collection = collection
        self.failures: dict[int, Failure] = {}
        self._prepare_image = prepare
        self._settings = settings

    def first_rows(self) -> dict[str, int]:
        """digest -> the first row with it: exact copies are computed once."""
        first: dict[str, int] = {}
        for row, digest in enumerate(self.collection.digests):
            first.setdefault(digest, row)
        return first

    def batches(
        self, rows: list[int], *, batch_size: int, what: str
    ) -> Iterator[list[tuple[int, Any]]]:
        """Batches of (row, model input), without the images that failed, in the order of `rows`."""
        threads = cv2.getNumThreads()
        # The workers already use every core; OpenCV's own threads would only get in their way.
        cv2.setNumThreads(1)
        try:
            for batch in read_ahead(
                rows,
                self._prepare,
                workers=self._settings.workers,
                batch_size=batch_size,
                what=what,
            ):
                prepared = list(self._finished(batch))
                if prepared:
                    yield prepared
        finally:
            cv2.setNumThreads(threads)

    def results(
        self,
        rows: list[int],
        call: Callable[[list[Any]], Any],
        *,
        batch_size: int,
        name: str,
        doing: str = "extract",
    ) -> Iterator[list[tuple[int, Any]]]:
        """Batches of (row, what `call` made of its input). name: what the log calls whoever works
        on them; "" logs nothing. doing: what the progress bar calls the work."""
        begin, working, n = time.perf_counter(), 0.0, 0
        for batch in self.batches(rows, batch_size=batch_size, what=doing):
            started = time.perf_counter()
            results = call([item for _, item in batch])
            working += time.perf_counter() - started
            n += len(batch)
            yield [(row, result) for (row, _), result in zip(batch, results, strict=True)]
        whole = time.perf_counter() - begin
        if n and name:
            log.info(
                "%s: %d images in %.1f s, %.1f a second; %.0f%% of the time waiting for images",
                *(name, n, whole, n / whole, 100 * max(0.0, 1 - working / whole)),
            )

    def read(self, row: int) -> Any:
        """What is made of one image; several threads may ask. Raises whatever reading raises."""
        return self._prepare(row)

    def fail(self, row: int, error: BaseException) -> None:
        kind, message = describe_failure(error)
        source = self.collection.images[row]
        self.failures[row] = Failure(
            self.collection.ids[row], source.path, "extract", kind, message
        )

    def fail_like(self, row: int, source: int) -> None:
        """An exact copy fails as its original does."""
        original = self.failures[source]
        self.failures[row] = Failure(
            self.collection.ids[row],
            self.collection.images[row].path,
            "extract",
            original.error,
            original.message,
        )

    def all_failures(self) -> tuple[Failure, ...]:
        return tuple(self.failures[row] for row in sorted(self.failures))

    def _prepare(self, row: int) -> Any:
        content = self.collection.images[row].read()
        # The store knows the result by the bytes that were hashed, so it must be made of them.
        if hashlib.sha256(content).hexdigest() != self.collection.digests[row]:
            raise OSError("the file was changed while the run was going on; run again")
        decoding = self._settings.decoding
        image = decode(content, background=decoding.background, reduce_to=decoding.reduce_to)
        return self._prepare_image(image)

    def _finished(self, futures: Iterable[tuple[int, Future[Any]]]) -> Iterator[tuple[int, Any]]:
        for row, future in futures:
            try:
                yield row, future.result()
            except ComponentError:
                # The extractor itself is wrong, not this image.
                raise
            except (Exception, SystemExit) as error:
                # A library that gives up on one image must not take the worker's others along.
                self.fail(row, error)
