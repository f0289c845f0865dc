"""Requests about single pictures, each made once."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from clusterlab.models.session import Session
from clusterlab.reading.encoding import run_session
from clusterlab.reading.settings import Settings
from clusterlab.store import digest_of, key_of


def asked(
    pictures: Sequence[np.ndarray],
    prompts: Sequence[str],
    session: Session,
    settings: Settings,
    description: Mapping[str, Any],
    *,
    prepare: Callable[[np.ndarray, str], Any],
    who: str,
) -> list[str]:
    """What a model says of each picture, (h, w, 3) uint8 RGB, to the prompt at its place.

    session: of a model that writes about what `prepare` makes of a picture and a prompt.
    description: what the store knows the model by; the answers are kept in it by the pictures'
    pixels and the prompts. who: to be named where it fails.
    """
    digests = [
        hashlib.sha256(f"{digest_of(picture)} {prompt}".encode()).hexdigest()
        for picture, prompt in zip(pictures, prompts, strict=True)
    ]
    store = settings.store
    known: dict[str, str] = {}
    if store is not None:
        known = {d: text for d, text, _ in store.texts(key_of(description), digests)}
    if store is not None and known:
        store.touch(key_of(description))
    first = {digest: row for row, digest in reversed(list(enumerate(digests)))}
    rows = sorted(row for digest, row in first.items() if digest not in known)
    size = settings.batch_size or session.batch_size
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        begin = time.perf_counter()
        texts = run_session(session, [prepare(pictures[row], prompts[row]) for row in batch], who)
        seconds = round((time.perf_counter() - begin) / len(batch), 4)
        said = {digests[row]: str(text) for row, text in zip(batch, texts, strict=True)}
        known.update(said)
        if store is not None:
            store.add_texts(description, [(digest, t, seconds) for digest, t in said.items()])
    return [known[digest] for digest in digests]
