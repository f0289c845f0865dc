"""Shortens captions that repeat themselves, and says so."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Copies in a row that nobody writes: "bora bora" and "New York New York" are names, a third copy
# is not. Of three words or more the second is already too much.
_COPIES = {1: 3, 2: 3}
_COPIES_OF_MORE = 2
# What a sentence does not end with, once what came after it is gone.
_CONNECTORS = frozenset(
    "a an and are at by for from in is of on or that the to with".split()  # noqa: SIM905
)
_PUNCTUATION = ".,;:!?-"
# A syllable at least four times within a word, such as "sushishishishi".
_SYLLABLES = re.compile(r"([^\W\d_]{2,}?)\1{3,}")


def repair(text: str) -> tuple[str, str]:
    """Returns (text, note), the note being "", "empty" or what the text was shortened from.

    Shortened are a phrase of one or two words three times in a row, a longer one twice in a row,
    the beginning of a word said again after it, and a syllable four times within a word. Case and
    punctuation do not make a difference. What may be meant stays: "bora bora", "a dog and a dog".

    >>> repair("a plate of food with a plate of food with a plate of food")[0]
    'a plate of food'
    >>> repair("taco ta ta ta")
    ('taco', "repeats itself; shortened from 'taco ta ta ta'")
    >>> repair("a beach in bora bora")
    ('a beach in bora bora', '')
    """
    text = text.strip()
    if not text:
        return "", "empty"
    words = _SYLLABLES.sub(r"\1", text).split()
    shorter = _shortened(words)
    while shorter != words:
        words, shorter = shorter, _shortened(shorter)
    repaired = " ".join(words)
    if repaired == " ".join(text.split()):
        return text, ""
    return repaired, f"repeats itself; shortened from '{text}'"


def _shortened(words: list[str]) -> list[str]:
    """`words` without the first repetition of the shortest kind; all of them if there is none."""
    plain = [word.strip(_PUNCTUATION).casefold() for word in words]
    for length in range(1, len(words) // 2 + 1):
        for start in range(len(words) - 2 * length + 1):
            end = _end_of_run(plain, start, length)
            copies = (end - start) // length
            if length == 1 and copies > 1 and _begins(plain[start], plain[start - 1 : start]):
                return _cut(words, start, end)
            if copies >= _COPIES.get(length, _COPIES_OF_MORE):
                return _without_copies(words, plain, start, length, end)
    return words


def _end_of_run(plain: Sequence[str], start: int, length: int) -> int:
    """Where the words stop to be those of `length` words before, counting from `start`."""
    end = start + length
    while end < len(plain) and plain[end] == plain[end - length]:
        end += 1
    return end


def _without_copies(
    words: list[str], plain: list[str], start: int, length: int, end: int
) -> list[str]:
    # A caption that ran out of tokens may break off within a word.
    broken_off = end == len(words) - 1 and _begins(
        plain[end], plain[end - length : end - length + 1]
    )
    if end == len(words) or broken_off:
        return _cut(words, start + length, len(words))
    copies = (end - start) // length
    return _cut(words, start + length, start + copies * length)


def _cut(words: list[str], start: int, end: int) -> list[str]:
    """Without words[start:end], and without a loose end where nothing follows."""
    kept = words[:start] + words[end:]
    if end == len(words):
        while len(kept) > 1 and kept[-1].strip(_PUNCTUATION).casefold() in _CONNECTORS:
            kept.pop()
        kept[-1] = kept[-1].rstrip(",;:-") or kept[-1]
    return kept


def _begins(part: str, words: Sequence[str]) -> bool:
    """Is `part` the beginning, but not all, of the one word in `words`?"""
    return part.isalpha() and any(word.startswith(part) and word != part for word in words)
