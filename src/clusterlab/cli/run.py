"""`clusterlab run`: one run, or a sweep, with -m or where the experiment is one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from clusterlab.cli.terminal import log_to_stderr
from clusterlab.cli.words import check_words, is_override, take_flag, take_value
from clusterlab.errors import ClusterlabError, ConfigError, OutputError, UsageError
from clusterlab.native_output import own_stderr

if TYPE_CHECKING:
    from clusterlab.outcome import Outcome
    from clusterlab.reports.compare.sweep import FailedJob

HELP = """\
usage: clusterlab run [+experiment=NAME] [group=option] [key=value] [-m]
                      [--config-dir DIR] [--again RUN] [--json]

Carries out one config and leaves a run folder with report.html in it. The last
line of stdout is the folder. Words are Hydra's: any key of `clusterlab show`
can be set.

  -m, --multirun    a sweep: values separated by commas, or glob(...), give one
                    run each; an experiment that is a sweep needs no -m
  --config-dir DIR  your own configs, in the same groups, such as
                    DIR/experiment/mine.yaml
  --again RUN       the config of an earlier run, with key=value changes
  --json            the scores and the folder as JSON on stdout

examples:
  clusterlab run
  clusterlab run reducer=umap clusterer=hdbscan
  clusterlab run dataset=folder dataset.path=data/sample clusterer.n_clusters=8
  clusterlab run dataset=table dataset.path=objects.csv \\
      dataset.label_columns='[word,kind]'
  clusterlab run extractor=dinov2 device=cpu precision=fp32
  clusterlab run dataset=folder dataset.path=photos extractor=dinov2 \\
      finetune=classifier
  clusterlab run -m finetune=classifier extractor=resnet50 seed=0,1,2 \\
      finetune/rebalance=none,balanced
  clusterlab run -m extractor=hog,color_hist seed=0,1,2
  clusterlab run +experiment=atmosphere_ksweep
  clusterlab run clusterer=custom clusterer._target_=sklearn.cluster.Birch \\
      clusterer.n_clusters=9
  clusterlab run hydra.run.dir=runs/my_run
"""

# Hydra's own flags that are followed by a word.
_TAKES_VALUE = ("--cfg", "-c", "--info", "-i", "--package", "-p")


def main(words: list[str]) -> int:
    as_json = take_flag(words, "--json")
    again = take_value(words, "--again")
    folder = take_value(words, "--config-dir")
    with own_stderr(), log_to_stderr(), TemporaryDirectory() as scratch:
        if again is None:
            return _run(words, Path(folder) if folder else None, "config", {}, as_json)
        if folder is not None:
            raise UsageError("--again takes the config of a run, so --config-dir has no place.")
        from clusterlab.config.again import NAME, write_again
        from clusterlab.stages import STAGES

        options = [word for word in words if word.lstrip("+").split("=")[0].split("/")[0] in STAGES]
        if options:
            raise ConfigError(
                f"--again changes values (clusterer.n_clusters=5), not options ('{options[0]}')."
            )
        choices = write_again(Path(again), Path(scratch))
        return _run(words, Path(scratch), NAME, choices, as_json)


def _run(
    words: list[str],
    config_dir: Path | None,
    config_name: str,
    choices: Mapping[str, str],
    as_json: bool,
) -> int:
    asked = bool({"-m", "--multirun"} & set(words))

    from clusterlab.config.compose import check_options, normalize, without_sweeps
    from clusterlab.config.explain import plain_errors
    from clusterlab.config.hydra_app import run_hydra
    from clusterlab.config.own_sweep import compose_first
    from clusterlab.config.resolved import resolve

    check_words(words, "run", takes_value=_TAKES_VALUE)
    overrides = normalize([word for word in words if is_override(word)])
    check_options(overrides, config_dir)
    # Hydra builds its own parts before any check of ours, so they are looked at first.
    shared, own = compose_first(overrides, config_dir, config_name=config_name, asked=asked)
    sweep = asked or own.on
    if not sweep:
        resolve(shared)
    check_options(own.words, config_dir)
    fixed = without_sweeps([*own.words, *overrides])
    results = _Results(choices, as_json=as_json, quiet=sweep, fixed=fixed)
    normal = iter(overrides)
    in_order = [next(normal) if is_override(word) else word for word in words]
    in_order += [*own.words, *own.hydra]
    with plain_errors(config_dir), _plain_os_errors():
        try:
            folder = run_hydra(results.take, in_order, config_dir, config_name)
        except KeyboardInterrupt:
            results.summarize_what_is_there()
            raise
    if results.error is not None:
        raise results.error
    return 0 if folder is None else results.finish_sweep(folder)


class _Results:
    """Shows each run as it ends; in a sweep one that fails does not take the others along."""

    def __init__(
        self, choices: Mapping[str, str], *, as_json: bool, quiet: bool, fixed: Sequence[str]
    ) -> None:
        """fixed: the overrides that all runs share."""
        self.choices = choices
        self.as_json = as_json
        self.quiet = quiet
        self.fixed = {_key(word) for word in fixed}
        self.error: Exception | None = None
        self.failed: list[FailedJob] = []
        self.folders: list[Path] = []

    def take(self, config: Any) -> None:
        """Runs a job. Hydra would print an error in its own words, so a single run's waits."""
        from clusterlab.config.launch import launch_job
        from clusterlab.reports.compare.sweep import FailedJob

        job = self._job() if self.quiet else (Path(), "")
        if self.quiet:
            # A run's progress says how far it got, not which one it is.
            print(f"[{job[0].name}] {job[1]}".rstrip(), file=sys.stderr)
        try:
            outcome, folder = launch_job(config, self.choices)
        except Exception as error:
            if not self.quiet:
                self.error = error
            elif isinstance(error, ClusterlabError):
                self.failed.append(FailedJob(*job, str(error)))
                print(f"clusterlab: {error}", file=sys.stderr)
            else:
                raise
            return
        self.folders.append(folder)
        if not self.quiet:
            _show(outcome, folder, self.as_json)

    def _job(self) -> tuple[Path, str]:
        """The folder of Hydra's job, and what of the command line is this job's alone."""
        from hydra.core.hydra_config import HydraConfig

        from clusterlab.config.launch import shortest

        hydra = HydraConfig.get()
        own = [word for word in hydra.overrides.task if _key(word) not in self.fixed]
        words = " ".join(word.lstrip("+") for word in own)
        return shortest(Path(hydra.runtime.output_dir)), words

    def summarize_what_is_there(self) -> None:
        """An interrupted sweep has a summary of the runs that it finished."""
        from clusterlab.reports.compare.sweep import summarize_sweep

        if self.quiet and self.folders:
            summarize_sweep(self.folders[0].parent, self.failed)

    def finish_sweep(self, folder: Path) -> int:
        from clusterlab.reports.compare.sweep import summarize_sweep

        n_runs = len(self.failed) + len(self.folders)
        if not n_runs:
            raise UsageError("The sweep launched no run: check the values after -m.")
        if self.folders:
            table = summarize_sweep(folder, self.failed)
            print(json.dumps([_as_json(run) for run in self.folders]) if self.as_json else table)
        if self.failed:
            print(f"clusterlab: {len(self.failed)} of {n_runs} runs failed.", file=sys.stderr)
        if not self.as_json:
            print(folder)
        return 1 if self.failed else 0


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _as_json(folder: Path) -> dict[str, Any]:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return {"folder": str(folder), "metrics": metrics}


def _show(outcome: Outcome, folder: Path, as_json: bool) -> None:
    from clusterlab.reports.console import summary

    if as_json:
        print(json.dumps(_as_json(folder), indent=2))
    else:
        print(summary(outcome, folder))
        print(folder)


@contextmanager
def _plain_os_errors() -> Iterator[None]:
    """Hydra makes the run folder itself: its failure to is ours to explain."""
    try:
        yield
    except OSError as error:
        if "hydra" in type(error).__module__:
            # Hydra's error for a config that is not there is an OSError too.
            raise
        raise OutputError(
            f"Cannot write {error.filename or 'the run folder'}: {error.strerror}. "
            "Choose another folder with hydra.run.dir=PATH."
        ) from error
