"""What an answer says in so many words, among all that it mentions."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.labelers._mentions import Mention
from clusterlab.labelers._words import CONNECTORS, Word

_FINAL = ("answer", "category", "label", "choice", "decision", "classification")
_ANSWER = ("answer", "conclusion")
_KIND = (
    *("category", "label", "class", "classification", "choice", "option", "match", "belong"),
    *("fall", "classified", "categorized", "categorised", "labeled", "labelled", "fit"),
)
KEYWORDS = (*_FINAL, *_KIND, *_ANSWER)
_FILLING = (*CONNECTORS, "a", "an", "the")
# What takes back or widens what was said before.
_HEDGES = (
    *("also", "alternatively", "or", "either", "both", "maybe", "perhaps", "might", "could"),
    *("however", "but", "actually", "wait", "correction", "instead", "sorry"),
)
# Between "the category" and its name: "that best describes what is seen in this image is".
_APART = 12


def clear(said: Sequence[Word], mentions: Sequence[Mention]) -> list[Mention] | None:
    """The mentions that are the answer, several where it is ambiguous; None where there is no
    such statement.

    "The final answer is ..." counts above all. Else what is called the answer, and a first
    sentence that is nothing but a name. Else what is called the category, and any other sentence
    that is nothing but a name. A later "but it could also be ..." adds to it.
    """
    final = _called(said, mentions, _FINAL, after="final")
    if final:
        return _ordered(final)
    sentence = _sentences(said)
    alone = _alone(said, mentions, sentence)
    chosen = _called(said, mentions, _ANSWER)
    if chosen:
        chosen += [mention for mention in alone if sentence[mention.start] == 0]
    else:
        chosen = alone + _called(said, mentions, _KIND)
    if not chosen:
        return None
    return _ordered([*chosen, *_hedged(said, mentions, sentence, after=min(_starts(chosen)))])


def _called(
    said: Sequence[Word], mentions: Sequence[Mention], keywords: Sequence[str], after: str = ""
) -> list[Mention]:
    """What follows "the answer is", "category:" and the like, with what is joined to it."""
    named = _named(mentions)
    found: list[Mention] = []
    # Both in their order, so that each is gone through once.
    next_ = 0
    for place, word in enumerate(said[:-1]):
        while next_ < len(mentions) and mentions[next_].start <= place:
            next_ += 1
        if next_ == len(mentions):
            break
        if word.stem not in keywords or place in named:
            continue
        if after and (not place or said[place - 1].text != after):
            continue
        if _in_reach(said, place, mentions[next_].start):
            found += _joined(said, mentions, next_)
    return found


def _in_reach(said: Sequence[Word], keyword: int, start: int) -> bool:
    between = said[keyword + 1 : start + 1]
    ends = [word for word in between if word.begins_sentence and ":" not in word.gap]
    return len(between) <= _APART and not ends


def _joined(said: Sequence[Word], mentions: Sequence[Mention], first: int) -> list[Mention]:
    """A mention and those that are listed with it, by commas or "and"."""
    found = [mentions[first]]
    for mention in mentions[first + 1 :]:
        between = said[found[-1].end : mention.start]
        if any(word.text not in _FILLING for word in between):
            break
        if any(word.begins_sentence for word in said[found[-1].end : mention.start + 1]):
            break
        found.append(mention)
    return found


def _alone(
    said: Sequence[Word], mentions: Sequence[Mention], sentence: Sequence[int]
) -> list[Mention]:
    """The mentions in sentences that hold nothing else."""
    named = _named(mentions)
    wordy = {
        sentence[place]
        for place, word in enumerate(said[:-1])
        if place not in named and word.text not in _FILLING
    }
    return [mention for mention in mentions if sentence[mention.start] not in wordy]


def _hedged(
    said: Sequence[Word], mentions: Sequence[Mention], sentence: Sequence[int], *, after: int
) -> list[Mention]:
    """What sentences with a hedge name, beside and after the statement."""
    hedging = {sentence[place] for place, word in enumerate(said) if word.text in _HEDGES}
    return [
        mention
        for mention in mentions
        if mention.start > after and sentence[mention.start] in hedging
    ]


def _sentences(said: Sequence[Word]) -> list[int]:
    """(n,) the number of the sentence or line that each word stands in, from 0."""
    numbers, number = [], 0
    for place, word in enumerate(said):
        number += bool(place and word.begins_sentence)
        numbers.append(number)
    return numbers


def _named(mentions: Sequence[Mention]) -> set[int]:
    return {place for mention in mentions for place in range(mention.start, mention.end)}


def _starts(mentions: Sequence[Mention]) -> list[int]:
    return [mention.start for mention in mentions]


def _ordered(mentions: Sequence[Mention]) -> list[Mention]:
    return sorted(set(mentions), key=lambda mention: mention.start)
