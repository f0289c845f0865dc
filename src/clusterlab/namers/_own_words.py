"""The errors of a labeler in the words of the namer that it is part of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clusterlab.components import Asked
from clusterlab.errors import ComponentError


@contextmanager
def own_words(where: str) -> Iterator[None]:
    """A labeler names its arguments as if it were one (`labeler.url`); here they are at `where`.

    >>> with own_words("namer.asked"):
    ...     raise ComponentError("Say where it is: labeler.url=URL.")
    Traceback (most recent call last):
    clusterlab.errors.ComponentError: Say where it is: namer.asked.url=URL.
    """
    try:
        yield
    except ComponentError as error:
        raise ComponentError(str(error).replace("labeler.", f"{where}.")) from error


def check_asked(asked: Asked, where: str) -> None:
    """Raises ComponentError where a model can tell, before the work, that it will not answer."""
    if hasattr(asked, "check"):
        with own_words(where):
            asked.check()
