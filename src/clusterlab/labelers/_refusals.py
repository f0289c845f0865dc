"""How a model says that an image fits no category."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.labelers._words import Word

_PLAIN = (
    ("not", "valid"),
    ("not", "a", "valid"),
    ("notvalid",),
    ("invalid",),
    ("not", "applicable"),
    ("no", "valid"),
)
_FITTING = (
    *("single", "suitable", "matching", "appropriate", "fitting", "relevant", "such", "clear"),
    *("listed", "given", "of", "these", "the"),
)
_KINDS = ("category", "option", "label", "class", "match", "list", "choice")
_POINTING = ("the", "these", "those", "them", "above", "this")
_TAIL = (
    *_KINDS,
    *_POINTING,
    *("listed", "given", "provided", "following", "fit", "apply", "applie", "match", "matche"),
    *("image", "picture", "photo", "from", "in", "to", "is", "are", "applicable", "it", "here"),
)
_NO = ("not", "cannot", "no")


def refusal_end(said: Sequence[Word], start: int) -> int:
    """The end of a refusal that begins at said[start], 0 where none does: NOT VALID in any case
    and punctuation, "none of the above", "no category fits", "does not fit any of the categories".
    """
    for phrase in _PLAIN:
        if _texts(said, start, len(phrase)) == phrase:
            return _tail(said, start + len(phrase))
    if said[start].text == "none" and said[start + 1].text == "of":
        pointed = said[start + 2].text
        return _tail(said, start + 2) if pointed in _POINTING else 0
    if said[start].text == "none" and said[start + 1].begins_clause:
        return start + 1
    if _texts(said, start, 2) == ("n", "a") and said[start + 1].gap == "/":
        return start + 2
    if said[start].text in _NO or said[start].text.endswith("n't"):
        return _no_category(said, start) or _not_any(said, start)
    return 0


def _no_category(said: Sequence[Word], start: int) -> int:
    """ "no suitable category applies" """
    place = start + 1
    while said[place].stem in _FITTING and not said[place].begins_clause:
        place += 1
    fits = said[start].text == "no" and said[place].stem in _KINDS
    return _tail(said, place) if fits else 0


def _not_any(said: Sequence[Word], start: int) -> int:
    """ "not ... any category", "not ... any of the given categories": in one sentence."""
    place = _next(said, start, ("any",), 6) + 1
    if place == 1:
        return 0
    if said[place].text == "of":
        noun = _next(said, place, (*_KINDS, "above", "these", "those", "them"), 5)
        return _tail(said, noun) if noun else 0
    while said[place].stem in _FITTING and not said[place].begins_clause:
        place += 1
    return _tail(said, place) if said[place].stem in _KINDS else 0


def _next(said: Sequence[Word], start: int, stems: Sequence[str], within: int) -> int:
    """The first of these words after said[start] in its sentence, 0 where there is none."""
    for place in range(start + 1, min(start + 1 + within, len(said))):
        if said[place].begins_sentence:
            return 0
        if said[place].stem in stems:
            return place
    return 0


def _tail(said: Sequence[Word], place: int) -> int:
    """The words that only round a refusal off belong to it."""
    while said[place].stem in _TAIL and not said[place].begins_clause:
        place += 1
    return place


def _texts(said: Sequence[Word], start: int, count: int) -> tuple[str, ...]:
    return tuple(word.text for word in said[start : start + count])
