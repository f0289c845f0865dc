"""What was said about the images: by whom, how often what, and about which image."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clusterlab.outcome import Outcome
from clusterlab.reports.page.text import number, percent
from clusterlab.types import Text

LONGEST = 200
SHORTEST = 40
MOST_LETTERS = 4_000_000
IN_A_CARD = 3
MOST_FREQUENT = 10


@dataclass(frozen=True)
class Author:
    """A model, or a column of the table. said: row -> its text on one line, cut; no empty ones.
    texts: all of them, as they are."""

    name: str
    said: dict[int, str]
    texts: tuple[Text, ...]

    @property
    def wrote(self) -> bool:
        """False for a column of the table: nobody had to write."""
        return any(math.isfinite(text.seconds) for text in self.texts)


def authors(outcome: Outcome) -> list[Author]:
    """In the order in which they first speak. The more texts there are, the shorter each is cut,
    so that the page stays one that a browser opens."""
    row = {id_: position for position, id_ in enumerate(outcome.collection.ids)}
    limit = max(SHORTEST, min(LONGEST, MOST_LETTERS // max(len(outcome.texts), 1)))
    by_name: dict[str, list[Text]] = {}
    for text in outcome.texts:
        by_name.setdefault(text.model, []).append(text)
    return [
        Author(
            name,
            {row[t.id]: cut(t.text, limit) for t in texts if t.id in row and t.text.strip()},
            tuple(texts),
        )
        for name, texts in by_name.items()
    ]


def cut(text: str, limit: int = LONGEST) -> str:
    """The text on one line, of at most `limit` letters.

    >>> cut("a pair of\\n blue jeans", 12)
    'a pair of b…'
    """
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def caption(voices: Sequence[Author], row: int) -> str:
    """What all authors say about an image, a line each."""
    return "\n".join(voice.said[row] for voice in voices if row in voice.said)


def in_card(voices: Sequence[Author], rows: Sequence[int]) -> list[dict[str, Any]]:
    """The first few different texts of each author about these rows, the most central first."""
    found = []
    for voice in voices:
        said = dict.fromkeys(voice.said[row] for row in rows if row in voice.said)
        if said:
            found.append({"author": voice.name, "texts": list(said)[:IN_A_CARD]})
    return found


def for_map(voices: Sequence[Author], n_images: int) -> list[dict[str, Any]]:
    """JSON-able. value: (n,) index into `values`, -1 where there is no text; a text that is said
    of many images stands there once."""
    found = []
    for voice in voices:
        place = {text: at for at, text in enumerate(dict.fromkeys(voice.said.values()))}
        value = [place[voice.said[r]] if r in voice.said else -1 for r in range(n_images)]
        found.append({"name": voice.name, "values": list(place), "value": value})
    return found


def summary(voices: Sequence[Author]) -> list[dict[str, Any]]:
    """An author each: name, facts (name, text) and the most frequent texts with their counts."""
    return [
        {
            "name": voice.name,
            "wrote": voice.wrote,
            "facts": list(_facts(voice)),
            "frequent": _frequent(voice),
        }
        for voice in voices
    ]


def _facts(voice: Author) -> Iterator[tuple[str, str]]:
    words = _lines(voice)
    there = [line for line in words if line]
    yield "Texts", f"{len(words):,}"
    yield "Different", f"{len(set(there)):,}"
    empty = len(words) - len(there)
    yield "Empty", f"{empty:,} ({percent(empty / len(words))})" if empty else "none"
    # A note may go on with "from" and the text as it was, which differs from image to image.
    notes = Counter(
        text.note.partition(" from ")[0]
        for text, line in zip(voice.texts, words, strict=True)
        if text.note and line
    )
    for note, count in sorted(notes.items(), key=lambda item: (-item[1], item[0])):
        yield cut(f"{note[:1].upper()}{note[1:]}", 60), f"{count:,}"
    if there:
        longest = max(len(line.split()) for line in there)
        mean = sum(len(line.split()) for line in there) / len(there)
        yield "Words in a text", f"{mean:.1f} in the mean, {longest:,} at most"
    seconds = [text.seconds for text in voice.texts if math.isfinite(text.seconds)]
    if seconds:
        yield "Seconds to write one", f"{number(sum(seconds) / len(seconds))} in the mean"


def _frequent(voice: Author) -> list[list[str]]:
    """[text, images] of the texts that are said more than once."""
    counted = Counter(line for line in _lines(voice) if line)
    top = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_FREQUENT]
    return [[cut(line), f"{count:,}"] for line, count in top if count > 1]


def _lines(voice: Author) -> list[str]:
    return [" ".join(text.text.split()) for text in voice.texts]
