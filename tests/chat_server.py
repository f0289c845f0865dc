"""An OpenAI-compatible chat server on this machine: a real HTTP server that answers, late, with
errors or with nonsense, as it is told.

    with ChatServer(lambda asked: "Plants") as server:
        Server(url=server.url, model="seer", categories=["Plants", "Animals"])
"""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Asked:
    """One request. number: from 0. times: how often this same picture has been asked about."""

    number: int
    times: int
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return "".join(part.get("text", "") for part in self.body["messages"][0]["content"])

    @property
    def uri(self) -> str:
        parts = self.body["messages"][0]["content"]
        return next(str(p["image_url"]["url"]) for p in parts if p["type"] == "image_url")

    @property
    def picture(self) -> np.ndarray:
        """(h, w, 3) uint8 RGB."""
        head, _, content = self.uri.partition(",")
        assert head == "data:image/jpeg;base64"
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB"))


@dataclass(frozen=True)
class Reply:
    """What is sent instead of an answer. delay: seconds before it. drop: break the connection."""

    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False


def completion(content: Any, **other: Any) -> bytes:
    """The body of an answer, as OpenAI's API writes it."""
    message = {"role": "assistant", "content": content, **other}
    return json.dumps({"choices": [{"index": 0, "message": message}]}).encode()


class ChatServer:
    """reply: what is said to a request. delay: seconds before every answer.

    models: what is said to GET /models.

    asked: all requests in their order. answered: how many got their reply. peak: the most that were
    in flight at once.
    """

    def __init__(self, reply: Callable[[Asked], str | Reply], *, delay: float = 0.0) -> None:
        self.reply = reply
        self.delay = delay
        self.models = Reply(b"", 404)
        self.asked: list[Asked] = []
        self.answered = 0
        self.peak = 0
        self._in_flight = 0
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def note(self, path: str, headers: Mapping[str, str], content: bytes) -> Asked:
        body = json.loads(content)
        with self._lock:
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
            same = sum(one.body == body for one in self.asked)
            self.asked.append(Asked(len(self.asked), same, path, body, headers))
            return self.asked[-1]

    def done(self) -> None:
        with self._lock:
            self._in_flight -= 1
            self.answered += 1

    def __enter__(self) -> ChatServer:
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        # Not server_close(), which waits for threads that a test left hanging.
        self._server.socket.close()


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            asked = server.note(self.path, dict(self.headers.items()), content)
            reply = server.reply(asked)
            if isinstance(reply, str):
                reply = Reply(completion(reply))
            time.sleep(server.delay + reply.delay)
            server.done()
            if reply.drop:
                self.close_connection = True
                return
            try:
                self._send(reply)
            except OSError:
                # Who asked has left.
                self.close_connection = True

        def do_GET(self) -> None:
            self._send(server.models if self.path.endswith("/models") else Reply(b"", 404))

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            headers = {"Content-Type": "application/json", **reply.headers}
            for name, value in {**headers, "Content-Length": str(len(reply.content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, *_: Any) -> None:
            """Without a line on stderr for each request."""

    return Handler
