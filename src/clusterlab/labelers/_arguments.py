"""Checks of what a labeler that asks a server is told, so that no error tells a secret."""

from __future__ import annotations

import math
import os
import re
from urllib.parse import urlsplit

from clusterlab.errors import ComponentError

KEY_NAME = "CLUSTERLAB_API_KEY"
# How the keys of services begin that could pass for a name.
_KEY = re.compile(r"(?:sk|pk|rk|gsk|hf|r8|fw|tgp|csk|nvapi|api|key|ghp|gho|github_pat)_|AIza|AKIA")
_LONGEST_NAME = 30
_SHORTEST_TOKEN = 16


def check_numbers(**ranges: tuple[float, float, float]) -> None:
    """Raises ComponentError. ranges: argument -> its value, the least and the most."""
    for name, (value, least, most) in ranges.items():
        if not least <= value <= most:
            end = f" to {most:g}" if most < math.inf else " or more"
            raise ComponentError(f"labeler.{name} must be {least:g}{end}, not {value:g}.")


def checked_url(url: str) -> str:
    """Without what is added to it anyway. Raises ComponentError, which tells no password."""
    try:
        parts = urlsplit(url.strip())
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        told = "" if "@" in url or "?" in url else f" '{url}'"
        raise ComponentError(
            f"labeler.url{told} is no address of a server: write http://HOST:PORT/v1."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ComponentError(
            f"labeler.url must be an address alone, {parts.scheme}://{parts.hostname}/...: a "
            "password or key in it would be written down with the config. Put the key into the "
            f"environment variable {KEY_NAME}."
        )
    return parts.geturl().rstrip("/").removesuffix("/chat/completions").rstrip("/")


def key_in(name: str) -> str | None:
    """The key in this environment variable. Raises ComponentError, which does not tell it."""
    key = os.environ.get(name, "").strip()
    if not key and name != KEY_NAME:
        raise ComponentError(
            f"The environment variable {name}, which labeler.api_key_env names, is not set or "
            "empty. Put the server's key into it."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ComponentError(
            f"The key in the environment variable {name} holds a space or a character that no key "
            "has. Set it again."
        )
    return key or None


def check_key_name(name: str) -> None:
    """Raises ComponentError, which does not tell it, for what may be a key in the place of the name
    of the variable that holds it. A variable that is there has a name, whatever it looks like."""
    if name in os.environ or name == KEY_NAME:
        return
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or _looks_like_a_key(name):
        raise ComponentError(
            "labeler.api_key_env is the name of an environment variable, and what it holds now is "
            f"none that is set. Put the key itself into {KEY_NAME}: the config is written down."
        )


def _looks_like_a_key(name: str) -> bool:
    mixed = re.search("[a-z]", name) and re.search("[0-9]", name) and len(name) >= _SHORTEST_TOKEN
    return bool(_KEY.match(name) or mixed) or len(name) > _LONGEST_NAME
