"""`clusterlab fetch`: brings the model weights of experiments into the local cache."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterlab.cli.words import take_flag, take_value, unexpected
from clusterlab.errors import ComponentError, UsageError

if TYPE_CHECKING:
    from clusterlab.models.source import Source

HELP = """\
usage: clusterlab fetch [+experiment=NAME] [group=option] [key=value]
                        [--config-dir DIR] [--json]

Brings the model weights that `clusterlab run` with the same words needs into
the local cache, so that the run itself needs no network. What is there already
is not fetched again. Several experiments are joined by commas. Exit code 1 if
any model could not be had.

  --json   for a program: model, revision, state, commit, bytes, folder,
           sha256, error

The cache is that of Hugging Face; HF_HOME names its folder. For a machine
without a network, fetch on another one and copy the folder.

examples:
  clusterlab fetch +experiment=food_resnet50
  clusterlab fetch +experiment=clothing_dinov2,clothing_clip
  clusterlab fetch extractor=vit
  clusterlab fetch labeler=llava
"""


def main(words: list[str]) -> int:
    as_json = take_flag(words, "--json")
    folder = take_value(words, "--config-dir")
    overrides = unexpected(words, HELP, allowed=len(words))
    for word in overrides:
        if "=" not in word and not word.startswith("~"):
            raise UsageError(f"'{word}' is not key=value.{_meant(word)} {HELP.splitlines()[0]}")
    config_dir = Path(folder) if folder else None
    runs = [_needs(run, config_dir) for run in _runs(overrides)]
    found: dict[tuple[str | None, ...], dict[str, Any]] = {}
    for who, needed in runs:
        if not needed and not as_json:
            verb = "uses" if len(who) == 1 else "use"
            print(f"{' and '.join(who)} {verb} no model: there is nothing to fetch.")
        for source in needed:
            files = (source.model, source.revision, source.weights)
            if files not in found:
                found[files] = _fetch(source)
                if not as_json:
                    _tell(found[files])
    if as_json:
        print(json.dumps({"models": list(found.values())}, indent=2, ensure_ascii=False))
    return 1 if any(facts["state"] == "failed" for facts in found.values()) else 0


def _meant(word: str) -> str:
    """People type the name of an extractor, a labeler or an experiment as it is."""
    from clusterlab.config.find import groups

    for group, prefix in (("extractor", ""), ("labeler", ""), ("experiment", "+")):
        if word in groups().get(group, {}):
            return f" Did you mean {prefix}{group}={word}?"
    return ""


def _runs(overrides: list[str]) -> list[list[str]]:
    """The overrides of each run: one an experiment."""
    chosen = [word for word in overrides if word.lstrip("+").startswith("experiment=")]
    others = [word for word in overrides if word not in chosen]
    names = [name for word in chosen for name in word.partition("=")[2].split(",")]
    return [[f"+experiment={name}", *others] for name in names] or [others]


def _needs(overrides: list[str], config_dir: Path | None) -> tuple[list[str], list[Source]]:
    """The extractor and the labelers that a run, or the runs of a sweep, would use, and the sources
    of all their models."""
    from clusterlab.config.build import build
    from clusterlab.config.own_sweep import configs_of
    from clusterlab.config.resolved import resolve, stage_choices
    from clusterlab.models.needs import sources

    who: dict[str, None] = {}
    needed: list[Source] = []
    for _, config in configs_of(overrides, config_dir):
        choices = stage_choices(config.hydra.runtime.choices)
        plan = build({**resolve(config), "store": False}, choices)
        needed += [s for where, one in plan.users_of_models.items() for s in sources(one, where)]
        who |= dict.fromkeys([plan.extractor.name, *plan.labelers])
    return list(who), needed


def _fetch(source: Source) -> dict[str, Any]:
    """What became of one model, JSON-able. Its state: "fetched", "there" (already), "local" (the
    user's own files), "random" or "failed"."""
    facts: dict[str, Any] = {"model": source.model, "revision": source.wanted}
    try:
        absent = source.missing()
        if source.random and not source.configs:
            return {**facts, "state": "random"}
        folder = source.fetch()
        described = source.describe()
        files = source.files()
    except ComponentError as error:
        return {**facts, "state": "failed", "error": str(error)}
    kind = described["weights"]
    return {
        **facts,
        "commit": described["revision"],
        "state": kind if kind != "hub" else "fetched" if absent else "there",
        "bytes": sum(file.stat().st_size for file in files),
        "folder": str(files[0].parent if files else folder),
        "sha256": described["sha256"],
    }


def _tell(facts: Mapping[str, Any]) -> None:
    if facts["state"] == "failed":
        print(f"failed   {facts['model']}\n         {facts['error']}", file=sys.stderr)
        return
    if facts["state"] == "random":
        what = "random weights" + (f", configs in {facts['folder']}" if "folder" in facts else "")
    else:
        commit = f"commit {facts['commit'][:12]}, " if facts["commit"] else ""
        what = f"{commit}{facts['bytes'] / 1e6:,.1f} MB of weights in {facts['folder']}"
    print(f"{facts['state']:<7}  {facts['model']}\n         {what}")
