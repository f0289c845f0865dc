"""Row names: the least that tells the rows of a leaderboard apart, for people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence, Set

from rich.cells import cell_len

from clusterlab.reports.compare.read_runs import DEFAULTS

_MOST = 40
# A word, or its part up to a hyphen, with the space after it.
_PIECE = re.compile(r"[^\s-]*-+|\s*[^\s-]+\s*")
# Where the option alone would not say what it is an option of.
_SPEAK_FOR_THEMSELVES = frozenset({"dataset", "extractor", "reducer", "clusterer"})


def words_of(settings: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The values of each column, short: of a path its last part, of a long text its beginning.
    A column that would lose a difference keeps its values whole.

    >>> words_of([{"weights": "/a/b/first.pth"}, {"weights": "/a/b/second.pth"}])
    [{'weights': 'first.pth'}, {'weights': 'second.pth'}]
    >>> words_of([{"weights": "/a/b.pth"}, {"weights": "/c/b.pth"}])
    [{'weights': 'a/b.pth'}, {'weights': 'c/b.pth'}]
    """
    short = {
        column: _short(sorted({own[column] for own in settings}))
        for column in (settings[0] if settings else ())
        if column != "folder"
    }
    return [
        {column: short.get(column, {}).get(text, text) for column, text in own.items()}
        for own in settings
    ]


def _short(texts: Sequence[str]) -> dict[str, str]:
    found = {text: _cut(text) for text in texts}
    for text in filter(_is_path, texts):
        parts = text.strip("/").split("/")
        tails = ["/".join(parts[start:]) for start in range(len(parts) - 1, -1, -1)]
        others = [f"/{other.strip('/')}" for other in texts if other != text]
        found[text] = next(
            (tail for tail in tails if not any(one.endswith(f"/{tail}") for one in others)), text
        )
    whole = {text: _on_one_line(text) for text in texts}
    return next((one for one in (found, whole) if len(set(one.values())) == len(texts)), {})


def _is_path(text: str) -> bool:
    return text.startswith(("/", "./", "../", "~")) or bool(re.fullmatch(r"\S+/\S+", text))


def _on_one_line(text: str) -> str:
    """Such as a prompt of several."""
    return " ".join(text.split()) if "\n" in text else text


def _cut(text: str) -> str:
    text = _on_one_line(text)
    return text if len(text) <= _MOST else f"{text[: _MOST - 2].rstrip()} …"


def titles(
    words: Sequence[Mapping[str, str]], *, labels: Mapping[str, str], options: Set[str]
) -> list[str]:
    """A title for each row, all different where the words are; "" where nothing sets rows apart.

    words: column -> value. labels: column -> what the value is called, its own name by default.
    options: the columns that hold an option.

    >>> rows = [{"reducer": "none", "k": "5"}, {"reducer": "pca", "k": "5"}]
    >>> titles(rows, labels={}, options={"reducer"})
    ['reducer none', 'pca']
    """
    told = [_said(own, words, labels, options, unset=False) for own in words]
    return [
        ", ".join(
            short
            if short and told.count(short) == 1
            else _said(own, words, labels, options, unset=True)
        )
        for own, short in zip(words, told, strict=True)
    ]


def _said(
    own: Mapping[str, str],
    rows: Sequence[Mapping[str, str]],
    labels: Mapping[str, str],
    options: Set[str],
    *,
    unset: bool,
) -> list[str]:
    """An option speaks for itself; `none` and a value need the name of their column. unset: say
    too what is not set, which goes without saying where other rows say what it is set to."""
    said = []
    for column, text in own.items():
        option = column in options
        if not text or len({row[column] for row in rows}) == 1:
            continue
        if option and column in _SPEAK_FOR_THEMSELVES and text != "none":
            said.append(text)
        elif option or unset or text not in ("none", "{}", str(DEFAULTS.get(column, ""))):
            value = f"[{text}]" if ", " in text else text
            said.append(f"{labels.get(column, column)} {value}")
    return said


def plain(text: str) -> str:
    """The text without control characters, which could move a terminal's cursor.

    >>> plain("red\\x1b[31m")
    'red?[31m'
    """
    return "".join(
        "?" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char for char in text
    )


def wrapped(text: str, width: int) -> str:
    """The title in lines of at most `width` terminal cells: broken between settings where that
    will do, else between words, else after a hyphen. What is longer stays whole.

    >>> wrapped("blip, model caption-base, weights mine", 20)
    'blip,\\nmodel caption-base,\\nweights mine'
    """
    lines: list[str] = []
    for setting in re.split(r"(?<=,) (?![^\[]*\])", text):
        pieces = [setting] if cell_len(setting) <= width else re.findall(_PIECE, setting)
        for number, piece in enumerate(pieces):
            gap = " " if lines and number == 0 else ""
            if lines and cell_len((lines[-1] + gap + piece).rstrip()) <= width:
                lines[-1] += gap + piece
            else:
                lines.append(piece)
    return "\n".join(line.rstrip() for line in lines)


def longest_piece(text: str) -> int:
    """The width in terminal cells of the longest part that `wrapped` keeps whole."""
    return max(map(cell_len, (piece.rstrip() for piece in re.findall(_PIECE, text))), default=0)
