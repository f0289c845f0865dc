"""Names that are only a part of another thing's name: "power plant", "road sign"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clusterlab.labelers._clear import KEYWORDS
from clusterlab.labelers._words import Word

# By which a text is a sentence, and not just a name.
_VERBS = (
    *("is", "are", "was", "were", "be", "am", "it's", "that's", "there's", "do", "does", "has"),
    *("have", "can", "could", "would", "should", "will", "may", "might", "must", "show", "shown"),
    *("depict", "depicted", "display", "feature", "contain", "see", "seen", "seem", "appear"),
    *("look", "belong", "fit", "fall", "classify", "choose", "pick", "select", "think", "believe"),
    *("say", "call", "represent", "capture", "portray", "illustrate", "include", "match", "call"),
    *("categorize", "categorise", "label", "describe", "indicate", "suggest", "identify", "go"),
)
_STATES = ("is", "are", "be")
# Beside a name they make no other thing of it. Articles are of some other languages, too.
_FUNCTION = (
    *("a", "an", "the", "this", "that", "these", "those", "some", "any", "all", "many", "several"),
    *("my", "its", "their", "one", "two", "three", "few", "more", "most", "both", "each", "every"),
    *("and", "or", "but", "nor", "than", "then", "so", "as", "because", "since", "if", "while"),
    *("although", "though", "of", "in", "on", "at", "by", "to", "from", "for", "with", "without"),
    *("into", "through", "along", "across", "near", "beside", "next", "behind", "under", "over"),
    *("between", "among", "inside", "outside", "towards", "toward", "around", "during", "above"),
    *("below", "about", "against", "like", "via", "per", "plus", "is", "are", "it", "which", "who"),
    *(
        "not",
        "no",
        "non",
        "yes",
        "ok",
        "okay",
        "sure",
        "only",
        "just",
        "maybe",
        "perhaps",
        "likely",
    ),
    *(
        "rather",
        "instead",
        "here",
        "there",
        "too",
        "also",
        "again",
        "very",
        "best",
        "final",
        "main",
    ),
    *("image", "picture", "photo", "photograph", "scene", "visible", "present", "confidence"),
    *("un", "une", "la", "le", "les", "des", "du", "el", "los", "las", "una", "unas", "unos"),
    *("ein", "eine", "einen", "einem", "einer", "der", "die", "das", "den", "dem", "il", "lo"),
    *("uno", "um", "uma", "o", "os", "as", "de", "een", "het", "en", "et", "ett", "und", "y", "e"),
)
# A list, since by its form no adjective can be told from a noun: "green plant", "power plant".
_ADJECTIVES = (
    *("red", "green", "blue", "yellow", "white", "black", "brown", "grey", "gray", "orange"),
    *("pink", "purple", "dark", "light", "bright", "colorful", "colourful", "big", "large", "huge"),
    *("small", "little", "tiny", "tall", "high", "low", "short", "long", "wide", "narrow", "thick"),
    *("thin", "deep", "old", "new", "young", "ancient", "modern", "wild", "dead", "live", "living"),
    *("dry", "wet", "empty", "full", "open", "beautiful", "pretty", "nice", "rural", "urban"),
    *("natural", "local", "typical", "single", "various", "different", "other", "clear", "calm"),
)
# Words in which a verb is looked for.
_FAR = 30
_LOOSE = re.compile(r"[^\S\n]*[-_*`~]*[^\S\n]*")
_PARTS = re.compile(r"\s-+\s")


def is_part(said: Sequence[Word], start: int, end: int, named: set[int]) -> bool:
    """Whether said[start:end], the name of a category, is part of another name there.

    In a text that is no sentence, and in what "the answer is" or "category:" gives, a word right
    before or after makes another thing of it, such as a power plant or a road sign, unless it is a
    function word, a common adjective ("green plants", "a short dress"), an adverb, a participle
    ("potted plants", "animals grazing in a field"), a number, or part of another name. No noun is
    told from an adjective that is not in the list: that is no label. Words of other alphabets are
    not judged. named: the places of words of names.
    """
    if not _is_bare(said, start, end):
        return False
    before, after = start - 1, end
    if start and before not in named and _adjoins(said[start]) and not _is_plain(said[before]):
        return True
    tells = after < len(said) - 1 and after not in named and _adjoins(said[after])
    return tells and not (_is_plain(said[after]) or said[after].text.endswith("ing"))


def _is_bare(said: Sequence[Word], start: int, end: int) -> bool:
    """Whether no verb makes a sentence of what stands around it, but "the answer is"."""
    place, stated = start, False
    while start - _FAR < place and place and not said[place].begins_clause:
        place -= 1
        word = said[place]
        if word.text in _STATES and _has_keyword(said, place):
            stated = True
            break
        if word.stem in _VERBS or word.text in _VERBS:
            return False
    for word in said[end : min(end + _FAR, len(said) - 1)]:
        if word.begins_clause or "," in word.gap:
            break
        if word.text in _VERBS or (word.stem in _VERBS and not stated):
            return False
    return True


def _has_keyword(said: Sequence[Word], place: int) -> bool:
    """Whether "answer", "category" or the like comes right before it."""
    return place > 0 and said[place - 1].stem in KEYWORDS


def _adjoins(word: Word) -> bool:
    return bool(_LOOSE.fullmatch(word.gap)) and not _PARTS.search(word.gap)


def _is_plain(word: Word) -> bool:
    text = word.text
    return (
        not (text.isascii() and text.isalpha())
        or text in _FUNCTION
        or text in _ADJECTIVES
        or word.stem in KEYWORDS
        or text.endswith(("ly", "ed"))
    )
