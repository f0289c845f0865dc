"""Texts to vectors: those that a model writes about the images, and those of the table."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from clusterlab.components import Component, ImageDescriber, TextEncoder, TextExtractor
from clusterlab.errors import ClusterlabError, ComponentError, DataError
from clusterlab.extractors._image_pass import ImagePass
from clusterlab.extractors._image_vectors import ENGINE_VERSION, nothing_readable, store_sentence
from clusterlab.extractors._repetition import repair
from clusterlab.extractors._settings import Extraction, Settings
from clusterlab.extractors._vectors import Vectors
from clusterlab.models.session import Session, open_session
from clusterlab.origin import origin
from clusterlab.store import key_of
from clusterlab.types import Collection, Features, Text


def described_images(
    collection: Collection, component: Component, settings: Settings
) -> Extraction:
    """A model writes a text about every image, and another reads it."""
    describer: ImageDescriber = component.instance
    session = open_session(describer, settings.compute, settings.store)
    decoding = settings.decoding
    description: dict[str, Any] = {
        "config": _config(component.config["_target_"], session),
        "version": [ENGINE_VERSION, describer.version],
        "decoding": {"background": decoding.background, "reduce_to": decoding.reduce_to},
        "code": origin({"_target_": component.config["_target_"]}),
    }
    images = ImagePass(collection, describer.prepare, settings)
    written, sentence = _write(images, session, settings, description, component.name)
    rows = sorted(written)
    if not rows:
        raise nothing_readable(images)
    texts = []
    for row in rows:
        raw, seconds = written[row]
        text, note = repair(raw)
        texts.append(Text(collection.ids[row], text, describer.name, seconds, note))
    vectors = _encode([text.text for text in texts], describer.encoder, settings)
    features = Features(
        ids=tuple(text.id for text in texts),
        values=vectors.values,
        space="features",
        provenance={
            **description,
            "encoder": vectors.description,
            "models": _models(describer, describer.encoder),
        },
        marks=_marks(describer, describer.encoder),
    )
    return Extraction(
        features=features,
        failures=images.all_failures(),
        store=f"{sentence}; {vectors.sentence}",
        texts=tuple(texts),
        compute=session.facts,
        notes=tuple(_notes(texts)),
    )


def table_texts(collection: Collection, component: Component, settings: Settings) -> Extraction:
    """What the table says about the images. Images without text get the zero vector, or are left
    out, as the extractor says."""
    extractor: TextExtractor = component.instance
    found = [" ".join((text or "").split()) for text in extractor.texts(collection)]
    n_empty = sum(not text for text in found)
    rows = [row for row, text in enumerate(found) if text or extractor.empty == "zero"]
    vectors = _encode([found[row] for row in rows], extractor.encoder, settings)
    texts = tuple(
        Text(collection.ids[row], found[row], extractor.name, note="" if found[row] else "empty")
        for row in rows
    )
    what = {
        "zero": "their vectors are zero, so that they look alike",
        "drop": "they were left out",
    }
    note = f"{n_empty:,} of {len(found):,} images have no text: {what[extractor.empty]}."
    features = Features(
        ids=tuple(collection.ids[row] for row in rows),
        values=vectors.values,
        space="features",
        provenance={
            "config": dict(component.config),
            "encoder": vectors.description,
            "models": _models(extractor.encoder),
        },
        marks=_marks(extractor.encoder),
    )
    return Extraction(
        features=features,
        store=vectors.sentence,
        texts=texts,
        compute=vectors.facts,
        notes=(note,) if n_empty else (),
    )


def _write(
    images: ImagePass,
    session: Session,
    settings: Settings,
    description: Mapping[str, Any],
    name: str,
) -> tuple[dict[int, tuple[str, float]], str]:
    """row -> (text as written, seconds), and what came from the store."""
    store = settings.store
    first_row = images.first_rows()
    written: dict[int, tuple[str, float]] = {}
    reason = ""
    if store is not None:
        reason = store.why_new("texts", description)
        for digest, text, seconds in store.texts(key_of(description), list(first_row)):
            written[first_row[digest]] = (text, seconds)
    n_stored = len(written)
    missing = [row for row in first_row.values() if row not in written]

    def write(inputs: list[Any]) -> list[tuple[str, float]]:
        begin = time.perf_counter()
        texts = _run(session, inputs, f"Extractor '{name}'")
        seconds = round((time.perf_counter() - begin) / len(inputs), 4)
        return [(str(text), seconds) for text in texts]

    batch_size = settings.batch_size or session.batch_size
    for batch in images.results(missing, write, batch_size=batch_size, name=name):
        written.update(batch)
        if store is not None:
            digests = images.collection.digests
            store.add_texts(description, [(digests[row], *result) for row, result in batch])
    if store is not None and n_stored:
        store.touch(key_of(description))
    for row, digest in enumerate(images.collection.digests):
        source = first_row[digest]
        if source in written:
            written[row] = written[source]
        elif row != source:
            images.fail_like(row, source)
    return written, store_sentence(store, n_stored, len(missing), reason, "texts")


class _Encoded:
    """values: (n, d) float32. sentence: what came from the store."""

    def __init__(
        self, values: np.ndarray, sentence: str, description: Mapping[str, Any], session: Session
    ) -> None:
        self.values = values
        self.sentence = sentence
        self.description = description
        self.facts = session.facts


def _encode(texts: Sequence[str], encoder: TextEncoder, settings: Settings) -> _Encoded:
    """Equal texts are read once; an empty one is the zero vector."""
    session = open_session(encoder, settings.compute, settings.store)
    description: dict[str, Any] = {
        "config": _config(f"{type(encoder).__module__}.{type(encoder).__name__}", session),
        "version": [ENGINE_VERSION, encoder.version],
    }
    # Longest first: a batch of equal lengths is padded least, and memory runs out at once if ever.
    different = sorted({text for text in texts if text}, key=lambda text: (-len(text), text))
    if not different:
        raise DataError(
            f"All {len(texts):,} texts are empty, so there is nothing to tell the images apart by. "
            "Use another extractor, or another text column (dataset.text_column=...)."
        )
    row_of = {_digest(text): row for row, text in enumerate(different)}
    vectors = Vectors(len(different))
    store = settings.store
    reason = ""
    if store is not None:
        reason = store.why_new("vectors", description)
        for digest, vector in store.vectors(key_of(description), list(row_of)):
            vectors.put(row_of[digest], vector)
    missing = [row for row in range(len(different)) if not vectors.has[row]]
    n_stored = len(different) - len(missing)
    batch_size = settings.batch_size or session.batch_size
    with tqdm(total=len(missing), desc="read", unit="text", disable=None, leave=False) as bar:
        for start in range(0, len(missing), batch_size):
            rows = missing[start : start + batch_size]
            made = _run(session, [different[row] for row in rows], "The text encoder")
            for row, vector in zip(rows, made, strict=True):
                vectors.put(row, np.asarray(vector, np.float32))
            if store is not None:
                kept = [(_digest(different[row]), vectors.values[row]) for row in rows]
                store.add_vectors(description, kept)
            bar.update(len(rows))
    if store is not None and n_stored:
        store.touch(key_of(description))
    values = np.zeros((len(texts), vectors.values.shape[1]), np.float32)
    for row, text in enumerate(texts):
        if text:
            values[row] = vectors.values[row_of[_digest(text)]]
    sentence = store_sentence(store, n_stored, len(missing), reason, "different texts")
    return _Encoded(values, sentence, description, session)


def _run(session: Session, inputs: list[Any], who: str) -> list[Any]:
    try:
        results = session.run(inputs)
    except ClusterlabError:
        raise
    except Exception as error:
        raise ComponentError(
            f"{who} failed on a batch of {len(inputs)}: {type(error).__name__}: {error}"
        ) from error
    return results


def _config(target: str, session: Session) -> dict[str, Any]:
    return {"_target_": target, **session.identity, **session.how}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _models(*models: Any) -> list[dict[str, Any]]:
    return [source.describe() for model in models for source in model.sources]


def _marks(*models: Any) -> tuple[str, ...]:
    random = any(source.random for model in models for source in model.sources)
    return ("random weights",) if random else ()


def _notes(texts: Sequence[Text]) -> list[str]:
    n_empty = sum(not text.text for text in texts)
    n_shortened = sum(bool(text.text and text.note) for text in texts)
    notes = []
    if n_empty:
        notes.append(
            f"The model wrote nothing about {n_empty:,} of {len(texts):,} images: their vectors "
            "are zero, so that they look alike (captions.csv has them)."
        )
    if n_shortened:
        notes.append(
            f"{n_shortened:,} of {len(texts):,} texts repeated themselves and were shortened "
            "(captions.csv says how)."
        )
    return notes
