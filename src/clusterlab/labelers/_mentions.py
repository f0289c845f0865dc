"""Where a text names categories, in whatever spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusterlab.labelers._refusals import refusal_end
from clusterlab.labelers._words import CONNECTORS, Word, words

# What may follow a Chinese or Japanese name without making another word of it.
_CLOSING = ("です", "だ", "である", "でした", "的", "类", "類", "了", "吧", "に属")


@dataclass(frozen=True)
class Mention:
    """words[start:end] name this category, or, where it is None, refuse them all."""

    start: int
    end: int
    category: str | None


@dataclass(frozen=True)
class _Name:
    """breaks: how far into the key the name itself has punctuation, such as a comma."""

    category: str
    breaks: frozenset[int]


class Names:
    """The categories by their keys: their words run together, without "and" and "or".

    "Recreation (outdoors)" may be called "Recreation", unless that is another category.
    """

    def __init__(self, categories: Sequence[str]) -> None:
        self._names: dict[str, _Name] = {}
        for short in (False, True):
            for category in categories:
                key, breaks = key_of(_without_gloss(category) if short else category)
                if key:
                    self._names.setdefault(key, _Name(category, breaks))
        self._beginnings = {key[:end] for key in self._names for end in range(1, len(key) + 1)}
        self.numbered = any(len(key) == 1 or key.isdecimal() for key in self._names)

    def mentions(self, said: Sequence[Word]) -> list[Mention]:
        """What is named or refused, in its order; of several names at a place the longest."""
        found: list[Mention] = []
        place = 0
        while place < len(said) - 1:
            mention = self._named_at(said, place) or _refused_at(said, place)
            if mention is None:
                place += 1
                continue
            found += [*self._elliptic(said, mention), mention]
            place = mention.end
        return found

    def _named_at(self, said: Sequence[Word], start: int) -> Mention | None:
        found = None
        key, breaks = "", set()
        for place in range(start, len(said) - 1):
            word = said[place]
            if place > start and not word.joins:
                if word.begins_line:
                    break
                breaks.add(len(key))
            if place > start and word.text in CONNECTORS:
                continue
            key += word.stem
            if key not in self._beginnings:
                break
            name = self._names.get(key)
            if name and breaks <= name.breaks and _ends_a_word(said, place + 1):
                found = Mention(start, place + 1, name.category)
        return found

    def _elliptic(self, said: Sequence[Word], mention: Mention) -> Iterator[Mention]:
        """The first of "winter and water activities"."""
        place = mention.start - 2
        if place >= 0 and said[place + 1].text in CONNECTORS and mention.end - mention.start > 1:
            key = said[place].stem + said[mention.end - 1].stem
            if key in self._names:
                yield Mention(place, place + 1, self._names[key].category)


def key_of(category: str) -> tuple[str, frozenset[int]]:
    """What a category is known by, "" for one without a letter or digit, and where it has
    punctuation that would else end a name.

    >>> key_of("Tracks & Trails")[0] == key_of("track-and-trail")[0]
    True
    """
    named = words(category)[:-1]
    telling = [word for word in named if word.text not in CONNECTORS] or named
    key, breaks = "", set()
    for place, word in enumerate(named):
        if place and not word.joins:
            breaks.add(len(key))
        if word in telling:
            key += word.stem
    return key, frozenset(breaks)


def _without_gloss(category: str) -> str:
    return re.sub(r"\([^)]*\)", " ", category)


def _refused_at(said: Sequence[Word], start: int) -> Mention | None:
    end = refusal_end(said, start)
    return Mention(start, end, None) if end else None


def _ends_a_word(said: Sequence[Word], end: int) -> bool:
    """Whether a name that ends before said[end] is not just the beginning of a longer word; of
    Chinese or Japanese signs that run on, only what closes a sentence tells."""
    if not said[end - 1].is_han or said[end].gap or not said[end].is_han:
        return True
    rest = "".join(word.text for word in said[end : end + 3])
    return rest.startswith(_CLOSING)
