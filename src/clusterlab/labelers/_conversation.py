"""Asking a server about many pictures: what is known already, what is new, what came to nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tqdm import tqdm

from clusterlab.errors import ClusterlabError, ComponentError
from clusterlab.labelers._http import Endpoint
from clusterlab.labelers._in_threads import InThreads
from clusterlab.labelers._replies import UnansweredError
from clusterlab.store import Store, key_of

_MOST_IN_A_ROW = 10
# Refused for its own sake is one picture's affair; that so many are, and nothing is answered, is
# the fault of what is asked.
_MOST_REFUSED = 100
_Answer = tuple[str, float]


class Conversation:
    """What is said of pictures, each known by its number.

    digests: of the pictures and what is asked of them, all different; the store knows an answer by
    them. description: what else it knows it by.

    texts: what was answered, and in how many seconds. stored: of which pictures the store knew it.
    failed: why no answer came, which is not kept: the next run asks again. passing: of which of
    them it may come then. unreadable: why there was nothing to ask about. why_new: why the store
    did not know them all.
    """

    def __init__(
        self, digests: Sequence[str], *, store: Store | None, description: Mapping[str, Any]
    ) -> None:
        self.texts: dict[int, _Answer] = {}
        self.failed: dict[int, str] = {}
        self.passing: set[int] = set()
        self.unreadable: dict[int, Exception] = {}
        self.why_new = ""
        self._digests = digests
        self._store = store
        self._description = description
        if store is not None:
            self.why_new = store.why_new("texts", description)
            number = {digest: place for place, digest in enumerate(digests)}
            for digest, text, seconds in store.texts(key_of(description), digests):
                self.texts[number[digest]] = (text, seconds)
            if self.texts:
                store.touch(key_of(description))
        self.stored = frozenset(self.texts)
        self.missing = [place for place in range(len(digests)) if place not in self.texts]

    def hold(
        self, endpoint: Endpoint, body: Callable[[int], Mapping[str, Any]], *, concurrency: int
    ) -> None:
        """Ask about what is missing, so many at once; each answer is kept as soon as it is there.

        body: the request about a picture; runs in threads. Raises ComponentError where no answer
        can come: at once where the server refuses to talk, after some failures in a row that may
        pass, and after many refusals where nothing was ever answered.
        """

        def ask(request: Mapping[str, Any]) -> _Answer:
            begin = time.perf_counter()
            try:
                answer = endpoint.complete(request)
            except (UnansweredError, ClusterlabError):
                raise
            except Exception as error:
                # Else it would pass for a fault of the picture.
                what = f"{type(error).__name__}: {error}"
                raise ComponentError(f"Asking {endpoint.url} failed: {what}") from error
            return answer, round(time.perf_counter() - begin, 4)

        asked = InThreads(self.missing, body, ask, threads=concurrency)
        in_a_row = 0
        bar = tqdm(total=len(self.missing), desc="label", unit="img", disable=None, leave=False)
        try:
            for place, result in asked:
                if isinstance(result, ClusterlabError):
                    raise result
                self._take(place, result)
                bar.update()
                if place in self.passing:
                    in_a_row += 1
                elif place not in self.unreadable:
                    in_a_row = 0
                if in_a_row > _MOST_IN_A_ROW:
                    raise self._given_up(endpoint, f"{in_a_row} requests in a row", place)
                if len(self.failed) > _MOST_REFUSED and not self.texts:
                    raise self._given_up(endpoint, f"any of {len(self.failed)} requests", place)
        finally:
            bar.close()
            endpoint.stop()
            for place, result in asked.stop():
                if not isinstance(result, Exception):
                    self._take(place, result)
        if self.passing and not self.texts:
            raise self._given_up(endpoint, "any request", max(self.passing))

    def _take(self, place: int, result: _Answer | Exception) -> None:
        if isinstance(result, UnansweredError):
            self.failed[place] = str(result)
            if result.passing:
                self.passing.add(place)
        elif isinstance(result, Exception):
            self.unreadable[place] = result
        else:
            self.texts[place] = result
            if self._store is not None:
                self._store.add_texts(self._description, [(self._digests[place], *result)])

    def _given_up(self, endpoint: Endpoint, what: str, last: int) -> ComponentError:
        kept = "" if self._store is None else f" {len(self.texts):,} answers are kept."
        advice = (
            " It may help to ask less at once (labeler.concurrency=1) or to wait longer "
            "(labeler.timeout=SECONDS)."
        )
        return ComponentError(
            f"'{endpoint.model}' at {endpoint.url} did not answer {what}; the last: "
            f"{self.failed[last]}.{kept} See what ails the server, and run again: only what is "
            f"missing is asked.{advice if last in self.passing else ''}"
        )
