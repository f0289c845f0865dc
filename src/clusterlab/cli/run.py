"""`clusterlab run`: one run, or a sweep with -m."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterlab.cli.words import take_flag, take_value
from clusterlab.errors import ClusterlabError, OutputError, UsageError, closest
from clusterlab.native_output import own_stderr

if TYPE_CHECKING:
    from clusterlab.types import Outcome

HELP = """\
usage: clusterlab run [+experiment=NAME] [group=option] [key=value] [-m] [--config-dir DIR]
                      [--again RUN] [--json]

Carries out one config and leaves a run folder with report.html in it. The last line of stdout is
the folder. Words are Hydra's: any key of `clusterlab show` can be set.

  -m, --multirun    a sweep: values separated by commas, or glob(...), give one run each
  --config-dir DIR  your own configs, in the same groups: DIR/experiment/mine.yaml
  --again RUN       the config of an earlier run, with key=value changes
  --json            the scores and the folder as JSON on stdout

examples:
  clusterlab run
  clusterlab run reducer=umap clusterer=hdbscan
  clusterlab run dataset=folder dataset.path=data/sample clusterer.n_clusters=8
  clusterlab run dataset=table dataset.path=objects.csv dataset.label_columns='[word,kind]'
  clusterlab run -m extractor=hog,color_hist seed=0,1,2
  clusterlab run clusterer._target_=sklearn.cluster.Birch '~clusterer.n_init'
  clusterlab run hydra.run.dir=runs/my_run
"""

# Hydra's own flags that are followed by a word.
_TAKES_VALUE = (
    *("--cfg", "-c", "--info", "-i", "--package", "-p"),
    *("--config-name", "-cn", "--config-path", "-cp", "--experimental-rerun"),
)


def main(words: list[str]) -> int:
    as_json = take_flag(words, "--json")
    again = take_value(words, "--again")
    with own_stderr(), _log_to_stderr():
        if again is not None:
            return _again(Path(again), words, as_json)
        return _run(words, as_json)


def _run(words: list[str], as_json: bool) -> int:
    folder = take_value(words, "--config-dir")
    config_dir = Path(folder) if folder else None
    sweep = bool({"-m", "--multirun"} & set(words))

    from clusterlab.config.compose import check_options, normalize, plain_errors
    from clusterlab.config.hydra_app import run_hydra

    _check_words(words)
    overrides = normalize([word for word in words if _is_override(word)])
    check_options(overrides, config_dir)
    results = _Results(as_json=as_json, quiet=sweep)
    flags = [word for word in words if not _is_override(word)]
    with plain_errors(config_dir), _plain_os_errors():
        sweep_folder = run_hydra(results.take, [*flags, *overrides], config_dir)
    if sweep_folder is not None:
        return _finish_sweep(sweep_folder, results.failed)
    return 0


def _is_override(word: str) -> bool:
    return not word.startswith("-") and ("=" in word or word.startswith("~"))


def _check_words(words: list[str]) -> None:
    """Raises UsageError for a bare word: people type the name of an experiment as it is."""
    from clusterlab.config.find import groups

    for before, word in zip(["", *words], words, strict=False):
        if word.startswith("-") or _is_override(word) or before in _TAKES_VALUE:
            continue
        known = groups().get("experiment", {})
        hint = f" Did you mean +experiment={word}?" if word in known else closest(word, known)
        raise UsageError(f"'{word}' is not key=value.{hint} See: clusterlab run --help.")


class _Results:
    """Shows each run as it ends; in a sweep one that fails does not take the others along."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.failed = 0

    def take(self, config: Any) -> None:
        from clusterlab.config.launch import launch_job

        try:
            outcome, folder = launch_job(config)
        except ClusterlabError as error:
            if not self.quiet:
                raise
            self.failed += 1
            print(f"clusterlab: {error}", file=sys.stderr)
            return
        if not self.quiet:
            _show(outcome, folder, self.as_json)


def _finish_sweep(folder: Path, failed: int) -> int:
    from clusterlab.reports.compare.sweep import summarize_sweep

    runs = [path.parent for path in folder.glob("*/status.json")]
    if not runs:
        raise UsageError("The sweep launched no run: check the values after -m.")
    if failed < len(runs):
        print(summarize_sweep(folder))
    if failed:
        print(f"clusterlab: {failed} of {len(runs)} runs failed.", file=sys.stderr)
    print(folder)
    return 1 if failed else 0


def _again(run: Path, words: list[str], as_json: bool) -> int:
    from clusterlab.config.launch import launch_again

    outcome, folder = launch_again(run, words)
    _show(outcome, folder, as_json)
    return 0


def _show(outcome: Outcome, folder: Path, as_json: bool) -> None:
    from clusterlab.reports.console import summary

    if as_json:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        print(json.dumps({"folder": str(folder), "metrics": metrics}, indent=2))
    else:
        print(summary(outcome, folder))
        print(folder)


@contextmanager
def _log_to_stderr() -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("clusterlab")
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)


@contextmanager
def _plain_os_errors() -> Iterator[None]:
    """Hydra makes the run folder itself: its failure to is ours to explain."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"Cannot write {error.filename or 'the run folder'}: {error.strerror}. "
            "Choose another folder with hydra.run.dir=PATH."
        ) from error
