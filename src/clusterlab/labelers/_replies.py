"""What a server's reply says, whatever it is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_LONGEST = 160


class UnansweredError(Exception):
    """A request came to nothing; others may fare better."""


def answer_in(content: bytes) -> str:
    """The text of a chat completion, verbatim but for what no file can hold: NUL, and half of a
    pair of surrogates. "" where the model said nothing.

    Raises UnansweredError for anything else than a chat completion.

    >>> answer_in(b'{"choices": [{"message": {"content": "Plants"}}]}')
    'Plants'
    """
    told = _json(content)
    try:
        message = told["choices"][0]["message"]
        said = message.get("content")
        # A list of parts is how some servers write it, a refusal what OpenAI sends for content.
        if isinstance(said, list):
            said = "".join(part["text"] for part in said if part.get("type") == "text")
        if said is None:
            said = message.get("refusal") or ""
    except (AttributeError, KeyError, IndexError, TypeError):
        raise UnansweredError(f"the server sent no chat completion: {excerpt(content)}") from None
    if not isinstance(said, str):
        raise UnansweredError(f"the server sent no text as content: {excerpt(content)}")
    return said.replace("\0", "").encode("utf-8", "replace").decode()


def excerpt(content: bytes) -> str:
    """What a reply says for a reader, in one line: the message of an error, or how it begins."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    error = told.get("error", told.get("detail", told)) if isinstance(told, Mapping) else None
    message = error.get("message") if isinstance(error, Mapping) else error
    text = message if isinstance(message, str) else content[:4000].decode("utf-8", "replace")
    plain = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.S)
    # A terminal would obey what is not printable.
    seen = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return (seen if len(seen) <= _LONGEST else f"{seen[:_LONGEST]}...") or "nothing"


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


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UnansweredError(f"the server sent no JSON: {excerpt(content)}") from None
