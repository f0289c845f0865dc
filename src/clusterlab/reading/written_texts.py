"""The texts that a model writes about the images of a collection."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clusterlab.models.session import Session
from clusterlab.reading.encoding import run_session
from clusterlab.reading.image_pass import ImagePass
from clusterlab.reading.image_vectors import store_sentence
from clusterlab.reading.settings import Settings
from clusterlab.store import key_of


@dataclass(frozen=True)
class Written:
    """texts: row -> (text as written, the seconds that it took). stored: the rows whose text was
    in the store. sentence: what came from there, and why the rest did not."""

    texts: Mapping[int, tuple[str, float]]
    stored: frozenset[int]
    sentence: str


def written_texts(
    images: ImagePass,
    session: Session,
    settings: Settings,
    description: Mapping[str, Any],
    *,
    who: str,
    what: str = "texts",
    doing: str = "extract",
) -> Written:
    """What a model writes about each image that can be read; images that fail are in
    `images.failures`.

    session: of a model that writes. description: what the store knows the texts by. who: to be
    named where it fails. what: the texts are called; doing: what the progress bar calls the work.
    Each batch is kept as soon as it is written.
    """
    store = settings.store
    first_row = images.first_rows()
    written: dict[int, tuple[str, float]] = {}
    reason = ""
    if store is not None:
        reason = store.why_new("texts", description)
        for digest, text, seconds in store.texts(key_of(description), list(first_row)):
            written[first_row[digest]] = (text, seconds)
    stored = {images.collection.digests[row] for row in written}
    missing = [row for row in first_row.values() if row not in written]

    def write(inputs: list[Any]) -> list[tuple[str, float]]:
        begin = time.perf_counter()
        texts = run_session(session, inputs, who)
        seconds = round((time.perf_counter() - begin) / len(inputs), 4)
        return [(str(text), seconds) for text in texts]

    batch_size = settings.batch_size or session.batch_size
    for batch in images.results(missing, write, batch_size=batch_size, name=who, doing=doing):
        written.update(batch)
        if store is not None:
            digests = images.collection.digests
            store.add_texts(description, [(digests[row], *result) for row, result in batch])
    if store is not None and stored:
        store.touch(key_of(description))
    for row, digest in enumerate(images.collection.digests):
        source = first_row[digest]
        if source in written:
            written[row] = written[source]
        elif row != source:
            images.fail_like(row, source)
    return Written(
        texts=written,
        stored=frozenset(r for r, d in enumerate(images.collection.digests) if d in stored),
        sentence=store_sentence(store, len(stored), len(missing), reason, what),
    )
