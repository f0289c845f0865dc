"""How fast the command answers, and what the store saves: medians of interleaved processes.

Usage: python scripts/bench_runs.py [--repeats 5]

`--help` and `list` against a bare interpreter; the extraction of the six classical features of
1,797 digits, and UMAP on them, in a first run against the same stages in a second one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from clusterlab.environment import machine

WORDS = ["extractor=concat", "reducer=umap", "view=none"]


def seconds(*arguments: str) -> float:
    """How long an interpreter with these arguments takes, start and end included."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - begin


def stage_seconds(folder: str, name: str) -> float:
    """One run in a process of its own; the seconds of the two stages that the store serves."""
    target = Path(folder) / name
    subprocess.run(
        [sys.executable, "-m", "clusterlab", "run", *WORDS, f"hydra.run.dir={target}"],
        env={**os.environ, "CLUSTERLAB_CACHE": f"{folder}/cache"},
        capture_output=True,
        check=True,
    )
    timings = json.loads((target / "timings.json").read_text(encoding="utf-8"))
    return float(timings["extract"]["seconds"] + timings["reduce"]["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    about = machine()
    print(f"{about['processor']}, {about['cores']} cores, {datetime.now(UTC):%Y-%m-%d}")
    times: dict[str, list[float]] = {n: [] for n in ("bare", "help", "list", "first", "second")}
    for _ in range(repeats):
        times["bare"].append(seconds("-c", "pass"))
        times["help"].append(seconds("-m", "clusterlab", "--help"))
        times["list"].append(seconds("-m", "clusterlab", "list"))
        with tempfile.TemporaryDirectory() as folder:
            times["first"].append(stage_seconds(folder, "first"))
            times["second"].append(stage_seconds(folder, "second"))
    median = {name: statistics.median(values) for name, values in times.items()}
    print(f"{'bare interpreter':<40}{median['bare']:8.3f} s")
    for name in ("help", "list"):
        over = median[name] - median["bare"]
        print(f"{f'clusterlab {name}':<40}{median[name]:8.3f} s{over:+8.3f} s over bare")
    print(f"{'extract and reduce, empty store':<40}{median['first']:8.3f} s")
    ratio = median["first"] / median["second"]
    print(f"{'extract and reduce, from the store':<40}{median['second']:8.3f} s{ratio:8.1f} x")


if __name__ == "__main__":
    main()
