"""`clusterlab study`: a published study, its rows beside the published figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterlab.cli.terminal import log_to_stderr
from clusterlab.cli.words import is_override, take_flag, take_value, unexpected
from clusterlab.errors import DataError, UsageError, closest
from clusterlab.native_output import own_stderr

if TYPE_CHECKING:
    from clusterlab.studies.record import Record
    from clusterlab.studies.tasks import Occasion

HELP = """\
usage: clusterlab study list [--json]
       clusterlab study show NAME
       clusterlab study check [NAME] [--dataset PATH] [--stand-in] [--json]
       clusterlab study run NAME [--dataset PATH] [--only ROW,...] [--seeds N]
                                 [--stand-in] [--smoke] [--folder DIR]
                                 [--without-gpu] [--json]
       with check and run: [key=value]; with all: [--config-dir DIR]

A published study, row by row. `run` carries out its rows, several seeds each,
one after the other with everything shared, and writes a record: README.md,
results.csv and figures in experiments/NAME, ours beside the published figures.
What is finished is kept, so the same command goes on where it was stopped; a
row that fails, or lacks something here, does not take the others along. Exit
code 1 where a row failed or nothing could be run. The folder is the last line.

A run of another config, of images, labels or weight files of your own that have
changed since, or by another version of clusterlab, is replaced: moved to
SEED.old, deleted once the new run is finished, put back if that fails (then the
failure is in SEED.failed). Rows that take the weights of such a row are run
again too. Not compared: fetched models, the versions of other libraries, and
files that are no longer there.

`check` says what each row lacks here: data, weights, a GPU, packages. Exit code
0 where nothing is lacking.

  --dataset PATH    the study's own images (see `study show`)
  --only ROW,...    these rows alone; * stands for anything
  --seeds N         runs of each row: its own seed and those after it
  --stand-in        the small collection that stands in for the study's own; the
                    record goes to experiments/NAME/stand_in
  --smoke           a few rows of it in little time, in runs/NAME_smoke
  --folder DIR      where the record goes, its runs in DIR/runs; delete them to
                    begin anew
  --without-gpu     also rows that take days without one
  --config-dir DIR  your own studies (DIR/study/mine.yaml) and experiments
  key=value         for all rows, such as weights_dir=FOLDER or device=cuda:1
  --json            for a program

examples:
  clusterlab study list
  clusterlab study check museum --dataset objects.csv weights_dir=weights
  clusterlab study run museum --dataset objects.csv --seeds 5
  clusterlab study run museum --dataset objects.csv --only 'vit_*,dinov2_povo'
  clusterlab study run food --stand-in
  clusterlab study run ncp --smoke
"""

FLAGS = {
    "list": {"--json"},
    "show": set[str](),
    "check": {"--dataset", "--stand-in", "--json"},
    "run": {
        *("--dataset", "--only", "--seeds", "--stand-in", "--smoke", "--folder"),
        *("--without-gpu", "--json"),
    },
}
"""Which flags each verb takes, besides --config-dir."""

_VALUES = ("--dataset", "--only", "--seeds", "--folder")


def main(words: list[str]) -> int:
    folder = take_value(words, "--config-dir")
    config_dir = Path(folder) if folder else None
    if not words or words[0] not in FLAGS:
        said = words[0] if words else ""
        raise UsageError(
            f"Say what to do with a study: {', '.join(FLAGS)}.{closest(said, FLAGS)} "
            "See: clusterlab study --help."
        )
    verb = words.pop(0)
    options = _options(verb, words)
    takes_words = verb in ("check", "run")
    overrides = [word for word in words if takes_words and is_override(word)]
    names = [word for word in words if word not in overrides]
    _check_names(verb, names, config_dir)
    if verb == "list":
        return _list(config_dir, as_json=bool(options["--json"]))
    if verb == "show":
        return _show(names[0], config_dir)
    occasion = _occasion(options, overrides, config_dir)
    as_json = bool(options["--json"])
    with own_stderr(), log_to_stderr():
        if verb == "check":
            return _check(names, occasion, as_json=as_json)
        return _run(names[0], occasion, options["--folder"], as_json=as_json)


def _options(verb: str, words: list[str]) -> Mapping[str, Any]:
    """The flags of the verb, taken out of the words: a value, or whether it is there."""
    known = sorted({*FLAGS[verb], "--config-dir"})
    for word in words:
        flag = word.partition("=")[0]
        if flag.startswith("-") and flag not in FLAGS[verb]:
            raise UsageError(
                f"`clusterlab study {verb}` has no flag '{flag}'.{closest(flag, known)} "
                "See: clusterlab study --help."
            )
    everything = {flag for flags in FLAGS.values() for flag in flags}
    return {
        flag: take_value(words, flag) if flag in _VALUES else take_flag(words, flag)
        for flag in sorted(everything)
    }


def _check_names(verb: str, names: list[str], config_dir: Path | None) -> None:
    unexpected(names, HELP, allowed=0 if verb == "list" else 1)
    if verb in ("show", "run") and not names:
        from clusterlab.config.find import studies

        known = ", ".join(studies(config_dir))
        raise UsageError(f"`clusterlab study {verb}` needs the name of a study: {known}.")


def _occasion(
    options: Mapping[str, Any], overrides: list[str], config_dir: Path | None
) -> Occasion:
    from clusterlab.studies.tasks import Occasion

    seeds = options["--seeds"]
    if seeds is not None and not seeds.isdecimal():
        raise UsageError(f"--seeds is '{seeds}'; it must be a whole number.")
    only = [part.strip() for part in (options["--only"] or "").split(",")]
    occasion = Occasion(
        dataset=options["--dataset"],
        only=tuple(part for part in only if part),
        seeds=None if seeds is None else int(seeds),
        stand_in=options["--stand-in"],
        smoke=options["--smoke"],
        without_gpu=options["--without-gpu"],
        words=tuple(overrides),
        config_dir=config_dir,
    )
    dataset = occasion.dataset
    if dataset is not None and not Path(dataset).expanduser().exists():
        raise DataError(f"--dataset {dataset}: there is no such folder or file.")
    return occasion


def _list(config_dir: Path | None, *, as_json: bool) -> int:
    from clusterlab.config.find import first_comment, studies

    known = {name: first_comment(file) for name, file in studies(config_dir).items()}
    if as_json:
        print(json.dumps(known, indent=2, ensure_ascii=False))
        return 0
    width = max(map(len, known))
    for name, text in known.items():
        print(f"{name:<{width}}  {text}")
    return 0


def _show(name: str, config_dir: Path | None) -> int:
    from clusterlab.studies.definition import read_study
    from clusterlab.studies.text import rows_text

    print(rows_text(read_study(name, config_dir)).rstrip())
    return 0


def _check(names: list[str], occasion: Occasion, *, as_json: bool) -> int:
    from clusterlab.studies.check import look
    from clusterlab.studies.definition import read_study, studies
    from clusterlab.studies.text import lacking, lacks_json, lacks_text

    found = {}
    texts = []
    for name in names or studies(occasion.config_dir):
        study = read_study(name, occasion.config_dir)
        found[name] = look(study, occasion)
        texts.append(lacks_text(study, found[name]))
    if as_json:
        told = {name: lacks_json(states) for name, states in found.items()}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(texts))
    return 1 if any(lacking(state) for states in found.values() for state in states) else 0


def _run(name: str, occasion: Occasion, folder: str | None, *, as_json: bool) -> int:
    from clusterlab.studies.definition import read_study
    from clusterlab.studies.run import run_study
    from clusterlab.studies.text import results_text, stand_in_text

    study = read_study(name, occasion.config_dir)
    place = Path(folder) if folder else _folder(name, occasion)
    record = run_study(study, occasion, place, lambda line: print(line, file=sys.stderr))
    if as_json:
        rows = [asdict(row) for row in record.rows]
        told = {"study": name, "folder": str(place), "rows": rows}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        rows_run = [row for row in record.rows if row.row in record.chosen]
        if occasion.stands_in:
            print(stand_in_text(study))
        print(results_text(rows_run, stands_in=occasion.stands_in))
        print(place)
    return _verdict(record)


def _folder(name: str, occasion: Occasion) -> Path:
    if occasion.smoke:
        # What is committed under experiments/ is not to be overwritten by a test.
        return Path("runs", f"{name}_smoke")
    return Path("experiments", name, *(["stand_in"] if occasion.stand_in else []))


def _verdict(record: Record) -> int:
    states = record.of_chosen
    failed = [one for one in states if one.failed or one.problem.startswith("failed")]
    n_runs = sum(len(one.runs) for one in states)
    if failed:
        print(f"clusterlab: {len(failed)} of {len(states)} rows failed.", file=sys.stderr)
    if not n_runs:
        print(
            "clusterlab: nothing could be run; README.md says what each row needs. See: clusterlab "
            f"study check {record.study.name}.",
            file=sys.stderr,
        )
    return 1 if failed or not n_runs else 0
