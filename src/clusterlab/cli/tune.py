"""`clusterlab tune`: a search for good settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterlab.cli.terminal import log_to_stderr
from clusterlab.cli.words import check_words, is_override, take_flag, take_value
from clusterlab.errors import ComponentError, UsageError, closest
from clusterlab.native_output import own_stderr

if TYPE_CHECKING:
    from clusterlab.searching import Search

HELP = """\
usage: clusterlab tune [+experiment=NAME] [group=option] [key=value]
                       [search=OPTION] [--config-dir DIR] [--json]
       clusterlab tune --resume FOLDER [search.n_trials=N] [search.timeout=S]
                       [search.workers=N]

Tries settings of the reducer and the clusterer and keeps the best. Features are
made once, and a reduction once for each of its settings, so that a trial costs
its clustering and its scores. Leaves a folder with report.html, trials.csv and
the best trials as ordinary runs in best/; its path is the last line of stdout.

What may be tried is in conf/search (clusterlab list search). Without search=...
it is the option that bears the clusterer's name.

  search=OPTION     the ranges, several as search='[umap,hdbscan]'
  search.space.STAGE.ARGUMENT=...
                    one range: '{low: 5, high: 20}', or values: '[2,5]'; add
                    log: true for ratios, step: 5 for steps
  search.objective  silhouette, davies_bouldin, calinski_harabasz, dbcv,
                    stability, or a label metric such as ari/label; or a list
  search.n_trials   in all; search.timeout: seconds; search.workers: processes
  --resume FOLDER   go on with a search that was stopped; while it is running,
                    work on it as one more process
  --config-dir DIR  your own configs, such as DIR/search/mine.yaml
  --json            the best trials and the folder as JSON on stdout

examples:
  clusterlab tune +experiment=clothing_tune
  clusterlab tune dataset=folder dataset.path=photos clusterer=hdbscan
  clusterlab tune search='[umap,hdbscan]' search.objective=davies_bouldin \\
      search.n_trials=50
  clusterlab tune 'search.space.clusterer.n_clusters={low: 5, high: 20}' \\
      search.workers=4
  clusterlab tune search=kmeans search.objective='[silhouette,stability]'
  clusterlab tune --resume runs/digits/2026-01-31_12-00-00_000000 \\
      search.n_trials=200
"""


def main(words: list[str]) -> int:
    as_json = take_flag(words, "--json")
    resumed = take_value(words, "--resume")
    config_dir = take_value(words, "--config-dir")
    parent = take_value(words, "--helper")
    _check_flags(words)
    check_words(words, "tune")
    if resumed is not None and config_dir is not None:
        raise UsageError("--resume takes the config of the search, so --config-dir has no place.")
    if resumed is not None and parent is not None:
        return _help_out(Path(resumed), words, int(parent))
    found: Search | None
    with own_stderr(), log_to_stderr():
        if resumed is None:
            found, folder = _begin(words, Path(config_dir) if config_dir else None)
        else:
            folder = Path(resumed)
            found = _go_on(folder, words)
        if found is None:
            print("The search's first process is still at it, and draws the report.")
        else:
            _show(found, folder, as_json)
    if not as_json or found is None:
        print(folder)
    if found is not None and not found.best:
        first = found.trials[0].bad if found.trials else found.stopped
        raise ComponentError(f"None of {len(found.trials)} trials could be scored: {first}")
    return 0


def _check_flags(words: Sequence[str]) -> None:
    known = ("--resume", "--config-dir", "--json")
    for word in words:
        if word in ("-m", "--multirun"):
            raise UsageError("A search tries settings itself; -m is for `clusterlab run`.")
        if word.startswith("-") and not is_override(word):
            raise UsageError(
                f"Unknown flag '{word}'.{closest(word, known)} See: clusterlab tune --help."
            )


def _begin(words: list[str], config_dir: Path | None) -> tuple[Search, Path]:
    from clusterlab.config.launch import run_dir, shortest
    from clusterlab.config.launch_search import begin
    from clusterlab.config.search_plan import compose_search, job_of

    config = compose_search(words, config_dir)
    folder = shortest(run_dir(config))
    return begin(job_of(config, folder, words)), folder


def _go_on(folder: Path, words: Sequence[str]) -> Search | None:
    from clusterlab.config.launch_search import go_on
    from clusterlab.config.resume import read_search

    return go_on(read_search(folder, words))


def _help_out(folder: Path, words: Sequence[str], parent: int) -> int:
    from clusterlab.config.launch_search import help_out
    from clusterlab.config.resume import read_search

    help_out(read_search(folder, words), parent=parent)
    return 0


def _show(found: Search, folder: Path, as_json: bool) -> None:
    from clusterlab.reports.search.console import summary

    if as_json:
        print(json.dumps(_as_json(found, folder), indent=2, ensure_ascii=False))
    else:
        print(summary(found, folder))
    sys.stdout.flush()


def _as_json(found: Search, folder: Path) -> dict[str, Any]:
    """The folder, and the best trials, best first."""
    trials = {trial.number: trial for trial in found.trials}
    return {
        "folder": str(folder),
        "n_trials": len(found.trials),
        "stopped": found.stopped,
        "best": [
            {
                "number": number,
                "parameters": dict(trials[number].parameters),
                "values": dict(trials[number].values),
                "raw": dict(trials[number].raw),
                "penalties": dict(trials[number].penalties),
                "n_clusters": trials[number].n_clusters,
                "noise_share": trials[number].noise_share,
                "run": str(found.runs[number]) if number in found.runs else None,
            }
            for number in found.best
        ],
    }
