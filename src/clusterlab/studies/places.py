"""Keeps the places of one machine out of a record that others read."""

from __future__ import annotations

import re

_PLACE = re.compile(r"(?<![\w:/.])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\:;,'\"()\[\]]+){2,}")


def without_places(text: str) -> str:
    """The text with the last part alone of each absolute path.

    >>> without_places("there is no /home/me/photos/a.csv, or dataset.path=/mnt/b/c.")
    'there is no …/a.csv, or dataset.path=…/c.'
    >>> without_places("facebook/dinov2-base and runs/x/y stay, and https://host/a/b does")
    'facebook/dinov2-base and runs/x/y stay, and https://host/a/b does'
    """
    return _PLACE.sub(lambda found: "…/" + re.split(r"[/\\]", found[0])[-1], text)
