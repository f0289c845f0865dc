"""Requests about single pictures, each made once."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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
    not_taken: type[Exception],
    who: str,
) -> list[str | None]:
    """What a model says of each picture, (h, w, 3) uint8 RGB, to the prompt at its place; None for
    one that it cannot be shown.

    session: of a model that writes about what `prepare` makes of a picture and a prompt, which
    raises `not_taken` for what the model cannot be shown; that is not kept.
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
        begin = time.perf_counter()
        batch: dict[str, Any] = {}
        for row in rows[start : start + size]:
            with suppress(not_taken):
                batch[digests[row]] = prepare(pictures[row], prompts[row])
        if not batch:
            continue
        texts = run_session(session, list(batch.values()), who)
        seconds = round((time.perf_counter() - begin) / len(batch), 4)
        said = {digest: str(text) for digest, text in zip(batch, texts, strict=True)}
        known.update(said)
        if store is not None:
            store.add_texts(description, [(digest, t, seconds) for digest, t in said.items()])
    return [known.get(digest) for digest in digests]
