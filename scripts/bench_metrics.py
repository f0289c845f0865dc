"""Times the metrics against the plain way: interleaved, medians, peak memory in a run of its own.

    python scripts/bench_metrics.py [--repeats 5] [--quick]

Peak memory is what NumPy and Python allocate during the call beyond the input (tracemalloc).
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

# Before NumPy: idle OpenMP threads would otherwise spin on the cores that are measured.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import sklearn
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_score

from clusterlab.metrics._chance import permuted
from clusterlab.metrics._contingency import contingency
from clusterlab.metrics.purity import of_table, purity
from clusterlab.metrics.silhouette import silhouette

Call = Callable[[], object]


def purity_loop(labels: Sequence[int], truth: Sequence[int]) -> float:
    groups: dict[int, Counter[int]] = defaultdict(Counter)
    for cluster, label in zip(labels, truth, strict=True):
        groups[cluster][label] += 1
    return sum(max(group.values()) for group in groups.values()) / len(labels)


def chance_loop(labels: np.ndarray, truth: np.ndarray, n_permutations: int) -> float:
    rng = np.random.default_rng(0)
    clusters = labels.tolist()
    return statistics.mean(
        purity_loop(clusters, rng.permutation(truth).tolist()) for _ in range(n_permutations)
    )


def chance_bincount(labels: np.ndarray, truth: np.ndarray, n_permutations: int) -> float:
    table = permuted(contingency(labels, truth).margins, n_permutations=n_permutations)
    return float(of_table(table).mean())


def clustered(n: int, d: int, k: int, std: float) -> tuple[np.ndarray, np.ndarray]:
    X, _ = make_blobs(n, d, centers=k, cluster_std=std, random_state=0)
    X = X.astype(np.float32)
    return X, MiniBatchKMeans(k, n_init=1, random_state=0).fit_predict(X)


def cases(*, quick: bool) -> list[tuple[str, Call, Call]]:
    """(what, the plain way, clusterlab's)."""
    n, many = (5_000, 100_000) if quick else (25_557, 1_000_000)
    found: list[tuple[str, Call, Call]] = []
    for how, std in (("apart", 1.0), ("overlapping", 5.0), ("no structure", 20.0)):
        X, labels = clustered(n, 50, 233, std)
        found.append(
            (
                f"silhouette {n:,}x50, k=233, blobs {how}",
                lambda X=X, labels=labels: silhouette_score(X, labels),  # type: ignore[misc]
                lambda X=X, labels=labels: silhouette(X, labels),  # type: ignore[misc]
            )
        )
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 233, many), rng.integers(0, 233, many)
    lists = a.tolist(), b.tolist()
    found.append((f"purity {many:,}", lambda: purity_loop(*lists), lambda: purity(a, b)))
    c, d = a[:n], b[:n]
    found.append(
        (
            f"purity by chance {n:,}, k=233, 100 permutations",
            lambda: chance_loop(c, d, 100),
            lambda: chance_bincount(c, d, 100),
        )
    )
    return found


def seconds(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def megabytes(call: Call) -> float:
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="smaller inputs")
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{machine()}, {cores} cores{load}, {datetime.now(UTC):%Y-%m-%d}")
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}; interleaved, medians of {args.repeats}\n"
    )
    print("| work | plain | clusterlab | ratio | plain MB | clusterlab MB | difference |")
    print("|-|-|-|-|-|-|-|")
    for what, plain, ours in cases(quick=args.quick):
        ours()
        times = [(seconds(plain), seconds(ours)) for _ in range(args.repeats)]
        slow, fast = (statistics.median(column) for column in zip(*times, strict=True))
        gap = abs(float(plain()) - float(ours()))  # type: ignore[arg-type]
        print(
            f"| {what} | {slow:.3g} s | {fast:.3g} s | {slow / fast:.1f} "
            f"| {megabytes(plain):.0f} | {megabytes(ours):.0f} | {gap:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
