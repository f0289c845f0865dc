"""UMAP on exact neighbours and DBSCAN in flat memory, against the plain calls.

    python scripts/bench_umap.py                                  # UMAP, medians of 5
    python scripts/bench_umap.py --dbscan-rows 25000 --repeats 3  # DBSCAN too

Every UMAP runs in a process of its own and is timed from the first import to the layout, because
compiling is most of its cost; the variants take turns. DBSCAN runs in fresh processes too, so that
each has its own peak memory. The data are seeded: clusters on a 20-D plane in --dim dimensions,
with noise.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

SUBSAMPLE = 2000


def features(rows: int, dim: int) -> Any:
    import numpy as np

    rng = np.random.default_rng(0)
    latent = rng.normal(scale=4, size=(60, 20))[rng.integers(0, 60, rows)]
    latent = latent + rng.normal(size=latent.shape)
    plane = rng.normal(size=(20, dim)) / dim**0.5
    return (latent @ plane + rng.normal(scale=0.02, size=(rows, dim))).astype(np.float32)


def umap_ours(X: Any) -> Any:
    from clusterlab.reducers.umap import UMAP

    return UMAP(random_state=0).fit_transform(X)


def umap_plain_seeded(X: Any) -> Any:
    import umap

    return umap.UMAP(random_state=0).fit_transform(X)


def umap_plain_unseeded(X: Any) -> Any:
    import umap

    return umap.UMAP().fit_transform(X)


def dbscan_ours(X: Any, eps: float) -> Any:
    from clusterlab.clusterers.dbscan import DBSCAN

    return DBSCAN(eps=eps, min_samples=10).fit_predict(X)


def dbscan_sklearn(X: Any, eps: float) -> Any:
    from sklearn.cluster import DBSCAN

    return DBSCAN(eps=eps, min_samples=10).fit_predict(X)


UMAPS: list[Callable[..., Any]] = [umap_ours, umap_plain_seeded, umap_plain_unseeded]
DBSCANS: list[Callable[..., Any]] = [dbscan_ours, dbscan_sklearn]


def child(name: str, rows: int, dim: int) -> None:
    """Runs one variant in this process and prints what it took."""
    import resource

    import numpy as np

    X = features(rows, dim)
    run = {run.__name__: run for run in UMAPS + DBSCANS}[name]
    # The knee of these data's k-distance curve.
    extra = {"eps": 6.2} if name.startswith("dbscan") else {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, start_cpu = time.perf_counter(), time.process_time()
    result = np.asarray(run(X, **extra))
    took: dict[str, Any] = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - start_cpu,
        "peak": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }
    if name.startswith("umap"):
        from sklearn.manifold import trustworthiness

        some = np.random.default_rng(0).permutation(rows)[:SUBSAMPLE]
        took["trust"] = float(trustworthiness(X[some], result[some], n_neighbors=15))
    else:
        took["clusters"] = int(result.max()) + 1
        took["labels"] = hash(result.astype(np.int64).tobytes())
    print(json.dumps(took))


def measure(names: list[str], rows: int, dim: int, repeats: int) -> dict[str, list[dict[str, Any]]]:
    """The variants take turns, each in a fresh process."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            command = [sys.executable, "-W", "ignore", __file__, "--child", name]
            command += ["--rows", str(rows), "--dim", str(dim)]
            environment = {**os.environ, "PYTHONHASHSEED": "0"}
            done = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, check=True, env=environment
            )
            took = json.loads(done.stdout)
            found[name].append(took)
            print(f"{name}: {took['seconds']:.1f} s, CPU {took['cpu']:.1f} s", file=sys.stderr)
    return found


def table(found: dict[str, list[dict[str, Any]]], rows: int, dim: int, last: str) -> None:
    """CPU seconds are there because they hardly depend on what else the machine is doing."""

    def median(name: str, key: str) -> float:
        return statistics.median(run[key] for run in found[name])

    ours = next(iter(found))
    print(f"\n| {rows:,} x {dim} | s | x ours | CPU s | x ours | extra MB | {last} |")
    print("|-|-|-|-|-|-|-|")
    for name, runs in found.items():
        cells = []
        for key in ("seconds", "cpu"):
            value = median(name, key)
            cells += [f"{value:.1f}", f"{value / median(ours, key):.2f}"]
        cells += [f"{median(name, 'peak'):.0f}"]
        cells += [", ".join(sorted({f"{run[last]:.4g}" for run in runs}))]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5066)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dbscan-rows", type=int, default=0, help="0: no DBSCAN")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.rows, given.dim)
        return
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"Python {platform.python_version()}, medians of {given.repeats}, fresh processes")
    names = [run.__name__ for run in UMAPS]
    table(measure(names, given.rows, given.dim, given.repeats), given.rows, given.dim, "trust")
    if given.dbscan_rows:
        names = [run.__name__ for run in DBSCANS]
        found = measure(names, given.dbscan_rows, given.dim, given.repeats)
        table(found, given.dbscan_rows, given.dim, "clusters")
        labels = {run["labels"] for runs in found.values() for run in runs}
        print(f"\nDBSCAN labels: {'the same' if len(labels) == 1 else 'DIFFERENT'}")


if __name__ == "__main__":
    main()
