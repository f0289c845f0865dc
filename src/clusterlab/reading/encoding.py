"""Texts to vectors, each different text once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from clusterlab.components import TextEncoder
from clusterlab.errors import ClusterlabError, ComponentError, DataError
from clusterlab.models.open_session import open_session
from clusterlab.models.session import Session
from clusterlab.reading.image_vectors import ENGINE_VERSION, store_sentence
from clusterlab.reading.settings import Settings
from clusterlab.reading.vectors import Vectors
from clusterlab.store import key_of


@dataclass(frozen=True)
class Encoded:
    """values: (n, d) float32. sentence: what came from the store. description: of the encoder.
    facts: the device and precision it ran with."""

    values: np.ndarray
    sentence: str
    description: Mapping[str, Any]
    facts: Mapping[str, Any]


def encode(texts: Sequence[str], encoder: TextEncoder, settings: Settings) -> Encoded:
    """Equal texts are read once; an empty one is the zero vector."""
    session = open_session(encoder, settings.compute, settings.store)
    description: dict[str, Any] = {
        "config": described(f"{type(encoder).__module__}.{type(encoder).__name__}", session),
        "version": [ENGINE_VERSION, encoder.version],
    }
    # Longest first: a batch of equal lengths is padded least, and memory runs out at once if ever.
    different = sorted({text for text in texts if text}, key=lambda text: (-len(text), text))
    if not different:
        raise all_empty(len(texts))
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
            made = run_session(session, [different[row] for row in rows], "The text encoder")
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
    return Encoded(values, sentence, description, session.facts)


def run_session(session: Session, inputs: list[Any], who: str) -> list[Any]:
    """What a session makes of one batch; `who` is named where it fails."""
    try:
        results = session.run(inputs)
    except ClusterlabError:
        raise
    except Exception as error:
        raise ComponentError(
            f"{who} failed on a batch of {len(inputs)}: {type(error).__name__}: {error}"
        ) from error
    return results


def described(target: str, session: Session) -> dict[str, Any]:
    """What the store knows a model's results by."""
    return {"_target_": target, **session.identity, **session.how}


def all_empty(n: int) -> DataError:
    """The error where there is not one text."""
    return DataError(
        f"All {n:,} texts are empty, so there is nothing to tell the images apart by. Use another "
        "extractor, or another text column (dataset.text_column=...)."
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
