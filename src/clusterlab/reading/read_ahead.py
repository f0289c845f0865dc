"""Prepares images in threads, a batch ahead of whoever uses them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from tqdm import tqdm


def read_ahead(
    rows: Sequence[int],
    prepare: Callable[[int], Any],
    *,
    workers: int,
    batch_size: int,
    what: str,
) -> Iterator[list[tuple[int, Future[Any]]]]:
    """Batches of (row, finished or failing future of `prepare(row)`), in the order of `rows`.

    At most two batches are in memory. Progress goes to stderr where that is a terminal, under the
    name `what`. Leaving the loop early cancels what has not begun.
    """
    waiting: deque[list[tuple[int, Future[Any]]]] = deque()
    pool = ThreadPoolExecutor(workers)
    bar = tqdm(total=len(rows), desc=what, unit="img", disable=None, leave=False)
    try:
        for start in range(0, len(rows), batch_size):
            batch = rows[start : start + batch_size]
            waiting.append([(row, pool.submit(prepare, row)) for row in batch])
            if len(waiting) == 2:
                yield waiting[0]
                bar.update(len(waiting.popleft()))
        while waiting:
            yield waiting[0]
            bar.update(len(waiting.popleft()))
    finally:
        bar.close()
        pool.shutdown(cancel_futures=True)
