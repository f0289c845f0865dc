"""One spelling for the singular and the plural of an English word."""

from __future__ import annotations

_IRREGULAR = {
    **{"men": "man", "women": "woman", "children": "child", "people": "person"},
    **{"feet": "foot", "teeth": "tooth", "geese": "goose", "mice": "mouse", "oxen": "ox"},
    **{"fungi": "fungus", "cacti": "cactus", "algae": "alga", "phenomena": "phenomenon"},
    **{"leaves": "leaf", "wolves": "wolf", "shelves": "shelf", "knives": "knife"},
    **{"wives": "wife", "lives": "life", "halves": "half", "calves": "calf", "loaves": "loaf"},
    **{"scarves": "scarf", "hooves": "hoof", "thieves": "thief", "wharves": "wharf"},
    **{"shoes": "shoe", "horseshoes": "horseshoe", "toes": "toe", "canoes": "canoe"},
    **{"movies": "movie", "cookies": "cookie", "hoodies": "hoodie", "selfies": "selfie"},
    **{"brownies": "brownie", "prairies": "prairie", "zombies": "zombie", "onesies": "onesie"},
    **{"buses": "bus", "gases": "gas", "lenses": "lens", "canvases": "canvas"},
    **{"atlases": "atlas", "viruses": "virus", "campuses": "campus", "cactuses": "cactus"},
}
# Another word, or none, without the s.
_KEPT = ("shorts", "goods", "news", "species", "series", "atlas", "canvas", "lens", "christmas")
_HISSING = ("sses", "xes", "ches", "shes", "oes")


def singular(word: str) -> str:
    """The word without its plural: a guess by its ending, the same for both. word: in lower case.

    >>> [singular(word) for word in ("roads", "road", "ferries", "dresses", "dress", "shorts")]
    ['road', 'road', 'ferry', 'dress', 'dress', 'shorts']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _KEPT or len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y" if len(word) > 4 else word[:-1]
    if word.endswith(_HISSING):
        return word[:-2]
    if word.endswith(("ss", "us", "is")):
        return word
    return _IRREGULAR.get(word[:-1], word[:-1])
