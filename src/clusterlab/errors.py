"""What can go wrong, as a user meets it: what, the value, and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ClusterlabError(Exception):
    """A failure that the user can act on: printed as one paragraph, without a traceback."""

    exit_code = 1


class UsageError(ClusterlabError):
    """The command line itself is wrong."""

    exit_code = 2


class ConfigError(ClusterlabError):
    """The composed config is wrong. Holds every problem found, not only the first."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class DataError(ClusterlabError):
    """The data cannot be used as asked."""


class ComponentError(ClusterlabError):
    """A component (extractor, reducer, clusterer, ...) failed or returned something unusable."""


class StoreError(ClusterlabError):
    """The feature store cannot be read or written."""


class OutputError(ClusterlabError):
    """The run folder cannot be written."""


def closest(word: str, known: Iterable[str]) -> str:
    """A sentence part that offers the nearest known name, or '' if none is near.

    >>> closest("gm", ["gmm", "kmeans"])
    " Did you mean 'gmm'?"
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{found[0]}'?" if found else ""
