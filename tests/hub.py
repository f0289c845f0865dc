"""A model hub on this machine: a real HTTP server that speaks as much of the Hugging Face Hub's
protocol as huggingface_hub needs to list and download models.

    with Hub() as hub:
        commit = hub.push("owner/name", folder)
        environment = hub.environment(cache)   # for a process that is to use it
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Repository:
    """commits: hash -> file name -> content. refs: branch or tag -> hash."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    gated: bool = False


class Hub:
    """requests: what was asked for, as "METHOD path". down: answer everything with HTTP 503."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[str] = []
        self.down = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def push(self, model: str, folder: Path, *, branch: str = "main", gated: bool = False) -> str:
        """A commit with the files of `folder`, which becomes the head of `branch`."""
        files = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        told = b"".join(name.encode() + _sha1(content).encode() for name, content in files.items())
        commit = _sha1(told)
        repository = self.repositories.setdefault(model, Repository())
        repository.commits[commit] = files
        repository.refs[branch] = commit
        repository.gated = gated
        return commit

    def environment(self, cache: Path) -> dict[str, str]:
        """What makes huggingface_hub use this hub, with its cache in `cache`."""
        return {"HF_ENDPOINT": self.url, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "0"}

    def downloads(self) -> list[str]:
        """The names of the files that were downloaded, in their order."""
        return [
            r.split("/", 5)[-1] for r in self.requests if r.startswith("GET") and "/resolve/" in r
        ]

    def __enter__(self) -> Hub:
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _RefusedError(Exception):
    """status, and the code by which the hub tells why."""


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append(f"{self.command} {path}")
            try:
                status, body, headers = self._find(path)
            except _RefusedError as refused:
                status, code = refused.args
                body, headers = b"", {"X-Error-Code": code, "X-Error-Message": code}
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Without a line on stderr for each request."""

        def _find(self, path: str) -> tuple[int, bytes, dict[str, str]]:
            """Status, body and headers for MODEL/resolve/REVISION/FILE, api/models/MODEL/revision/
            REVISION and api/models/MODEL/tree/REVISION."""
            if hub.down:
                raise _RefusedError(503, "")
            model, found, rest = path[1:].partition("/resolve/")
            if found:
                return self._file(model, *rest.split("/", 1))
            what = "tree" if "/tree/" in path else "revision"
            model, _, revision = path.removeprefix("/api/models/").partition(f"/{what}/")
            commit, files = _commit(hub, model, revision)
            entries = [_entry(name, content) for name, content in files.items()]
            told = entries if what == "tree" else {"id": model, "sha": commit, "siblings": entries}
            return 200, json.dumps(told).encode(), {"Content-Type": "application/json"}

        def _file(self, model: str, revision: str, name: str) -> tuple[int, bytes, dict[str, str]]:
            commit, files = _commit(hub, model, revision)
            if hub.repositories[model].gated and "authorization" not in self.headers:
                raise _RefusedError(401, "GatedRepo")
            if name not in files:
                raise _RefusedError(404, "EntryNotFound")
            begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
            headers = {"X-Repo-Commit": commit, "ETag": f'"{_sha1(files[name])}"'}
            return 206 if begin else 200, files[name][begin:], headers

    return Handler


def _commit(hub: Hub, model: str, revision: str) -> tuple[str, Mapping[str, bytes]]:
    """The commit that a revision names, and its files."""
    repository = hub.repositories.get(model)
    if repository is None:
        # As the real one does, which does not tell what is private from what does not exist.
        raise _RefusedError(401, "RepoNotFound")
    commit = repository.refs.get(revision, revision)
    if commit not in repository.commits:
        raise _RefusedError(404, "RevisionNotFound")
    return commit, repository.commits[commit]


def _entry(name: str, content: bytes) -> dict[str, Any]:
    """A file as a listing and as a model's info tell it."""
    facts = {"size": len(content), "oid": _sha1(content), "blobId": _sha1(content)}
    return {"type": "file", "path": name, "rfilename": name, **facts}


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
