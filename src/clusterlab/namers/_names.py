"""From what a cluster could be called to names that differ from each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

MOST_LETTERS = 60
UNKNOWN = "nothing is known of its images"
# They join letters of emoji, Persian and Indian scripts; other format characters hide or turn text.
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a cluster could be called.

    terms: what its name is made of, the most telling first; empty where nothing is known of it.
    spare: the next ones that would set it apart. seen: rows of the images that were looked at for
    it, where they were few. why: in words, where there are no terms.
    """

    cluster: int
    terms: tuple[str, ...]
    spare: tuple[str, ...] = ()
    seen: tuple[int, ...] = ()
    why: str = UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Name:
    """What a cluster is called. text: as a reader sees it. phrase: without the number that it has
    where nothing tells it from another. terms, seen, why: as in Proposal; no terms is no name."""

    cluster: int
    text: str
    phrase: str = ""
    terms: tuple[str, ...] = ()
    seen: tuple[int, ...] = ()
    why: str = UNKNOWN

    @property
    def numbered(self) -> bool:
        return bool(self.terms) and self.text != self.phrase


def distinct(
    proposals: Sequence[Proposal], *, most_terms: int = 4, most_words: int | None = None
) -> tuple[Name, ...]:
    """One name a proposal, no two the same.

    Where two are the same, each gains its next spare term, up to `most_terms` of together at most
    `most_words` words; where that does not tell them apart, they are numbered.

    >>> plants = [Proposal(cluster=c, terms=("plants",), spare=s) for c, s in [(0, ("docks",)),
    ...                                                                      (1, ()), (2, ())]]
    >>> [name.text for name in distinct(plants)]
    ['plants, docks', 'plants (1)', 'plants (2)']
    """
    terms = {one.cluster: list(one.terms) for one in proposals if one.terms}
    spare = {one.cluster: list(one.spare) for one in proposals}
    while alike := [group for group in _alike(terms) if any(spare[c] for c in group)]:
        for group in alike:
            for cluster in group:
                _grow(terms[cluster], spare[cluster], most_terms, most_words)
    phrases = {cluster: clean(", ".join(found)) for cluster, found in terms.items()}
    for group in _alike(terms):
        phrases |= dict.fromkeys(group, phrases[min(group)])
    texts = _numbered(phrases)
    return tuple(
        Name(
            cluster=one.cluster,
            text=texts.get(one.cluster, unnamed(one.cluster)),
            phrase=phrases.get(one.cluster, ""),
            terms=tuple(terms.get(one.cluster, ())),
            seen=one.seen,
            why=one.why,
        )
        for one in proposals
    )


def unnamed(cluster: int) -> str:
    """What a cluster is called where nothing is known of it; as metrics/ calls it."""
    return f"cluster {cluster}"


def clean(text: str, most: int = MOST_LETTERS) -> str:
    """In one line, without control characters, at most so many letters.

    >>> clean(" wind\\x1b[31m\\n farm\\u202e ")
    'wind [31m farm'
    >>> clean("a very long name", most=10)
    'a very lo…'
    """
    kept = "".join(
        " " if unicodedata.category(letter)[0] == "C" and letter not in _JOINERS else letter
        for letter in unicodedata.normalize("NFC", text)
    )
    line = " ".join(kept.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def n_words(terms: Sequence[str]) -> int:
    return sum(len(term.split()) for term in terms)


def words_of(term: str) -> frozenset[str]:
    """The words of a term, in lower case.

    >>> sorted(words_of("Wind farm"))
    ['farm', 'wind']
    """
    return frozenset(re.findall(r"\w+", term.casefold()) or [term.casefold()])


def says_more(term: str, terms: Sequence[str]) -> bool:
    """Whether a term brings a word that the others lack, and they one that it lacks.

    >>> says_more("red bowl", ["bowl"]), says_more("plate", ["bowl"])
    (False, True)
    """
    own = words_of(term)
    return all(not own <= words_of(other) and not words_of(other) <= own for other in terms)


def _grow(terms: list[str], spare: list[str], most_terms: int, most_words: int | None) -> None:
    while spare:
        term = spare.pop(0)
        fits = most_words is None or n_words([*terms, term]) <= most_words
        if len(terms) < most_terms and fits and says_more(term, terms):
            terms.append(term)
            return


def _alike(terms: dict[int, list[str]]) -> list[list[int]]:
    """The groups of clusters that would be called the same, whatever the order of their terms."""
    return _groups({c: "\n".join(sorted(clean(term) for term in t)) for c, t in terms.items()})


def _numbered(phrases: dict[int, str]) -> dict[int, str]:
    texts = dict(phrases)
    alike = sorted(cluster for group in _groups(phrases) for cluster in group)
    taken = {text.casefold() for cluster, text in texts.items() if cluster not in alike}
    for cluster in alike:
        free = (f"{phrases[cluster]} ({number})" for number in count(1))
        texts[cluster] = next(text for text in free if text.casefold() not in taken)
        taken.add(texts[cluster].casefold())
    return texts


def _groups(texts: dict[int, str]) -> list[list[int]]:
    """The clusters with equal texts, but for case, where there are several."""
    groups: dict[str, list[int]] = {}
    for cluster, text in texts.items():
        groups.setdefault(text.casefold(), []).append(cluster)
    return [group for group in groups.values() if len(group) > 1]
