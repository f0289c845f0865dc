"""A small study of a user's own, and its command line."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.runs import environment, heed_interrupts

# Eighty digits, by gradients.
WORDS = (
    "dataset.sample_per_class=8",
    "reducer.n_components=8",
    "view=none",
    "report.max_thumbnails=0",
)
PUBLISHED = {"published": 0.5, "std": 0.25, "percent": True, "why": "a | b <c>, and é"}
ROWS: dict[str, Any] = {
    "plain": {"measures": {"ari/label": PUBLISHED, "scores.csv:n[metric=ari,noise=cluster]": {}}},
    "swept": {
        "words": ["clusterer.n_clusters=5,10"],
        "seeds": 1,
        "measures": {"ari/label": {}, "nonsense/label": {"published": 0.1}},
    },
    "broken": {"words": ["clusterer.n_clusters=500"], "seeds": 1, "measures": {"ari/label": {}}},
    "deep": {"words": ["extractor=dinov2"], "measures": {"ari/label": {"published": 0.9}}},
    "days": {"gpu": True, "seeds": 1},
    "tuned": {
        "words": [
            *("search.space.clusterer.n_clusters=[5,10]", "search.sampler=grid"),
            *("search.n_trials=2", "search.n_best=1", "search.objective=silhouette"),
        ],
        "measures": {"n_clusters": {}},
    },
}
CHARTS = [{"kind": "sweep", "file": "k.png", "caption": "ARI by k.", "rows": ["swept"]}]


def study(folder: Path, **changes: Any) -> list[str]:
    """Writes a study `mine` of `ROWS`, without words that are no digits' own, into folder/conf.

    Returns the flag that names the folder.
    """
    rows = {
        name: {"experiment": "ci_smoke", **row, "words": [*WORDS, *row.get("words", ())]}
        for name, row in changes.pop("rows", ROWS).items()
    }
    content = {
        "title": "Digits",
        "question": "Can pixels tell them apart?",
        "source": "a table of our own",
        "data": "handwritten digits",
        "seeds": 2,
        "rows": rows,
        "figures": [{"row": "plain", "file": "cluster_sizes.png", "caption": "Sizes."}],
        "charts": [{**chart, "measures": ["ari/label"]} for chart in CHARTS],
        "stand_in": {"what": "the same digits", "smoke": {"only": ["plain"]}},
        "flaws": ["None, and that is one."],
        **changes,
    }
    place = folder / "conf" / "study"
    place.mkdir(parents=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (place / "mine.yaml").write_text(f"# Digits, as a study of one's own.\n{text}", "utf-8")
    return ["--config-dir", str(folder / "conf")]


def without_models(folder: Path) -> dict[str, str]:
    """The environment of a user who has fetched nothing."""
    return {**environment(folder), "HF_HOME": str(folder / "hf"), "CUDA_VISIBLE_DEVICES": ""}


def stopped(words: list[str], folder: Path, *, at: str, by: signal.Signals) -> int:
    """`clusterlab study words...`, sent a signal once a line of its progress begins so.

    Returns the exit code.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "clusterlab", "study", *words],
        cwd=folder,
        env=without_models(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts if os.name == "posix" else None,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(at):
            process.send_signal(by)
            break
    process.stderr.read()
    return process.wait(timeout=60)


def table(folder: Path) -> list[dict[str, str]]:
    """results.csv of a record."""
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def metrics(run: Path) -> dict[str, Any]:
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found
