"""Requests to an OpenAI-compatible server: what is tried again, what is given up, what is fatal."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Event, Lock
from typing import Any

import httpx2

from clusterlab.errors import ComponentError
from clusterlab.labelers._replies import (
    UnansweredError,
    answer_in,
    excerpt,
    hiding,
    models_in,
    seconds_to_wait,
)

log = logging.getLogger("clusterlab")

_AGAIN = (408, 429)
_FATAL = (401, 402, 403, 404, 405)
_CONNECT_WITHIN = 10.0
_LARGEST_REPLY = 1_000_000
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 60.0
# However long a server asks to be left alone.
_LONGEST_WAIT = 300.0
_TOLD = 10.0


class Endpoint:
    """/chat/completions of one server, for several threads at once, and its /models.

    url: without "/chat/completions". key: sent as a bearer token, and to nobody else; None sends
    none. key_name: the environment variable that holds it. timeout: seconds for one request.
    retries: of each, after 408, 429, 5xx, a timeout or a broken connection, with delays that double
    from half a second, each changed at random by up to a half; a Retry-After makes every thread
    wait, for 5 minutes at most. random_state: of these delays.

    Nothing is taken from the environment: no proxy, no .netrc, no other key. Redirects are not
    followed, since the key would go along.
    """

    def __init__(
        self,
        *,
        url: str,
        model: str,
        key: str | None,
        key_name: str,
        timeout: float,
        retries: int,
        concurrency: int,
        random_state: int,
    ) -> None:
        self.url = url
        self.model = model
        self._has_key = bool(key)
        # Servers quote the key that they refuse.
        self._hide = hiding(key)
        self._key_name = key_name
        self._timeout = timeout
        self._retries = retries
        # No compression: a small reply might unpack into one that fills the memory.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._client = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(timeout, connect=min(timeout, _CONNECT_WITHIN), pool=None),
            limits=httpx2.Limits(
                max_connections=concurrency, max_keepalive_connections=concurrency
            ),
            trust_env=False,
            follow_redirects=False,
        )
        self._random = random.Random(random_state)
        self._lock = Lock()
        self._stopped = Event()
        self._fatal: ComponentError | None = None
        self._reached = False
        self._not_before = 0.0

    def stop(self) -> None:
        """Wake whoever waits; they give up."""
        self._stopped.set()

    def complete(self, body: Mapping[str, Any]) -> str:
        """The text that the model answers. Raises UnansweredError where this request came to
        nothing, ComponentError where no request can succeed, and then for all that follow."""
        content = json.dumps(body).encode()
        try:
            return self._complete(content)
        except ComponentError as error:
            self._fatal = error
            self._stopped.set()
            raise

    def check(self) -> None:
        """Raises ComponentError where nobody answers, the key is refused or the model is not there.

        Asks for the list of models, which costs nothing; who has none is taken at his word. Some
        servers answer to other names than those in their list: they are asked for one word.
        """
        try:
            status, reply, _ = self._send("GET", "/models")
        except httpx2.TransportError as error:
            log.info("%s: %s", self.url, self._fault(error))
            return
        except (UnansweredError, httpx2.DecodingError):
            return
        if status in (401, 402, 403) or 300 <= status < 400:
            self._refused(status, reply)
        names = models_in(reply) if status == httpx2.codes.OK else ()
        if names and self.model not in names:
            words = [{"type": "text", "text": "Hello"}]
            message = {"role": "user", "content": words}
            with suppress(UnansweredError):
                self.complete({"model": self.model, "messages": [message], "max_tokens": 1})

    def _complete(self, content: bytes) -> str:
        for attempt in range(self._retries + 1):
            self._sleep(self._not_before - time.monotonic())
            wait = 0.0
            try:
                status, reply, wait = self._send("POST", "/chat/completions", content)
            except httpx2.DecodingError as error:
                what = self._hide(str(error))
                raise UnansweredError(f"the server sent what cannot be unpacked: {what}") from None
            except httpx2.TransportError as error:
                fault = self._fault(error)
            else:
                if status == httpx2.codes.OK:
                    return answer_in(reply, self._hide)
                fault = self._refused(status, reply)
            if attempt < self._retries:
                self._pause(attempt, wait, fault)
        times = f" ({self._retries + 1} times)" if self._retries else ""
        raise UnansweredError(f"{fault}{times}", passing=True)

    def _send(
        self, method: str, path: str, content: bytes | None = None
    ) -> tuple[int, bytes, float]:
        """Status, body, and the seconds that Retry-After asks for."""
        begin = time.monotonic()
        reply = bytearray()
        with self._client.stream(method, f"{self.url}{path}", content=content) as response:
            self._reached = True
            for chunk in response.iter_bytes():
                reply += chunk
                if len(reply) > _LARGEST_REPLY:
                    raise UnansweredError(f"the server sent more than {_LARGEST_REPLY:,} bytes")
                if time.monotonic() - begin > self._timeout:
                    raise httpx2.ReadTimeout("")
            wait = seconds_to_wait(response.headers.get("Retry-After"))
        return response.status_code, bytes(reply), wait

    def _fault(self, error: httpx2.TransportError) -> str:
        """In words. Raises ComponentError where nobody has ever answered."""
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout) and not self._reached:
            why = (
                self._hide(str(error))
                or f"no connection within {min(self._timeout, _CONNECT_WITHIN):g} s"
            )
            raise ComponentError(
                f"No server answers at {self.url} ({why}). Start one (`ollama serve` and `ollama "
                f"pull {self.model}`, or `vllm serve {self.model}`), or say where it is: "
                "labeler.url=URL."
            ) from error
        if isinstance(error, httpx2.TimeoutException):
            return f"no answer within {self._timeout:g} s"
        return f"the connection broke: {self._hide(str(error)) or type(error).__name__}"

    def _refused(self, status: int, reply: bytes) -> str:
        """What the server says, where another try may help. Raises ComponentError where no request
        can succeed, UnansweredError where this one cannot."""
        said = f"HTTP {status}: {excerpt(reply, self._hide)}"
        if status in (401, 402, 403):
            raise ComponentError(f"The server at {self.url} refuses. {said}. {self._key_advice()}")
        if status in _FATAL:
            raise ComponentError(
                f"The server at {self.url} has no model '{self.model}', or no chat there. {said}. "
                f"Bring the model (`ollama pull {self.model}`), name one that it has "
                "(labeler.model=NAME), or mend the address, which most often ends in /v1 "
                "(labeler.url=URL)."
            )
        if 300 <= status < 400:
            raise ComponentError(
                f"The server at {self.url} sends elsewhere (HTTP {status}), where the key will not "
                "be taken. Give the address that it means: labeler.url=URL."
            )
        if status in _AGAIN or status >= 500:
            return said
        raise UnansweredError(said)

    def _key_advice(self) -> str:
        if self._has_key:
            return f"It was sent the key in {self._key_name}: is it the right one, and still valid?"
        return (
            f"It was sent no key: put one into the environment variable {self._key_name}, or name "
            "another variable with labeler.api_key_env=NAME."
        )

    def _pause(self, attempt: int, wait: float, fault: str) -> None:
        with self._lock:
            delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2**attempt) * self._random.uniform(0.5, 1.5)
        if wait:
            wait = min(wait, _LONGEST_WAIT)
            self._not_before = max(self._not_before, time.monotonic() + wait)
        if max(delay, wait) >= _TOLD:
            log.info("%s: %s; asked again in %.0f s", self.model, fault, max(delay, wait))
        self._sleep(max(delay, wait))

    def _sleep(self, seconds: float) -> None:
        if self._stopped.is_set() or (seconds > 0 and self._stopped.wait(seconds)):
            raise self._fatal or UnansweredError(
                "it was not asked: the run was stopped", passing=True
            )
