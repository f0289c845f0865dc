"""Which images get a thumbnail on the page, and the thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterlab.outcome import Outcome
from clusterlab.reports.members import by_centrality, spread
from clusterlab.reports.page.captions import Author, caption
from clusterlab.reports.page.text import data_uri
from clusterlab.reports.sheets import sample_rows
from clusterlab.reports.thumbnails import MIME, fill

STRIP = 12


@dataclass(frozen=True)
class Thumbs:
    """order: cluster -> its rows, most central first. chosen: cluster -> the rows of them that
    have a thumbnail, its strip first. uris: row -> data address, where the image is readable."""

    order: dict[int, np.ndarray]
    chosen: dict[int, np.ndarray]
    uris: dict[int, str]


def choose_thumbs(outcome: Outcome, *, most: int, cache: dict[int, bytes | None]) -> Thumbs:
    """Thumbnails of at most `most` images, every cluster having its share, and the samples."""
    order = by_centrality(outcome)
    chosen = spread(order, first=STRIP, most=most)
    rows = [int(row) for found in chosen.values() for row in found] + sample_rows(outcome)
    fill(cache, outcome, rows)
    contents = {row: cache[row] for row in rows}
    uris = {row: data_uri(content, MIME) for row, content in contents.items() if content}
    return Thumbs(order, chosen, uris)


def picture_of(
    outcome: Outcome, thumbs: Thumbs, voices: Sequence[Author], row: int
) -> dict[str, Any]:
    """An image as the templates show it; src is None where it is unreadable."""
    return {
        "row": row,
        "id": outcome.collection.ids[row],
        "src": thumbs.uris.get(row),
        "text": caption(voices, row),
    }
