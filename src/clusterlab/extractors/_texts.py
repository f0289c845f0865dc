"""Features of texts: those that a model writes about the images, and those of the table."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from clusterlab.components import Component, ImageDescriber, TextExtractor
from clusterlab.extractors._encoding import all_empty, described, encode, run_session
from clusterlab.extractors._image_pass import ImagePass
from clusterlab.extractors._image_vectors import (
    ENGINE_VERSION,
    marks_of,
    nothing_readable,
    store_sentence,
)
from clusterlab.extractors._repetition import repair
from clusterlab.extractors._settings import Extraction, Settings
from clusterlab.models.open_session import open_session
from clusterlab.models.session import Session
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
        "config": described(component.config["_target_"], session),
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
    vectors = encode([text.text for text in texts], describer.encoder, settings)
    features = Features(
        ids=tuple(text.id for text in texts),
        values=vectors.values,
        space="features",
        provenance={
            **description,
            "encoder": vectors.description,
            "models": _models(describer, describer.encoder),
        },
        marks=marks_of([*describer.sources, *describer.encoder.sources], collection),
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
    if n_empty == len(found):
        raise all_empty(len(found))
    rows = [row for row, text in enumerate(found) if text or extractor.empty == "zero"]
    vectors = encode([found[row] for row in rows], extractor.encoder, settings)
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
        marks=marks_of(extractor.encoder.sources, collection),
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
        texts = run_session(session, inputs, f"Extractor '{name}'")
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


def _models(*models: Any) -> list[dict[str, Any]]:
    return [source.describe() for model in models for source in model.sources]


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
