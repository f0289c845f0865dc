"""Peak memory of DBSCAN, silhouette and stability at 50,000 rows, each in a process of its own.

    python scripts/bench_stability.py [--rows 50000] [--repeats 3] [--quick]

All pairs of 50,000 rows are 20 GB as float64. A work that holds them all, or even a bit for each,
shows here: half as many rows then take a quarter of the memory, not half.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

# Before NumPy: idle OpenMP threads would otherwise spin on the cores that are measured.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import hdbscan
import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import make_blobs

from clusterlab.clusterers.cluster import cluster
from clusterlab.clusterers.dbscan import DBSCAN
from clusterlab.clusterers.recluster import Recluster
from clusterlab.metrics.silhouette import silhouette
from clusterlab.metrics.stability import stability

N_CLUSTERS = 250
DIMENSIONS = 5


def megabytes() -> float:
    """The most that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def dbscan(X: np.ndarray, _: np.ndarray, __: int) -> None:
    cluster(DBSCAN(eps=0.5, min_samples=10), X)


def silhouettes(X: np.ndarray, labels: np.ndarray, _: int) -> None:
    silhouette(X, labels)


def stability_hdbscan(X: np.ndarray, _: np.ndarray, repeats: int) -> None:
    again = Recluster(hdbscan.HDBSCAN(min_cluster_size=10, core_dist_n_jobs=1))
    stability(X, again(X), again, n_repeats=repeats)


def stability_kmeans(X: np.ndarray, labels: np.ndarray, repeats: int) -> None:
    again = Recluster(MiniBatchKMeans(N_CLUSTERS, n_init=1, random_state=0))
    stability(X, labels, again, n_repeats=repeats)


WORKS: dict[str, Callable[[np.ndarray, np.ndarray, int], None]] = {
    "dbscan": dbscan,
    "silhouette": silhouettes,
    "stability_hdbscan": stability_hdbscan,
    "stability_kmeans": stability_kmeans,
}


def one(name: str, rows: int, repeats: int) -> None:
    X, truth = make_blobs(rows, DIMENSIONS, centers=N_CLUSTERS, cluster_std=0.5, random_state=0)
    X = X.astype(np.float32)
    # Once on a few rows, so that what is only loaded or compiled does not count.
    WORKS[name](X[:2000], truth[:2000], 2)
    before, start = megabytes(), time.perf_counter()
    WORKS[name](X, truth, repeats)
    print(f"{time.perf_counter() - start:.1f} {megabytes() - before:.0f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3, help="re-clusterings a kind, at least 2")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--work", choices=WORKS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    repeats = max(args.repeats, 2)
    if args.work:
        one(args.work, args.rows, repeats)
        return 0
    rows = args.rows // 10 if args.quick else args.rows
    print(f"{DIMENSIONS}-D, {N_CLUSTERS} blobs, stability with {repeats} re-clusterings a kind\n")
    print("| work | rows | s | MB | MB for half as many rows | MB of all pairs |")
    print("|-|-|-|-|-|-|")
    for name in WORKS:
        found = []
        for n in (rows, rows // 2):
            command = [sys.executable, __file__, "--work", name, "--rows", str(n)]
            command += ["--repeats", str(repeats)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found.append(told.split())
        (seconds, whole), (_, half) = found
        pairs = rows**2 * 8 / 2**20
        print(f"| {name} | {rows:,} | {seconds} | {whole} | {half} | {pairs:,.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
