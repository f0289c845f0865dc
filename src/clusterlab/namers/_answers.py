"""A short name out of what a model answered."""

from __future__ import annotations

import re

from clusterlab.namers._names import clean
from clusterlab.spoken import plain_answer

MOST_WORDS = 4
_THINGS = r"(?:images?|pictures?|photos?|photographs?|group|collection|set|collage|grid|sheet)"
_SHOW = r"(?:shows?|depicts?|features?|contains?|displays?|represents?|includes?|have in common)"
_IS = r"(?:is|are|would be|could be|can be|might be|should be)"
_CALLED = r"(?:called|named|of|about|labell?ed|titled)"
# What models put before a name.
_LEADS = [
    re.compile(rf"^{lead}[\s:,]*", re.IGNORECASE)
    for lead in (
        r"(?:sure|okay|ok|certainly|of course)\b[,.!:]",
        # "Here is a name for the group:"
        r"here(?: is|'s)[^:]{0,60}:",
        # "A fitting name for the group would be", "Name:", "Answer:"
        rf"(?:\w+ ){{0,3}}(?:name|title|label|answer|theme|subject)\b[^:]{{0,50}}?(?:\b{_IS}\b|:)",
        # "All of these pictures show", "The group could be called", "The set is of"
        rf"(?:\w+ ){{0,4}}{_THINGS}(?: (?:all|here|together|in \w+ \w+))*"
        rf" (?:{_SHOW}|{_IS}(?: all)?(?: {_CALLED})?)\b",
        # "They are all", "All of these are", "This is called"; what may follow: "that they show"
        r"(?:all of )?(?:it|they|this|these|them) (?:all )?"
        rf"(?:{_SHOW}|{_IS}(?: all)?(?: {_CALLED})?)\b",
        rf"that (?:it|they|this|these) (?:all )?(?:{_SHOW}|{_IS}(?: all)?)\b",
        # "I would call them"
        r"i(?: would|'d)? (?:call|name|suggest)(?: (?:it|them|the group|this group))?\b",
        r"(?:a |the )?(?:large |small )?group of\b",
    )
]
_REFUSALS = re.compile(
    r"\b(?:sorry|unable|cannot|can't|can not|don't know|as an ai|not (?:valid|sure|possible))\b",
    re.IGNORECASE,
)
_NOTHING = {"none", "n/a", "unknown", "unclear", "nothing", "no name", "no", "yes", "name"}
_ARTICLES = {"a", "an", "the"}
_HANGING = {
    *_ARTICLES,
    *("of", "with", "and", "or", "in", "on", "at", "for", "to", "from", "by", "various", "some"),
}
_MARKS = re.compile(r"[\"“”«»„*`]+")
_PLAIN = {
    **dict.fromkeys([0x2018, 0x2019, 0x02BC], "'"),
    **dict.fromkeys([0x2013, 0x2014], "-"),
}
# A name has no sentence, no remark in brackets and no reason after it; a letter alone, or one of
# these, has a dot that ends no sentence.
_SHORT = "".join(rf"(?<!\b{word})" for word in (r"\w", "St", "Mt", "Mr", "Mrs", "Ms", "Dr", "Ft"))
_END = re.compile(
    rf"(?<=\w)(?:[!?;]|{_SHORT}\.)(?:\s|$)|\s-\s|\s\(|,? (?:because|since|which|that) "
)


def name_in(answer: str) -> str:
    """The name that an answer gives, in at most MOST_WORDS words; "" where it gives none.

    >>> name_in('**Name:** "Wind Farms at Sea."')
    'Wind Farms at Sea'
    >>> name_in("The pictures all show a group of people hiking in the mountains with dogs.")
    'people hiking'
    >>> name_in("I'm sorry, I cannot see any images.")
    ''
    """
    said = plain_answer(answer).translate(_PLAIN)
    lines = [line for line in said.splitlines() if re.search(r"\w", line)]
    # A line that ends in a colon only announces the answer.
    telling = [line for line in lines if not line.rstrip(" *").endswith(":")]
    if not telling or _REFUSALS.search(telling[0]):
        return ""
    line = clean(_MARKS.sub("", telling[0]), most=400)
    line = re.sub(r"^(?:[-•#>]|\d+[.)])\s+", "", line)
    for lead in _LEADS:
        line = lead.sub("", line, count=1)
    words = _END.split(line, maxsplit=1)[0].strip(" .,:;!?'-").split()
    if len(words) > 1 and words[0].casefold() in _ARTICLES:
        words = words[1:]
    words = words[:MOST_WORDS]
    while words and words[-1].strip(",").casefold() in _HANGING:
        words.pop()
    name = clean(" ".join(words).strip(" .,:;!?'-"))
    return "" if name.casefold() in _NOTHING else name
