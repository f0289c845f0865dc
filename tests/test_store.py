"""The store: what it keeps, what it forgets, and what it survives."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from clusterlab.errors import StoreError
from clusterlab.store import Store, default_folder, key_of

ONE = {"config": {"_target_": "a.B", "size": 3}, "version": 1}
TWO = {"config": {"_target_": "a.B", "size": 4}, "version": 1}


def vectors(n: int) -> list[tuple[str, np.ndarray]]:
    return [(f"{i:064x}", np.full(3, i, dtype=np.float32)) for i in range(n)]


def test_vectors_come_back_as_they_were(tmp_path: Path) -> None:
    pairs = vectors(1200)
    Store(tmp_path).add_vectors(ONE, pairs)
    found = dict(Store(tmp_path).vectors(key_of(ONE), [digest for digest, _ in pairs]))
    assert len(found) == 1200
    assert all((found[digest] == vector).all() for digest, vector in pairs)
    assert not dict(Store(tmp_path).vectors(key_of(TWO), [pairs[0][0]]))


def test_a_result_is_computed_once(tmp_path: Path) -> None:
    store, calls = Store(tmp_path), []

    def compute() -> dict[str, np.ndarray]:
        calls.append(1)
        return {"values": np.arange(6, dtype=np.float64).reshape(2, 3)}

    first = store.remember("reducer", ONE, compute)
    second = Store(tmp_path).remember("reducer", ONE, compute)
    assert len(calls) == 1
    assert (first.from_store, second.from_store) == (False, True)
    assert (second.arrays["values"] == first.arrays["values"]).all()


def test_it_says_why_something_is_computed_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    empty = {"values": np.zeros(1)}
    assert store.remember("reducer", ONE, lambda: empty).reason == "not in the store yet"
    assert store.remember("reducer", TWO, lambda: empty).reason == "size 3 -> 4"
    far = {"config": {"_target_": "a.B", "p": 1, "q": 2, "r": 3, "size": 4}, "version": 2}
    assert store.remember("reducer", far, lambda: empty).reason == (
        "p None -> 1, q None -> 2, r None -> 3 and 1 more"
    )


def test_pruning_forgets_what_was_not_used(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_vectors(ONE, vectors(500))
    store.remember("reducer", TWO, lambda: {"values": np.zeros(100_000)})
    store.prune(unused_days=1)
    assert store.size()["vectors"] == 500
    assert store.prune(unused_days=0) > 700_000
    assert (store.size()["vectors"], store.size()["results"]) == (0, 0)


def test_the_folder_is_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLAB_CACHE", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
    monkeypatch.delenv("CLUSTERLAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert default_folder() == tmp_path / "xdg" / "clusterlab"


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"not a database, whatever it is called" * 100)
    with pytest.raises(StoreError, match="is damaged"):
        Store(tmp_path)


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """SQLite's own page limit gives the error that a full disk gives."""
    store = Store(tmp_path)
    store.add_vectors(ONE, vectors(10))
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match=r"full.*CLUSTERLAB_CACHE"):
        store.add_vectors(TWO, [(f"{i:064x}", np.zeros(5000, np.float32)) for i in range(20)])
    store.close()
    again = Store(tmp_path)
    assert again.size()["vectors"] == 10
    again.add_vectors(TWO, vectors(10))
    assert again.size()["vectors"] == 20


def _fill(folder: str, start: int) -> None:
    store = Store(Path(folder))
    for i in range(start, start + 40):
        store.add_vectors(ONE, [(f"{i:064x}", np.full(3, i, np.float32))])


def test_two_processes_share_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_fill, args=(str(tmp_path), 20 * i)) for i in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert Store(tmp_path).size()["vectors"] == 60


_ENDLESS_WRITER = """
import sys, numpy as np
from pathlib import Path
from clusterlab.store import Store
store = Store(Path(sys.argv[1]))
for batch in range(10**6):
    store.add_vectors({"kill": True}, [
        (f"{batch}-{i}", np.full(4000, batch, np.float32)) for i in range(8)])
    print(batch, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_kill_9_loses_at_most_the_batch_in_flight(tmp_path: Path) -> None:
    for round_ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", _ENDLESS_WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        assert writer.stdout.readline()
        time.sleep(0.05 + 0.07 * round_)
        os.kill(writer.pid, signal.SIGKILL)
        told = [int(line) for line in writer.stdout.read().split()]
        writer.wait()
        database = sqlite3.connect(tmp_path / "store.sqlite")
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {int(d.split("-")[0]) for (d,) in database.execute("SELECT digest FROM vectors")}
        database.close()
        assert set(told) <= kept, "a batch that was reported as kept is kept"
        found = list(Store(tmp_path).vectors(key_of({"kill": True}), [f"{max(kept)}-7"]))
        assert len(found) == 1, "a batch is there whole"


def test_what_changed_is_told_as_it_was_kept(tmp_path: Path) -> None:
    """A tuple is read back as a list, which is no change."""
    store = Store(tmp_path)
    kept = {"config": {"_target_": "a.B", "mean": (0.5, 0.5), "prompt": None}}
    store.add_texts(kept, [("digest", "a cake", 0.1)])
    asked = {"config": {"_target_": "a.B", "mean": (0.5, 0.5), "prompt": "a photo of"}}
    assert store.why_new("texts", asked) == "prompt None -> a photo of"
