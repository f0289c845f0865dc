"""What a vision-language model is asked, so that its answer can be held to a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clusterlab.errors import ComponentError, closest

REFUSAL = "NOT VALID"
"""What a model is told to say of an image that fits no category."""

_PLACE = "{categories}"
# The place with a line to itself, or with words around it.
_PLACES = re.compile(r"(?m)^[^\S\n]*(\{categories\})[^\S\n]*$|\{categories\}")
PROMPTS = {
    # One category, or none.
    "p1": (
        "Which one of these categories is this picture mainly about?\n\n"
        f"{_PLACE}\n\n"
        "Answer with the name of one category, spelled as it is here, and with nothing else. "
        f"If no category fits, answer {REFUSAL}."
    ),
    # The nearest category, unless there is nothing to see.
    "p2": (
        "Here are some categories:\n\n"
        f"{_PLACE}\n\n"
        "Answer with the name of the one that comes nearest to what this picture shows, spelled "
        "as it is here, and with nothing else. Choose one even where the fit is loose. Answer "
        f"{REFUSAL} only if nothing can be made out in the picture."
    ),
    # Two of them.
    "p3": (
        "Which two of these categories describe this picture best?\n\n"
        f"{_PLACE}\n\n"
        "Answer with the names of two categories, the better one first, spelled as they are here, "
        "with a comma between them and nothing else. "
        f"If no category fits, answer {REFUSAL}."
    ),
}
_SEVERAL = {"p3": 2}


def written(prompt: str, categories: Sequence[str]) -> str:
    """The request as the model reads it.

    prompt: "p1" (one category, or NOT VALID), "p2" (the nearest one; NOT VALID only where nothing
    can be made out), "p3" (two), or a text of one's own, in which {categories} becomes the list:
    one a line where it has a line to itself, else with commas. Other braces stay. The list is not
    numbered: an answer of "3" means nothing.
    Raises ComponentError for a text of one's own with neither {categories} nor all their names.

    >>> written("Which of {categories} is it?", ["cat", "dog"])
    'Which of cat, dog is it?'
    """
    text = PROMPTS.get(prompt.strip().lower(), prompt)
    unnamed = [name for name in categories if name.casefold() not in text.casefold()]
    if _PLACE not in text and unnamed:
        raise ComponentError(
            f"The prompt '{_short(text)}' does not say what to choose from: write {_PLACE} where "
            f"the list shall stand, or take one of {', '.join(PROMPTS)}."
            f"{closest(prompt, PROMPTS) if len(prompt) < 5 else ''}"
        )
    lines = "\n".join(f"- {name}" for name in categories)
    return _PLACES.sub(lambda place: lines if place[1] else ", ".join(categories), text)


def most_of(prompt: str) -> int:
    """How many categories an answer to this prompt may name: 2 for "p3", else 1."""
    return _SEVERAL.get(prompt.strip().lower(), 1)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
