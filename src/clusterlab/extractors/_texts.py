"""Features of texts: those that a model writes about the images, and those of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusterlab.components import Component, ImageDescriber, TextExtractor
from clusterlab.extractors._repetition import repair
from clusterlab.models.open_session import open_session
from clusterlab.origin import origin
from clusterlab.reading.encoding import all_empty, described, encode
from clusterlab.reading.image_pass import ImagePass
from clusterlab.reading.image_vectors import (
    ENGINE_VERSION,
    marks_of,
    nothing_readable,
)
from clusterlab.reading.settings import Extraction, Settings
from clusterlab.reading.written_texts import written_texts
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
    written = written_texts(
        images, session, settings, description, who=f"Extractor '{component.name}'"
    )
    rows = sorted(written.texts)
    if not rows:
        raise nothing_readable(images)
    texts = []
    for row in rows:
        raw, seconds = written.texts[row]
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
        store=f"{written.sentence}; {vectors.sentence}",
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
