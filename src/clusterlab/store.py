"""The store: vectors and texts by image content, reductions by what they were made from.

One SQLite file in write-ahead mode. A killed process loses at most the transaction it was in, and
several processes may read and write at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clusterlab.differences import nearest_change
from clusterlab.errors import StoreError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, kind TEXT, description TEXT, used REAL, arrays BLOB);
CREATE TABLE IF NOT EXISTS vectors (
    key TEXT, digest TEXT, vector BLOB, PRIMARY KEY (key, digest));
CREATE TABLE IF NOT EXISTS texts (
    key TEXT, digest TEXT, text TEXT, seconds REAL, PRIMARY KEY (key, digest));
"""
_DAY = 24 * 60 * 60
# SQLite refuses blobs over a billion bytes.
_LARGEST_BLOB = 1_000_000_000


@dataclass(frozen=True)
class Remembered:
    """arrays: what was asked for. from_store: False where it was computed now, for `reason`."""

    arrays: Mapping[str, np.ndarray]
    from_store: bool
    reason: str


def default_folder() -> Path:
    """CLUSTERLAB_CACHE, or the user's cache folder."""
    named = os.environ.get("CLUSTERLAB_CACHE")
    if named:
        return Path(named)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "clusterlab"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "clusterlab"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clusterlab"


def key_of(description: Mapping[str, Any]) -> str:
    """Hex SHA-256 of a JSON-able description; equal descriptions have equal keys.

    >>> key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    True
    """
    text = json.dumps(description, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(values: np.ndarray) -> str:
    """Hex SHA-256 of an array's shape, type and values."""
    head = f"{values.shape} {values.dtype} ".encode()
    return hashlib.sha256(head + np.ascontiguousarray(values).tobytes()).hexdigest()


class Store:
    """Open with the folder it lives in; raises StoreError where that cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"Cannot make the store's folder {folder}: {error.strerror}. Choose another with "
                "CLUSTERLAB_CACHE=PATH, or run without it: store=false."
            ) from error
        with self._errors():
            # Autocommit, so that each `with self._transaction()` says where one begins.
            self._db = sqlite3.connect(
                self.path, timeout=120, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def vectors(self, key: str, digests: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
        """The stored vectors among these images: (digest, (d,) float32), in no special order."""
        for digest, blob in self._among("SELECT digest, vector FROM vectors", key, digests):
            yield digest, np.frombuffer(blob, dtype=np.float32)

    def texts(self, key: str, digests: Sequence[str]) -> Iterator[tuple[str, str, float]]:
        """The stored texts among these images: (digest, text, seconds it took to write)."""
        yield from self._among("SELECT digest, text, seconds FROM texts", key, digests)

    def add_vectors(
        self, description: Mapping[str, Any], vectors: Sequence[tuple[str, np.ndarray]]
    ) -> None:
        """Keep (digest, (d,) float32) pairs, all of them or none."""
        key = key_of(description)
        with self._transaction():
            self._describe(key, "vectors", description, b"")
            self._db.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
                [(key, digest, vector.tobytes()) for digest, vector in vectors],
            )

    def add_texts(
        self, description: Mapping[str, Any], texts: Sequence[tuple[str, str, float]]
    ) -> None:
        """Keep (digest, text, seconds) triples, all of them or none."""
        key = key_of(description)
        with self._transaction():
            self._describe(key, "texts", description, b"")
            self._db.executemany(
                "INSERT OR IGNORE INTO texts VALUES (?, ?, ?, ?)", [(key, *text) for text in texts]
            )

    def remember(
        self,
        kind: str,
        description: Mapping[str, Any],
        compute: Callable[[], Mapping[str, np.ndarray]],
    ) -> Remembered:
        """What `compute` returned when last called for this description, or what it returns now."""
        from safetensors.numpy import load, save

        key = key_of(description)
        with self._errors():
            row = self._db.execute("SELECT arrays FROM entries WHERE key = ?", (key,)).fetchone()
        if row is not None:
            self.touch(key)
            return Remembered(load(row[0]), True, "")
        reason = self.why_new(kind, description)
        arrays = {name: np.ascontiguousarray(array) for name, array in compute().items()}
        blob = save(arrays)
        if len(blob) > _LARGEST_BLOB:
            return Remembered(arrays, False, f"{reason}; too large to keep")
        with self._transaction():
            self._describe(key, kind, description, blob)
        return Remembered(arrays, False, reason)

    def why_new(self, kind: str, description: Mapping[str, Any]) -> str:
        """Why nothing is stored for this description: what differs from the nearest one that is."""
        with self._errors():
            rows = self._db.execute(
                "SELECT description FROM entries WHERE kind = ? ORDER BY used DESC LIMIT 200",
                (kind,),
            ).fetchall()
        return nearest_change([json.loads(text) for (text,) in rows], description)

    def touch(self, key: str) -> None:
        """Say that an entry was used now, which is what `prune` goes by."""
        with self._transaction():
            self._db.execute("UPDATE entries SET used = ? WHERE key = ?", (time.time(), key))

    def size(self) -> dict[str, int]:
        """Bytes on disk, and how many vectors and other entries they hold."""
        with self._errors():
            vectors = self._db.execute("SELECT count(*) FROM vectors").fetchone()[0]
            texts = self._db.execute("SELECT count(*) FROM texts").fetchone()[0]
            results = self._db.execute(
                "SELECT count(*) FROM entries WHERE kind NOT IN ('vectors', 'texts')"
            ).fetchone()[0]
        files = self.path.parent.glob(f"{self.path.name}*")
        return {
            "bytes": sum(file.stat().st_size for file in files),
            "vectors": vectors,
            "texts": texts,
            "results": results,
        }

    def prune(self, *, unused_days: float) -> int:
        """Delete what no run has used for so many days. Returns the number of bytes given back."""
        before = self.size()["bytes"]
        limit = time.time() - unused_days * _DAY
        with self._transaction():
            for table in ("vectors", "texts"):
                self._db.execute(
                    f"DELETE FROM {table} WHERE key IN (SELECT key FROM entries WHERE used <= ?)",
                    (limit,),
                )
            self._db.execute("DELETE FROM entries WHERE used <= ?", (limit,))
        with self._errors():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before - self.size()["bytes"]

    def _among(self, select: str, key: str, digests: Sequence[str]) -> Iterator[Any]:
        with self._errors():
            for start in range(0, len(digests), 500):
                part = digests[start : start + 500]
                marks = ",".join("?" * len(part))
                where = f"WHERE key = ? AND digest IN ({marks})"
                yield from self._db.execute(f"{select} {where}", (key, *part))

    def _describe(self, key: str, kind: str, description: Mapping[str, Any], arrays: bytes) -> None:
        self._db.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET used = excluded.used",
            (key, kind, json.dumps(description, ensure_ascii=False), time.time(), arrays),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                # On a full disk SQLite has already rolled back.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"Cannot use the store {self.path}: {error}. Free some space "
                "(clusterlab doctor --prune 30), choose another folder with "
                "CLUSTERLAB_CACHE=PATH, or run without it: store=false."
            ) from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The store {self.path} is damaged: {error}. Delete the file (features will be "
                "computed again) or choose another folder with CLUSTERLAB_CACHE=PATH."
            ) from error
