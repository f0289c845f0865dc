"""What a server's reply says, whatever it is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape
from typing import Any

_LONGEST = 160


class UnansweredError(Exception):
    """A request came to nothing; others may fare better.

    passing: whether it may fare better itself, another time. Else it is its picture that the server
    does not answer about, such as for what its filter sees there.
    """

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing


def hiding(key: str | None) -> Callable[[str], str]:
    """Takes a key out of a text, however JSON, a URL or HTML spells its characters.

    >>> hiding("ab/c")(r"no such key: ab\\/c, or ab\u002fc")
    'no such key: ***, or ***'
    """
    if not key:
        return lambda text: text
    spelled = re.compile("".join(map(_spellings, key)))
    return lambda text: spelled.sub("***", text)


def answer_in(content: bytes, hide: Callable[[str], str]) -> str:
    """The text of a chat completion, verbatim but for what no file can hold: NUL, and half of a
    pair of surrogates. "" where the model said nothing.

    hide: what an error must not tell; see `hiding`. An answer is left as it is. Raises
    UnansweredError for anything else than a chat completion.

    >>> answer_in(b'{"choices": [{"message": {"content": "Plants"}}]}', hiding("l"))
    'Plants'
    """
    told = _json(content, hide)
    try:
        message = told["choices"][0]["message"]
        said = message.get("content")
        # A list of parts is how some servers write it, a refusal what OpenAI sends for content.
        if isinstance(said, list):
            said = "".join(part["text"] for part in said if part.get("type") == "text")
        if said is None:
            said = message.get("refusal") or ""
    except (AttributeError, KeyError, IndexError, TypeError):
        what = excerpt(content, hide)
        raise UnansweredError(f"the server sent no chat completion: {what}") from None
    if not isinstance(said, str):
        raise UnansweredError(f"the server sent no text as content: {excerpt(content, hide)}")
    return said.replace("\0", "").encode("utf-8", "replace").decode()


def excerpt(content: bytes, hide: Callable[[str], str]) -> str:
    """What a reply says for a reader, in one line: the message of an error, or how it begins.
    hide: what it must not tell; see `hiding`."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    error = told.get("error", told.get("detail", told)) if isinstance(told, Mapping) else None
    message = error.get("message") if isinstance(error, Mapping) else error
    # What is cut short might end with half a key, which nothing would find.
    text = hide(message if isinstance(message, str) else content.decode("utf-8", "replace"))[:4000]
    plain = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.S)
    # A terminal would obey what is not printable.
    seen = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return (seen if len(seen) <= _LONGEST else f"{seen[:_LONGEST]}...") or "nothing"


def models_in(content: bytes) -> tuple[str, ...]:
    """The names in a list of models; () for what is no such list.

    >>> models_in(b'{"object": "list", "data": [{"id": "llava:7b"}]}')
    ('llava:7b',)
    """
    try:
        return tuple(str(model["id"]) for model in json.loads(content)["data"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return ()


def seconds_to_wait(header: str | None) -> float:
    """What Retry-After asks for, in seconds or as a date; 0 for nothing that can be read.

    >>> seconds_to_wait("2"), seconds_to_wait(None), seconds_to_wait("soon")
    (2.0, 0.0, 0.0)
    """
    if header is None:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return 0.0
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        seconds = (date - datetime.now(UTC)).total_seconds()
    return 0.0 if math.isnan(seconds) else max(0.0, seconds)


def _spellings(char: str) -> str:
    code = f"{ord(char):02x}"
    ways = [
        rf"\\?{re.escape(char)}",
        rf"\\u00(?i:{code})",
        rf"%(?i:{code})",
        rf"&#0*{ord(char)};",
        rf"&#(?i:x0*{code});",
        re.escape(escape(char)),
    ]
    return f"(?:{'|'.join(ways)})"


def _json(content: bytes, hide: Callable[[str], str]) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UnansweredError(f"the server sent no JSON: {excerpt(content, hide)}") from None
