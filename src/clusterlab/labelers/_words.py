"""A text as words that can be compared: whatever their case, number or punctuation."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from clusterlab.labelers._singular import singular

CONNECTORS = ("and", "or")
# Between the words of one name: no comma, no full stop, no dash with spaces around it.
_SOFT = re.compile(r"[^\S\n]*[-_*`~&+/\\]*[^\S\n]*|\s[&+/]\s")
_DASH = re.compile(r"\s-+\s")
_SENTENCE_END = re.compile(r"\n|[.!?。](?:\W|$)")
_CLAUSE_END = re.compile(r"[.!?。;:()\[\]\n→=]|\s-+\s")
_HAN = re.compile(
    r"[\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[\U00020000-\U000323af]"
)
# Apostrophes and hyphens of every kind; the long dash always parts.
_PLAIN = {
    **dict.fromkeys([0x2018, 0x2019, 0x02BC, 0x00B4], "'"),
    **dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2212], "-"),
    **dict.fromkeys([0x2014, 0x2015], " - "),
}
_WORD = re.compile(r"h|w+(?:'w+)*")
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu)'(?=..)")
_COPULA = re.compile(r"(?<=[\uac00-\ud7a3])(?:입니다|이에요|예요|이다)$")


@dataclass(frozen=True)
class Word:
    """text: in lower case. stem: without plural and possessive. gap: what stands before it."""

    text: str
    stem: str
    gap: str

    @property
    def is_han(self) -> bool:
        """A sign of a script that puts no space between words, Chinese or Japanese."""
        return bool(_HAN.match(self.text))

    @property
    def joins(self) -> bool:
        """Whether it may belong to the same name as the word before it."""
        return bool(_SOFT.fullmatch(self.gap)) and not _DASH.search(self.gap)

    @property
    def begins_line(self) -> bool:
        return "\n" in self.gap

    @property
    def begins_sentence(self) -> bool:
        return bool(_SENTENCE_END.search(self.gap))

    @property
    def begins_clause(self) -> bool:
        return bool(_CLAUSE_END.search(self.gap))


def words(text: str) -> list[Word]:
    """The words of a text, then one without text whose gap is what the text ends with.

    Letters with their accents, and digits, make words; a Chinese or Japanese sign is one by itself.
    Accents count: "pêche" is not "peche", however they are encoded.

    >>> [word.stem for word in words("**Tracks & trails**, the dog's")]
    ['track', 'trail', 'the', 'dog', '']
    """
    normal = _normal(text)
    found: list[Word] = []
    end = 0
    for match in _WORD.finditer("".join(map(_kind, normal))):
        word = normal[match.start() : match.end()]
        found.append(Word(word, _stem(word), normal[end : match.start()]))
        end = match.end()
    return [*found, Word("", "", normal[end:] + "\n")]


def _normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Marks of direction and of where a line may break are not seen.
    seen = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    return seen.translate(_PLAIN)


def _kind(char: str) -> str:
    if _HAN.match(char):
        return "h"
    if unicodedata.category(char)[0] in "LMN":
        return "w"
    return "'" if char == "'" else " "


def _stem(word: str) -> str:
    if word.endswith("n't"):
        return word
    bare = _COPULA.sub("", _ELIDED.sub("", word.removesuffix("'s")))
    return singular(bare.replace("'", ""))
