"""What a model's answer says, held strictly to a list of categories."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from clusterlab.errors import ConfigError
from clusterlab.labelers._clear import clear
from clusterlab.labelers._compounds import is_part
from clusterlab.labelers._denied import Denials
from clusterlab.labelers._mentions import Mention, Names, key_of
from clusterlab.labelers._words import Word, words
from clusterlab.labelers.prompts import REFUSAL
from clusterlab.spoken import plain_answer

# Characters of a text that still answers the question.
_LONGEST = 8000
# "- [ ] Plants", "Plants \N{CROSS MARK}": lines of what was not chosen.
_NOT_TICKED = re.compile(
    r"(?m)^(?:[ \t]{0,8}(?:[-*\u2022+]|\d{1,3}[.)])?[ \t]{0,8}\[[ \t]{0,3}\].*"
    r"|.*[\u2610\u2717\u2718\u2716\u274c\u274e\U0001f44e].*)$"
)
_TICK = re.compile(r"(?m)^([ \t]{0,8}(?:[-*\u2022+]|\d{1,3}[.)])?[ \t]{0,8})\[[xX\u2713\u2714]\]")
_NUMBERING = re.compile(r"(?m)^(\s*(?:[-*•>#]+\s*)?\**)\(?(?:\d{1,3}|[A-Za-z])[.):]\s+")


def parse(answer: str, categories: Sequence[str], *, most: int = 1) -> tuple[tuple[str, ...], str]:
    """The categories that an answer names, and how it does.

    answer: verbatim. categories: as `check_categories` allows. most: how many were asked for.
    Returns the names, spelled as in `categories`, in the order of the answer, at most `most`, and
    one of the states of clusterlab.labelling.Answer:

    - "exact": nothing but names as they are spelled;
    - "mapped": said in other words. Case, number ("road", "ferries"), quotes, markdown, bullets
      and numbering do not matter, nor does "&" for "and", a hyphen, or a gloss in brackets that is
      left out. A clear statement (the first sentence or a line by itself, "the answer is ...",
      "category: ...") counts before what is told around it; else the text must name one alone;
    - "refused": NOT VALID, "none of the above", "fits no category";
    - "invalid": nothing of the list, more than `most`, or a name and a refusal at once. A bare
      number is invalid too: lists are not numbered. What is denied ("no animals") is not named,
      nor what is part of another thing's name ("power plant"; see _compounds.py);
    - "empty": no text, beside a model's thoughts, which may have been cut off.

    >>> parse("The answer is **road**.", ["Roads", "Water", "Water activities"])
    (('Roads',), 'mapped')
    >>> parse("I see no roads.", ["Roads"])
    ((), 'invalid')
    """
    said = plain_answer(answer)
    if not said:
        return (), "empty"
    if len(said) > _LONGEST:
        return (), "invalid"
    names = _names(tuple(categories))
    ticked = _TICK.sub(r"\1", _NOT_TICKED.sub("", said))
    read = words(ticked if names.numbered else _NUMBERING.sub(r"\1", ticked))
    found = _answered(read, names)
    labels = tuple(dict.fromkeys(one.category for one in found if one.category is not None))
    refused = len(found) > sum(one.category is not None for one in found)
    if refused and most == 1 and labels:
        return (), "invalid"
    if not labels:
        return (), "refused" if refused else "invalid"
    if len(labels) > most:
        return (), "invalid"
    return labels, "exact" if _is_exact(said, labels) else "mapped"


def check_categories(categories: Sequence[str], *, where: str = "taxonomy.categories") -> None:
    """Raises ConfigError, with every problem, for a list that no answer can be held to: empty, with
    a name that is empty, twice there, or the same as another but for spelling."""
    if isinstance(categories, str):
        raise ConfigError(f"{where} is a text, not a list. Write {where}='[{categories}]'.")
    if not categories:
        raise ConfigError(
            f"{where} is empty: there is nothing to choose from. Take a list of conf/taxonomy "
            "(taxonomy=ncp_26; clusterlab list taxonomy) or write one: "
            "taxonomy.categories='[cat,dog]'."
        )
    problems: list[str] = []
    seen: dict[str, str] = {}
    for category in categories:
        if not isinstance(category, str):
            problems.append(
                f'{where}: {category!r} is no text. Put it in quotes, "{category}", or write what '
                "stands there as a word."
            )
            continue
        key, _ = key_of(category)
        fault = _fault(category, key)
        if fault:
            problems.append(f"{where}: the category '{category}' {fault}.")
        elif key not in seen:
            seen[key] = category
        elif seen[key] == category:
            problems.append(f"{where}: '{category}' is there twice. Take one of them out.")
        else:
            problems.append(
                f"{where}: '{seen[key]}' and '{category}' are the same but for case, number or "
                "punctuation, so no answer can tell them apart. Rename one of them."
            )
    if problems:
        raise ConfigError(problems)


def _fault(category: str, key: str) -> str:
    if not key:
        return "has no letter or digit"
    if "|" in category or len(category.splitlines()) > 1:
        return "holds a | or a line break, which stand between several labels of an image"
    if key == key_of(REFUSAL)[0]:
        return f"reads as {REFUSAL}, by which a model says that none fits"
    return ""


def _answered(said: Sequence[Word], names: Names) -> list[Mention]:
    """The mentions that are the answer."""
    mentions = names.mentions(said)
    denials = Denials(said, [(mention.start, mention.end) for mention in mentions])
    named = {place for one in mentions for place in range(one.start, one.end)}
    told = [
        mention
        for mention in mentions
        if mention.category is None
        or not (
            denials.deny(mention.start, mention.end)
            or is_part(said, mention.start, mention.end, named)
        )
    ]
    stated = clear(said, told)
    if stated is not None:
        return stated
    # "NOT VALID: too dark to tell plants from animals", but not "none fits, the nearest is plants".
    refused = told and told[0] == Mention(0, told[0].end, None) and said[0].text != "none"
    return told[:1] if refused else told


def _is_exact(said: str, labels: Sequence[str]) -> bool:
    spelled = r"\s*[,;|\n]\s*".join(re.escape(_composed(label)) for label in labels)
    return re.fullmatch(spelled, _composed(said)) is not None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


@lru_cache(maxsize=32)
def _names(categories: tuple[str, ...]) -> Names:
    return Names(categories)
