"""Whether a text that names something says that it is not there."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.labelers._words import CONNECTORS, Word

_BEFORE = (
    *("no", "not", "non", "without", "never", "neither", "nor", "cannot", "isnt", "arent", "dont"),
    *("doesnt", "cant", "unlike", "lack", "excluding", "except", "outside", "hardly", "absence"),
    *("unlikely", "improbable", "impossible", "doubtful", "barely", "scarcely", "nothing", "fail"),
    *("failed", "exclude", "excluded", "reject", "rejected", "dismiss", "dismissed", "eliminate"),
    *("eliminated", "discard", "discarded", "incorrect", "wrong"),
)
# After these a denial before them is over, or was none ("not only").
_TURNS = (
    *("but", "only", "just", "merely", "simply", "solely", "rather", "instead", "however"),
    *("although", "though", "so", "therefore", "thus", "hence", "because", "maybe", "perhaps"),
    *("probably", "doubt", "since", "while"),
)
_LISTED = (*CONNECTORS, "any", "a", "an", "the", "no")
_AUXILIARY = (
    *("is", "are", "was", "were", "do", "does", "did", "can", "could", "would", "should", "has"),
    *("have", "may", "might", "will", "seem", "seems", "appear", "appears", "be"),
)
# Two words that deny together; before "out" any form of "rule".
_PAIRS = (
    *(("rather", "than"), ("instead", "of"), ("anything", "but"), ("far", "from")),
    *(("apart", "from"), ("aside", "from"), ("opposed", "to"), ("less", "likely")),
    *((form, "out") for form in ("rule", "rules", "ruled", "ruling", "leave", "leaving")),
)
_OFF = (
    *("absent", "missing", "wrong", "incorrect", "unlikely", "improbable", "impossible", "false"),
    *("doubtful", "excluded", "rejected", "eliminated", "dismissed", "discarded", "ruled"),
)
_AFTER = ("not", "no", "never", "neither", "hardly", *_OFF)
_TICKED_OFF = ("no", "false", "0", "none")
_SEEN = ("visible", "present", "likely", "shown", "seen", "correct", "applicable", "here", "there")
# Between "plants" and "unlikely": "can be", "is a very".
_BETWEEN = (*_AUXILIARY, "been", "a", "an", "the", "very", "quite", "rather", "highly", "most")
_BETWEEN_AT_MOST = 4
# Words back: enough for a long list.
_FARTHEST = 100
_HAN = ("不是", "没有", "沒有", "并非", "並非", "不属于", "不屬於", "非", "无", "無", "不")


class Denials:
    """Which of the names in a text it denies: "no roads", "neither roads nor bridges", "roads are
    not visible", "roads: no". Where it cannot be told, it does: a label must have been said.

    names: (start, end) of each; the words within a name deny nothing.
    """

    def __init__(self, said: Sequence[Word], names: Sequence[tuple[int, int]]) -> None:
        self._said = said
        self._start_of = {end: start for start, end in names}
        self._starts = set(self._start_of.values())

    def deny(self, start: int, end: int) -> bool:
        """Whether the name said[start:end] is denied."""
        if self._said[start].is_han and _han_before(self._said, start):
            return True
        return self._before(start) or _after(self._said, end)

    def _before(self, start: int) -> bool:
        place = start
        for _ in range(_FARTHEST):
            word = self._said[place]
            listed = place in self._starts or word.text in _LISTED
            if not place or word.begins_clause or ("," in word.gap and not listed):
                return False
            if self._start_of.get(place, place) < place:
                place = self._start_of[place]
                continue
            place -= 1
            denied = _turns(self._said, place)
            if denied is not None:
                return denied
        return False


def _turns(said: Sequence[Word], place: int) -> bool | None:
    """Whether this word denies what follows it; False where it ends what was denied before."""
    text, before = said[place].text, [said[max(0, place - i)].text for i in (1, 2)]
    if text == "than" and before[0] == "other":
        return before[1] not in ("none", "nothing", "no")
    if (before[0], text) in _PAIRS:
        return True
    if text == "doubt" and before[0] not in ("no", "without", "any", "beyond", "little"):
        return True
    if text in _TURNS:
        return False
    return True if said[place].stem in _BEFORE or text.endswith("n't") else None


def _han_before(said: Sequence[Word], start: int) -> bool:
    before = ""
    for word in reversed(said[max(0, start - 3) : start + 1]):
        before = word.text + before if word.is_han else ""
        if word.gap:
            break
    return before.removesuffix(said[start].text).endswith(_HAN)


def _after(said: Sequence[Word], end: int) -> bool:
    word, next_ = said[end], said[min(end + 1, len(said) - 1)]
    if word.text in _TICKED_OFF and any(mark in word.gap for mark in ":?=-("):
        return next_.begins_clause or "," in next_.gap
    if any(mark in word.gap for mark in ":?=-(,"):
        if word.text in _OFF:
            return True
        if word.text == "not" and next_.text in _SEEN and not next_.gap.strip():
            return True
    if word.begins_clause or "," in word.gap:
        return False
    if word.text.endswith("n't") or word.text in ("cannot", "absent", "missing"):
        return True
    if word.text not in _AUXILIARY:
        return False
    for follows in said[end + 1 : end + 2 + _BETWEEN_AT_MOST]:
        if follows.begins_clause or "," in follows.gap:
            return False
        if follows.text not in _BETWEEN:
            return follows.text in _AFTER or follows.text.endswith("n't")
    return False
